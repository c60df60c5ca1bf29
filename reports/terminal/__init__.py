"""What was found, in a terminal."""
