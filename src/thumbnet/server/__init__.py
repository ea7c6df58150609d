"""The HTTP application and its page (no torch).

A request goes through ``observing`` → ``guards`` → one of the ``routes_…`` files; what those share
is in ``services``.
"""
