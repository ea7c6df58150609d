"""The browser bundle as files: what is written, what is refused, and what the runtime must be."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import tarfile
from html.parser import HTMLParser
from pathlib import Path

import onnx
import pytest
from web_stand_in import write_recogniser

from thumbnet.errors import DownloadError, ModelError, OutputError
from thumbnet.export import web, web_runtime
from thumbnet.export.web import write_web_bundle
from thumbnet.export.web_runtime import RuntimeFile, load_runtime

CONTENTS = {"ort.wasm.bundle.min.mjs": b"export {};", "ort-wasm-simd-threaded.wasm": b"\0asm"}


def archive(contents: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as members:
        for name, content in {"../evil": b"!", **contents}.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            members.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def pin(monkeypatch: pytest.MonkeyPatch, packed: bytes) -> None:
    digest = base64.b64encode(hashlib.sha512(packed).digest()).decode()
    monkeypatch.setattr(web_runtime, "INTEGRITY", f"sha512-{digest}")


@pytest.fixture(autouse=True)
def packed(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Pin a runtime of a few bytes instead of the real one; return its archive."""
    pins = tuple(
        RuntimeFile(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in CONTENTS.items()
    )
    monkeypatch.setattr(web_runtime, "FILES", pins)
    monkeypatch.setattr(web_runtime, "SCRIPT", pins[0])
    monkeypatch.setattr(web_runtime, "WASM", pins[1])
    packed = archive(CONTENTS)
    pin(monkeypatch, packed)
    return packed


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    folder = tmp_path / "runtime"
    folder.mkdir()
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_recogniser(tmp_path / "model.onnx")


@pytest.fixture
def bundle(tmp_path: Path, model: Path, runtime: Path) -> Path:
    write_web_bundle(model, tmp_path / "site", runtime)
    return tmp_path / "site"


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch, packed: bytes) -> list[list[str]]:
    """Let a pretended npm deliver the archive; return the commands that it was given."""
    commands = []

    def run(command: list[str], cwd: Path, **_: object) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        (cwd / web_runtime.ARCHIVE_NAME).write_bytes(packed)
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.delenv("THUMBNET_OFFLINE")
    monkeypatch.setattr(web_runtime.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(web_runtime.subprocess, "run", run)
    return commands


class Page(HTMLParser):
    """Collects what a content security policy of 'self' would not run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.links: list[str] = []
        self.policy = ""
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open = tag
        given = dict(attrs)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        self.links += [given[name] or "" for name in ("src", "href") if name in given]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""

    def handle_endtag(self, _tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open in ("script", "style") and data.strip():
            self.inline.append(data)


def test_bundle_holds_the_page_the_model_and_the_runtime(bundle: Path, model: Path) -> None:
    names = {path.name for path in bundle.iterdir()}
    assert names == {
        *web.PAGE_FILES,
        "index.html",
        "model.json",
        "model.onnx",
        "ort-wasm-simd-threaded.wasm",
        "ort.wasm.bundle.min.js",
    }
    assert (bundle / "model.onnx").read_bytes() == model.read_bytes()
    assert (bundle / "ort-wasm-simd-threaded.wasm").read_bytes() == b"\0asm"
    assert "python -m http.server" in (bundle / "README.txt").read_text()
    assert "MIT License" in (bundle / "onnxruntime-web-LICENSE.txt").read_text()


def test_every_source_of_the_page_is_in_the_bundle(bundle: Path) -> None:
    sources = {path.name for path in (Path(web.__file__).parent / "web").iterdir()}
    assert sources == {*web.PAGE_FILES, "index.html"}
    assert sources <= {path.name for path in bundle.iterdir()}


def test_class_names_stand_beside_the_model(tmp_path: Path, runtime: Path) -> None:
    model = write_recogniser(tmp_path / "pets.onnx", ["cat", "dog", "“鸟”"], channels=3)
    write_web_bundle(model, tmp_path / "pets", runtime)
    facts = json.loads((tmp_path / "pets" / "model.json").read_text())
    assert facts == {
        "class_names": ["cat", "dog", "“鸟”"],
        "channels": 3,
        "thumbnet_version": "0.0.0",
        "download_bytes": model.stat().st_size + 4,
    }


def test_page_has_nothing_inline_and_a_policy_that_forbids_it(bundle: Path) -> None:
    page = Page((bundle / "index.html").read_text())
    assert page.inline == []
    assert all((bundle / link).is_file() for link in page.links)
    policy = dict(part.split(maxsplit=1) for part in page.policy.split("; "))
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("script-src") == "'self' 'wasm-unsafe-eval'"
    assert set(policy.values()) == {"'self'", "'none'"}


def test_no_file_of_the_page_names_an_outside_address(bundle: Path) -> None:
    for name in {*web.PAGE_FILES, "index.html", "model.json"} - {"icon.png"}:
        text = (bundle / name).read_text()
        assert not re.search(r"https?:|[\"'(=]//\w|@import", text), name


def test_every_module_that_a_script_imports_is_there(bundle: Path) -> None:
    for script in bundle.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', script.read_text()):
            assert (bundle / name).is_file()


def test_words_are_complete_in_both_languages(bundle: Path) -> None:
    script, page = ((bundle / name).read_text() for name in ("words.js", "index.html"))
    english, chinese = (
        re.findall(r"^    (\w+): ", part, re.MULTILINE) for part in script.split("  zh: {")
    )
    assert english == chinese
    assert set(re.findall(r'data-(?:text|label|title)="(\w+)"', page)) <= set(english)


def test_empty_folder_is_used(tmp_path: Path, model: Path, runtime: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_web_bundle(model, tmp_path / "empty", runtime)
    assert (tmp_path / "empty" / "index.html").is_file()


def test_folder_in_use_is_refused_and_kept(tmp_path: Path, model: Path, runtime: Path) -> None:
    mine = tmp_path / "site" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        write_web_bundle(model, tmp_path / "site", runtime)
    with pytest.raises(OutputError, match="is a file"):
        write_web_bundle(model, mine, runtime)
    assert list(mine.parent.iterdir()) == [mine]


@pytest.mark.parametrize("kind", ["missing", "text", "foreign", "no metadata"])
def test_other_models_are_refused(tmp_path: Path, model: Path, runtime: Path, kind: str) -> None:
    other = tmp_path / "other.onnx"
    if kind == "text":
        other.write_text("no model")
    elif kind != "missing":
        graph = onnx.load(model)
        if kind == "foreign":
            graph.graph.output.pop()
        else:
            graph.ClearField("metadata_props")
        onnx.save(graph, other)
    with pytest.raises(ModelError, match=r"recogniser|not an ONNX file|damaged|does not exist"):
        write_web_bundle(other, tmp_path / "site", runtime)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("damage", [b"export {}!", b"export {}; ", b""])
def test_changed_runtime_leaves_nothing(
    tmp_path: Path, model: Path, runtime: Path, damage: bytes
) -> None:
    (runtime / "ort.wasm.bundle.min.mjs").write_bytes(damage)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DownloadError, match=r"is not the file of onnxruntime-web[^$]*sha256"):
        write_web_bundle(model, tmp_path / "site", runtime)
    assert sorted(tmp_path.iterdir()) == before


def test_runtime_without_the_files_says_which(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"has no 'ort\.wasm[^$]*--runtime"):
        load_runtime(tmp_path)


def test_runtime_may_be_the_archive_its_folder_or_an_installed_package(
    tmp_path: Path, runtime: Path, packed: bytes
) -> None:
    path = tmp_path / web_runtime.ARCHIVE_NAME
    path.write_bytes(packed)
    assert load_runtime(path) == load_runtime(tmp_path) == CONTENTS
    (tmp_path / "package").mkdir()
    runtime.rename(tmp_path / "package" / "dist")
    assert load_runtime(tmp_path / "package") == CONTENTS


def test_archive_is_verified_before_it_is_opened(
    tmp_path: Path, packed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "other.tgz"
    path.write_bytes(packed + b"\0")
    monkeypatch.setattr(web_runtime.tarfile, "open", lambda **_: pytest.fail("opened"))
    with pytest.raises(DownloadError, match=r"is not the onnxruntime-web[^$]*got: sha512-"):
        load_runtime(path)


@pytest.mark.parametrize("kind", ["incomplete", "too long", "no archive", "cut"])
def test_archive_with_wrong_content_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    name = "ort.wasm.bundle.min.mjs"
    content = {name: CONTENTS[name] + b" " * 10_000 * (kind == "too long")}
    packed = b"no archive" if kind == "no archive" else archive(content)
    packed = packed[:-20] if kind == "cut" else packed
    pin(monkeypatch, packed)
    path = tmp_path / "other.tgz"
    path.write_bytes(packed)
    with pytest.raises(DownloadError, match="is not the file of onnxruntime-web"):
        load_runtime(path)


def test_npm_is_asked_once_for_the_pinned_version(npm: list[list[str]]) -> None:
    lines: list[str] = []
    assert load_runtime(report=lines.append) == CONTENTS
    assert load_runtime(report=lines.append) == CONTENTS
    assert [command[:3] for command in npm] == [
        ["/bin/npm", "pack", f"onnxruntime-web@{web_runtime.VERSION}"]
    ]
    assert len(lines) == 1
    assert "npm" in lines[0]


def test_damaged_cache_is_fetched_again(npm: list[list[str]], tmp_path: Path) -> None:
    load_runtime()
    (wasm,) = (tmp_path / "thumbnet-home").rglob("*.wasm")
    wasm.write_bytes(b"\0ASM")
    assert load_runtime() == CONTENTS
    assert len(npm) == 2


def test_cache_serves_offline(npm: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    load_runtime()
    monkeypatch.setenv("THUMBNET_OFFLINE", "1")
    assert load_runtime() == CONTENTS
    assert len(npm) == 1


def test_npm_delivering_something_else_leaves_nothing(
    npm: list[list[str]], tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_runtime, "INTEGRITY", "sha512-other")
    with pytest.raises(DownloadError, match="expected: sha512-other"):
        write_web_bundle(model, tmp_path / "site")
    assert len(npm) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_offline_without_cache_says_what_to_do() -> None:
    with pytest.raises(DownloadError, match=r"THUMBNET_OFFLINE[^$]*--runtime onnxruntime-web"):
        load_runtime()


def test_missing_npm_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THUMBNET_OFFLINE")
    monkeypatch.setattr(web_runtime.shutil, "which", lambda _: None)
    with pytest.raises(DownloadError, match=r"needs npm[^$]*Node\.js; or [^$]*--runtime"):
        load_runtime()


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (subprocess.CompletedProcess([], 1, b"", b"one\ntwo\nthree\nE404"), "two; three; E404"),
        (subprocess.CompletedProcess([], 3, b"", b""), "npm ended with 3"),
        (subprocess.CompletedProcess([], 0, b"", b""), "no archive"),
        (subprocess.TimeoutExpired("npm", 900), "no answer within 900 s"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
    ],
)
def test_failing_npm_is_quoted(
    npm: list[list[str]], monkeypatch: pytest.MonkeyPatch, outcome: object, message: str
) -> None:
    def run(*_: object, **__: object) -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(web_runtime.subprocess, "run", run)
    with pytest.raises(DownloadError, match=f"could not fetch[^$]*{message}"):
        load_runtime()
    assert npm == []


def test_cache_that_cannot_be_made_is_said(
    npm: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("THUMBNET_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot write"):
        load_runtime()
    assert len(npm) == 1


def test_real_pins_are_well_formed() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", web_runtime.VERSION)
    assert web_runtime.MAX_ARCHIVE_BYTES < 2**28
