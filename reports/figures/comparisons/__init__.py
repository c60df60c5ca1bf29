"""The figures that a comparison ends with."""
