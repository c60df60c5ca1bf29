"""The search on trainings that are not ours (`python -m tests.benchmarks.own_training`): see the README beside."""
