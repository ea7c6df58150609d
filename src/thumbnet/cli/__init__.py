"""The ``thumbnet`` command: parse, call, print. Nothing heavy is imported until a verb runs."""
