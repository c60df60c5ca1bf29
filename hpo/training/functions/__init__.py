"""A Python function of the user's as a trainer: `train(config, run)`."""
