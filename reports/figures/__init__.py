"""Figures of a study by matplotlib, one a file, and what they share: palette, labels, layout."""
