"""What was found, as pandas DataFrames with documented columns."""
