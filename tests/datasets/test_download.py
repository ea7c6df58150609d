"""Downloads from a server on this machine."""

from __future__ import annotations

import errno
import hashlib
import http.client
import multiprocessing
import os
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from loopback_server import CONTENT, HALF, Server, loopback_opener

from thumbnet.datasets import download_transfer
from thumbnet.datasets.catalog_entries import CATALOG
from thumbnet.datasets.download import RemoteFile, fetch
from thumbnet.datasets.download_transfer import MirrorError, https_opener, receive
from thumbnet.errors import DownloadError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv("THUMBNET_OFFLINE", raising=False)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def fetch_here(file: RemoteFile, folder: Path, **keywords: object) -> Path:
    return fetch(file, folder, opener=loopback_opener(), **keywords)


@pytest.mark.parametrize("size_bytes", [len(CONTENT), None])
def test_downloads_into_a_new_folder_and_leaves_no_part(
    server: Server, tmp_path: Path, size_bytes: int | None
) -> None:
    path = fetch_here(server.file("/whole", size_bytes=size_bytes), tmp_path / "a" / "b")
    assert path == tmp_path / "a" / "b" / "set.gz"
    assert path.read_bytes() == CONTENT
    assert not list(tmp_path.rglob("*.part"))


def test_a_file_that_is_there_is_not_downloaded_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.gz").write_bytes(CONTENT)
    fetch_here(server.file("/whole"), tmp_path)
    assert server.requests == []


def test_a_damaged_file_that_is_there_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.gz").write_bytes(CONTENT[:-1])
    assert fetch_here(server.file("/whole"), tmp_path).read_bytes() == CONTENT


def test_sha256_is_verified_as_well(server: Server, tmp_path: Path) -> None:
    right, wrong = (f"sha256:{hashlib.sha256(data).hexdigest()}" for data in (CONTENT, b""))
    urls = (server.url("/whole"),)
    assert fetch_here(RemoteFile("right", right, urls), tmp_path).read_bytes() == CONTENT
    with pytest.raises(DownloadError, match="wrong checksum"):
        fetch_here(RemoteFile("wrong", wrong, urls), tmp_path)


def test_cut_connection_keeps_the_part_and_the_next_try_resumes(
    server: Server, tmp_path: Path
) -> None:
    with pytest.raises(DownloadError, match=rf"cut after {HALF} of {len(CONTENT)} bytes") as caught:
        fetch_here(server.file("/cut"), tmp_path)
    assert "set.gz.part, and the next try goes on there" in str(caught.value)
    assert (tmp_path / "set.gz.part").read_bytes() == CONTENT[:HALF]
    assert not (tmp_path / "set.gz").exists()
    assert fetch_here(server.file("/whole"), tmp_path).read_bytes() == CONTENT
    assert server.requests == [("/cut", None), ("/whole", f"bytes={HALF}-")]


def test_cut_connection_is_continued_from_the_next_mirror(server: Server, tmp_path: Path) -> None:
    assert fetch_here(server.file("/cut", "/whole"), tmp_path).read_bytes() == CONTENT
    assert server.requests[1] == ("/whole", f"bytes={HALF}-")


