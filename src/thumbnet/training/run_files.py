"""The names of the files and folders inside a run folder."""

RECIPE, RECEIPT, REPORT, MODEL = "recipe.toml", "receipt.json", "report.html", "model"
CHECKPOINTS, FIGURES, METRICS, LOCK = "checkpoints", "figures", "metrics.jsonl", ".lock"

# What a run writes, so that a folder with one of these is not taken for a new run.
ALL = (RECIPE, RECEIPT, REPORT, MODEL, CHECKPOINTS, FIGURES, METRICS)
