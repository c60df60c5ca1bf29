"""What the queue costs, beside what Optuna's own ways of sharing a study cost; run it as a program."""
