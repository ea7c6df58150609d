"""The names of the files and folders inside a run folder."""

RECIPE, RECEIPT, REPORT, MODEL = "recipe.toml", "receipt.json", "report.html", "model"
CHECKPOINTS, FIGURES, METRICS, LOCK = "checkpoints", "figures", "metrics.jsonl", ".lock"
