"""Finds good hyperparameter values on little data, and proves them on all of it."""
