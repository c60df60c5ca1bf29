"""Networks, optimizers and training on NumPy alone: no Optuna, no database, no processes."""
