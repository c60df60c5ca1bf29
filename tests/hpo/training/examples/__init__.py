"""What a user writes to have a training of their own tuned: run by tests, and shown in the documentation."""
