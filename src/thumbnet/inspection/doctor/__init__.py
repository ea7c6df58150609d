"""The doctor: finds mistakes in scripts, data, runs and the installation, and explains them."""
