"""What was found, as sentences."""
