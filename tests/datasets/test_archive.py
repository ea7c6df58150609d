"""Archives made by hand to be hostile, and the same files read back from every kind."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from thumbnet.datasets import archive
from thumbnet.datasets.archive import is_archive, open_archive
from thumbnet.errors import DataError

FILES = {"a/1.png": b"one", "a/2.png": b"two" * 1000, "b/ü 3.png": b"", "top.txt": b"x"}
KINDS = ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"]


def make_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return path


def make_tar(path: Path, files: dict[str, bytes]) -> Path:
    compression = {"gz": "gz", "tgz": "gz", "bz2": "bz2", "xz": "xz"}.get(path.suffix[1:], "")
    with tarfile.open(path, f"w:{compression}") as target:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            target.addfile(member, io.BytesIO(data))
    return path


def make(path: Path, files: dict[str, bytes]) -> Path:
    return make_zip(path, files) if path.suffix == ".zip" else make_tar(path, files)


def read_all(path: Path) -> dict[str, bytes]:
    with open_archive(path) as source:
        return dict(source.read(source.files))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_back_its_files(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path / f"x.{kind}", FILES)
    assert is_archive(path)
    assert read_all(path) == FILES


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_every_method_of_zip_is_read(tmp_path: Path, method: int) -> None:
    assert read_all(make_zip(tmp_path / "x.zip", FILES, method)) == FILES


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_only_the_named_files_are_read_in_stored_order(tmp_path: Path, kind: str) -> None:
    with open_archive(make(tmp_path / f"x.{kind}", FILES)) as source:
        assert [name for name, _ in source.read(["top.txt", "a/1.png"])] == ["a/1.png", "top.txt"]


def test_names_with_a_dot_in_front_are_tidied_and_folders_listed(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as target:
        for name in (".", "./a", "./a/empty"):
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE
            target.addfile(member)
        target.addfile(tarfile.TarInfo("./a//x.png"))
    with open_archive(path) as source:
        assert (source.files, source.folders) == (["a/x.png"], ["a", "a/empty"])


def test_long_names_of_tar_are_read(tmp_path: Path) -> None:
    files = {f"{'folder/' * 40}{index}.png": b"x" for index in range(3)}
    assert read_all(make_tar(tmp_path / "x.tar", files)) == files


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    "name", ["../x.png", "a/../../x.png", "a/..", "/etc/x.png", "C:/x.png", "c:x.png", "a\\x.png"]
)
def test_names_that_lead_outside_are_refused(tmp_path: Path, kind: str, name: str) -> None:
    path = make(tmp_path / f"x.{kind}", {"a/1.png": b"x", name: b"x"})
    with pytest.raises(DataError, match="refused: its name leads outside the archive"):
        read_all(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_two_dots_inside_a_name_are_no_harm(tmp_path: Path) -> None:
    files = {"a..b/x..png": b"x"}
    assert read_all(make_zip(tmp_path / "x.zip", files)) == files


@pytest.mark.parametrize("name", ["a/\n.png", "a/\x1b[31m.png", "a/\udc80.png"])
def test_unprintable_names_are_refused(tmp_path: Path, name: str) -> None:
    path = make_tar(tmp_path / "x.tar", {name: b"x"})
    with pytest.raises(DataError, match="unprintable characters") as caught:
        read_all(path)
    str(caught.value).encode()


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as target:
        member = tarfile.TarInfo("a/passwd.png")
        member.type, member.linkname = kind, "/etc/passwd"
        target.addfile(member)
    with pytest.raises(DataError, match=r"refused: it is a link or a device\n  got: a/passwd.png"):
        read_all(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as target:
        info = zipfile.ZipInfo("a/passwd.png")
        info.external_attr = (kind | 0o777) << 16
        target.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="refused: it is a link or a device"):
        read_all(path)


@pytest.mark.parametrize("second", ["a/1.png", "./a/1.png", "a//1.png"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_two_members_of_one_name_are_refused(tmp_path: Path, kind: str, second: str) -> None:
    path = tmp_path / f"x.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as target:
            target.writestr("a/1.png", "x")
            with (
                pytest.warns(UserWarning, match="Duplicate")
                if second == "a/1.png"
                else io.StringIO()
            ):
                target.writestr(second, "y")
    else:
        with tarfile.open(path, "w") as target:
            target.addfile(tarfile.TarInfo("a/1.png"))
            target.addfile(tarfile.TarInfo(second))
    with pytest.raises(DataError, match="two members have this name"):
        read_all(path)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_member_that_is_too_large_is_refused_by_its_header(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    num_bytes = archive.MAX_MEMBER_BYTES + 1
    if kind == "zip":
        make_zip(path, {"a.png": b"x"})
        data = bytearray(path.read_bytes())
        struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, num_bytes)
        path.write_bytes(data)
    else:
        import gzip

        member = tarfile.TarInfo("a.png")
        member.size = num_bytes
        path.write_bytes(gzip.compress(member.tobuf()))
    with pytest.raises(DataError, match=r"too large when unpacked\n  got: 'a\.png' of 268,435,457"):
        read_all(path)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_total_that_is_too_large_is_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / f"x.{kind}", {"a.png": bytes(600), "b.png": bytes(600)})
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1200)
    assert len(read_all(path)) == 2
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1199)
    with pytest.raises(DataError, match="more than 1,199 bytes when unpacked"):
        read_all(path)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_ratio_that_is_too_high_is_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / f"x.{kind}", {str(index): bytes(90_000) for index in range(10)})
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 100_000)
    monkeypatch.setattr(archive, "MAX_RATIO", 900_000 // path.stat().st_size + 1)
    assert len(read_all(path)) == 10
    monkeypatch.setattr(archive, "MAX_RATIO", 900_000 // path.stat().st_size - 1)
    with pytest.raises(DataError, match="times the archive"):
        read_all(path)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_too_many_members_are_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / f"x.{kind}", {str(index): b"" for index in range(6)})
    monkeypatch.setattr(archive, "MAX_MEMBERS", 5)
    with pytest.raises(DataError, match="more than 5 members"):
        read_all(path)


@pytest.mark.parametrize("claimed", [10, 5000])
def test_a_zip_header_that_lies_about_the_size_is_refused(tmp_path: Path, claimed: int) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.png": bytes(1000)})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, claimed)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"'x\.zip' is damaged"):
        read_all(path)


def test_a_tar_name_of_absurd_length_is_refused_unread(tmp_path: Path) -> None:
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 2**33
    path = tmp_path / "x.tar"
    path.write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    with pytest.raises(DataError, match="a header claims too large a member"):
        read_all(path)


def test_a_tar_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_tar(tmp_path / "x.tar", {str(index): b"" for index in range(20)})
    monkeypatch.setattr(archive, "_TAR_MAX_BYTES", 4000)
    with pytest.raises(DataError, match="refused"):
        read_all(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.png": b"secret"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"'x\.zip' is encrypted\n  got: a\.png"):
        read_all(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_kept", [0, 1, 100, -600])
def test_a_cut_off_archive_is_refused(tmp_path: Path, kind: str, num_kept: int) -> None:
    noise = bytes(index * index % 251 for index in range(20_000))
    path = make(tmp_path / f"x.{kind}", {"a/1.png": noise, "b/2.png": noise[::-1]})
    data = path.read_bytes()
    # A plain tar ends with kilobytes of padding; what is cut off must reach the files.
    end = data.rindex(noise[::-1][-512:]) + 1024 if kind == "tar" else len(data)
    path.write_bytes(data[: num_kept % end if num_kept < 0 else num_kept])
    with pytest.raises(DataError, match="is damaged"):
        read_all(path)


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_flipped_bit_is_noticed(tmp_path: Path, kind: str) -> None:
    noise = bytes(index * index % 251 for index in range(20_000))
    path = make(tmp_path / f"x.{kind}", {"a/1.png": noise})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if kind != "zip" else 100] ^= 4
    path.write_bytes(data)
    with pytest.raises(DataError, match="is damaged"):
        read_all(path)


def test_a_wrong_checksum_of_gzip_is_noticed(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "x.tar.gz", FILES)
    data = bytearray(path.read_bytes())
    data[-8] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"is damaged \(CRC check failed"):
        read_all(path)


def test_a_damaged_header_in_the_middle_of_a_tar_is_noticed(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "x.tar", {"a.png": b"x", "b.png": b"y"})
    data = bytearray(path.read_bytes())
    data[1024 + 150] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="it has no end mark"):
        read_all(path)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_archive_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    path.write_bytes(b"this is a letter, not an archive" * 50)
    with pytest.raises(DataError, match=r"is damaged .*\n  got: .*\n  expected: a complete archiv"):
        read_all(path)
