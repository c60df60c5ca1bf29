"""Real searches, disturbed at random moments, must end as if nothing had happened: `python -m tests.faults`."""