def test_server_that_ignores_range_restarts_from_zero(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.gz.part").write_bytes(CONTENT[:HALF])
    assert fetch_here(server.file("/rangeless"), tmp_path).read_bytes() == CONTENT


def test_server_that_answers_another_range_is_not_believed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.gz.part").write_bytes(CONTENT[:HALF])
    assert fetch_here(server.file("/shifted", "/whole"), tmp_path).read_bytes() == CONTENT
    assert server.paths() == ["/shifted", "/whole"]


def test_finished_part_is_used_without_a_request(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.gz.part").write_bytes(CONTENT)
    assert fetch_here(server.file("/whole"), tmp_path).read_bytes() == CONTENT
    assert server.requests == []


def test_finished_part_of_unstated_length_is_used(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.gz.part").write_bytes(CONTENT)
    file = server.file("/whole", size_bytes=None)
    assert fetch_here(file, tmp_path).read_bytes() == CONTENT
    assert server.requests == [("/whole", f"bytes={len(CONTENT)}-")]


def test_corrupt_part_is_deleted_and_the_only_mirror_tried_from_zero(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "set.gz.part").write_bytes(b"x" * HALF)
    assert fetch_here(server.file("/whole"), tmp_path).read_bytes() == CONTENT
    assert server.requests == [("/whole", f"bytes={HALF}-"), ("/whole", None)]


@pytest.mark.parametrize("size_bytes", [len(CONTENT), None])
def test_wrong_checksum_tries_the_next_mirror_from_zero(
    server: Server, tmp_path: Path, size_bytes: int | None
) -> None:
    file = server.file("/wrong", "/whole", size_bytes=size_bytes)
    assert fetch_here(file, tmp_path).read_bytes() == CONTENT
    assert server.requests == [("/wrong", None), ("/whole", None)]


def test_page_in_place_of_the_file_is_refused_by_its_length(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=f"offers 22 bytes instead of {len(CONTENT)}"):
        fetch_here(server.file("/page"), tmp_path)
    assert not (tmp_path / "set.gz.part").exists()


def test_body_longer_than_the_file_is_refused(server: Server, tmp_path: Path) -> None:
    file = server.file("/lengthless", size_bytes=len(CONTENT) - 1)
    with pytest.raises(DownloadError, match="sent more than"):
        fetch_here(file, tmp_path)
    assert not (tmp_path / "set.gz.part").exists()


def test_body_without_length_that_ends_early_is_a_cut(server: Server, tmp_path: Path) -> None:
    file = server.file("/lengthless", size_bytes=len(CONTENT) + 1)
    with pytest.raises(DownloadError, match=f"cut after {len(CONTENT)} of {len(CONTENT) + 1}"):
        fetch_here(file, tmp_path)


def test_error_lists_every_mirror_with_its_reason(server: Server, tmp_path: Path) -> None:
    file = server.file("/missing", "/wrong", "/page")
    with pytest.raises(DownloadError, match=r"'set\.gz' could not be downloaded") as caught:
        fetch_here(file, tmp_path)
    lines = str(caught.value).splitlines()
    for path, reason in (("missing", "HTTP 404"), ("wrong", "wrong checksum"), ("page", "offers")):
        assert any(f"/{path}: " in line and reason in line for line in lines)
    assert str(tmp_path) in str(caught.value.fix)


def test_unreachable_server_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THUMBNET_OFFLINE", raising=False)
    with Server() as gone:
        file = gone.file("/whole")
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch_here(file, tmp_path)


def test_offline_names_file_and_place_and_opens_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THUMBNET_OFFLINE", "1")
    with pytest.raises(DownloadError, match=r"'set\.gz' is missing and THUMBNET_OFFLINE") as caught:
        fetch_here(server.file("/whole"), tmp_path)
    assert str(tmp_path / "set.gz") in str(caught.value)
    assert server.requests == []
    assert list(tmp_path.iterdir()) == []


def test_http_mirror_is_our_own_mistake(server: Server, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="http://"):
        receive(server.url("/whole", "http"), tmp_path / "x.part", None, loopback_opener())
    assert server.requests == []


def test_redirect_to_https_is_followed(server: Server, tmp_path: Path) -> None:
    assert fetch_here(server.file("/to-https"), tmp_path).read_bytes() == CONTENT


def test_redirect_to_http_is_refused_before_it_is_followed(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"redirects to http://\S+, which is not HTTPS"):
        fetch_here(server.file("/to-http"), tmp_path)
    assert server.paths() == ["/to-http"]


def test_full_disk_is_said_and_removes_the_part(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DownloadError, match="No space left on device"):
        fetch_here(server.file("/whole"), tmp_path)
    assert not (tmp_path / "set.gz.part").exists()


def test_folder_that_cannot_be_made_is_said(server: Server, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DownloadError, match="cannot be kept on disk"):
        fetch_here(server.file("/whole"), tmp_path / "taken" / "folder")


def test_progress_is_reported_at_most_once_a_second(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(0.4 * tick for tick in range(1000))
    monkeypatch.setattr(download_transfer, "monotonic", lambda: next(clock))
    monkeypatch.setattr(download_transfer, "CHUNK_BYTES", len(CONTENT) // 10)
    lines: list[str] = []
    fetch_here(server.file("/whole"), tmp_path, report=lines.append)
    assert lines == [f"set.gz: {done} of 0.5 MB" for done in ("0.1", "0.2", "0.4", "0.5")]


def test_four_threads_download_once(server: Server, tmp_path: Path) -> None:
    file = server.file("/whole")
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: fetch_here(file, tmp_path), range(4)))
    assert paths == [tmp_path / "set.gz"] * 4
    assert server.requests == [("/whole", None)]


def _fetch_in_process(file: RemoteFile, folder: Path, barrier: object, results: object) -> None:
    barrier.wait()
    path = fetch(file, folder, opener=loopback_opener())
    results.put(hashlib.sha256(path.read_bytes()).hexdigest())


def test_sixteen_processes_download_once(server: Server, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(16), spawn.Queue()
    arguments = (server.file("/whole"), tmp_path, barrier, results)
    processes = [spawn.Process(target=_fetch_in_process, args=arguments) for _ in range(16)]
    for process in processes:
        process.start()
    digests = [results.get(timeout=100) for _ in processes]
    for process in processes:
        process.join()
    assert digests == [hashlib.sha256(CONTENT).hexdigest()] * 16
    assert server.requests == [("/whole", None)]


def test_user_agent_names_the_project(tmp_path: Path) -> None:
    agents: list[str | None] = []

    class Recorder(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            agents.append(req.get_header("User-agent"))
            raise ConnectionRefusedError

    with pytest.raises(MirrorError, match="ConnectionRefusedError"):
        receive("https://127.0.0.1/x", tmp_path / "x.part", None, https_opener(Recorder))
    assert str(agents[0]).startswith("thumbnet/")


@pytest.mark.network
@pytest.mark.parametrize("name", ["fashion-mnist", "kmnist", "qmnist", "usps"])
def test_every_mirror_of_the_small_test_sets_delivers(name: str, tmp_path: Path) -> None:
    for file in CATALOG[name].files["test"]:
        for number, mirror in enumerate(file.mirrors):
            single = RemoteFile(file.name, file.checksum, (mirror,), file.size_bytes)
            assert fetch(single, tmp_path / str(number)).is_file()
