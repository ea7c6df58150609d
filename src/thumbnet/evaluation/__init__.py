"""How good a recogniser is: metrics, calibration, figures and the report of a run."""
