"""What a study file says of its trainer: one file for each kind."""
