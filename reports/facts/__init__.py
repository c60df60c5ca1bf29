"""What was found, computed once, as values."""
