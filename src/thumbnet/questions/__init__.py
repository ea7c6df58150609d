"""The ready questions of ``thumbnet compare --question``, one TOML file each."""
