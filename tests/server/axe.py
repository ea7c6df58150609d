"""axe-core, the checker of accessibility: fetched by npm once, pinned and verified."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from thumbnet.paths import cache_folder, is_offline

VERSION = "4.14.1"
INTEGRITY = (  # as ``npm view axe-core@4.14.1 dist.integrity`` gives it
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)
ARCHIVE_NAME = f"axe-core-{VERSION}.tgz"


def load_axe() -> str:
    """Return the script, from the cache if it is there; skip where it cannot be had."""
    archive = cache_folder() / "tests" / ARCHIVE_NAME
    if not archive.is_file():
        _fetch(archive.parent)
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert f"sha512-{digest}" == INTEGRITY, f"{archive} is not axe-core {VERSION}: delete it"
    with tarfile.open(archive) as members:
        script = members.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def violations(driver: Any, script: str) -> list[str]:
    """Return the serious and the critical violations of the page as it is now, a line each."""
    driver.execute_script(script)
    found = driver.execute_async_script(
        "const done = arguments[0]; axe.run().then((result) => done(result.violations))"
    )
    return [
        f"{violation['id']}: {node['html']} ({node['failureSummary']})"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def _fetch(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or is_offline():
        pytest.skip("axe-core is not in the cache and cannot be fetched")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", f"axe-core@{VERSION}", "--pack-destination", str(folder)]
    done = subprocess.run(
        [*command, "--ignore-scripts", "--silent"], cwd=folder, capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch axe-core: {done.stderr.decode(errors='replace')[-200:]}")
