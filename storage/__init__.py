"""The database and the dataset files."""
