"""The report: a study, a comparison, or several studies side by side, as one HTML page that needs nothing else."""
