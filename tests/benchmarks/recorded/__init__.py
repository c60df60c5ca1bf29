"""Objective tables recorded from our own trainings, which `tests.benchmarks.search` replays searches on."""
