"""Recipes, the training loop, checkpoints and runs."""
