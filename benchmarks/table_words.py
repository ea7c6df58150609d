"""What several tables say alike, by language."""

UNMEASURED = {"en": "*Not measured yet.*", "zh": "*尚未测量。*"}
