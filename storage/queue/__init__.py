"""The queue: what a worker, a leader and a worker's parent may do to the rows of hpo_trials, each in one transaction.

A trial's life: planned -> ready -> claimed -> paused at a rung -> ready again, or stopped -> complete or failed. A
claim is a lease with a number that rises with every claim, and so is the lead of a study. Each write says the number
it was given, and where a higher one has been given since, nothing is written: whoever slept through that learns it.

What Optuna's tables show of a trial is written in the same transaction (storage.mirror).
"""
