"""Does the subset rank like more data? Pure."""
