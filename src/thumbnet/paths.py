"""Where Thumbnet keeps what it downloads and prepares, and whether it may use the network."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the cache folder: ``THUMBNET_HOME``, else the platform's cache directory.

    The folder is not created.
    """
    home = os.environ.get("THUMBNET_HOME")
    if home:
        return Path(home).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("thumbnet", appauthor=False))


def is_offline() -> bool:
    """Return whether ``THUMBNET_OFFLINE`` forbids every use of the network."""
    return os.environ.get("THUMBNET_OFFLINE", "") not in ("", "0")
