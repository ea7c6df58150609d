"""Following what a script would do with its data, without running any of it."""
