"""What the database knows of a study. Reading takes no lease, and writes nothing."""
