"""What optuna-dashboard shows of a study beside its own plots: notes, figures, files. Loads no plotting library."""
