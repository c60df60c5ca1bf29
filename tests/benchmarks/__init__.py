"""What is measured, not asserted. Each module runs with `python -m tests.benchmarks.NAME` and prints its figures."""
