"""The search: definition, space, narrowing, proposing, selecting, queue, workers and evaluation."""
