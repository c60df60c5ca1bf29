"""`python -m tests.benchmarks.own_training`: the search on trainings that are not ours. See tests/benchmarks/README.md."""
