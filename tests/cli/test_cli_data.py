"""``thumbnet data list | info | show``."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from command_line import Call
from thumbnet.datasets.folder import load_folder


def test_list_has_the_catalogue(call: Call) -> None:
    rows = {row["name"]: row for row in call("data", "list", "--json").json}
    mnist = rows["mnist"]
    assert (mnist["num_train"], mnist["num_test"], mnist["num_classes"]) == (60_000, 10_000, 10)
    assert (mnist["channels"], mnist["size_px"]) == (1, 28)
    assert call("data", "list").out.count("\n") == len(rows) + 1


@pytest.mark.parametrize(("split", "counts"), [("train", [11, 11, 11]), ("test", [3, 3, 3])])
def test_info_is_computed_from_the_images(
    call: Call, pictures: Path, split: str, counts: list[int]
) -> None:
    form = ["--size-px", "8", "--channels", "1", "--split", split]
    said = call("data", "info", f"folder:{pictures}", *form, "--json")
    images = load_folder(pictures, channels=1, size_px=8, split=split)
    pixels = images.images.double() / 255
    assert said.json["classes"] == dict(zip(("bar", "dot", "ring"), counts, strict=True))
    assert said.json["shape"] == [1, 8, 8]
    assert said.json["mean"] == pytest.approx([float(pixels.mean())])
    assert said.json["std"] == pytest.approx([float(pixels.std(correction=0))])
    assert said.json["content_hash"] == images.content_hash


def test_info_for_a_person_has_shape_and_counts(call: Call, pictures: Path) -> None:
    said = call("data", "info", f"folder:{pictures}", "--size-px", "8")
    assert said.out.startswith("pictures train: 33 images, 3×8×8 (C×H×W), uint8\n")
    assert said.out.splitlines()[-1].split() == ["ring", "11"]


def test_show_draws_a_picture(call: Call, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    words = ["--out", out, "--per-class", "2", "--size-px", "8"]
    said = call("data", "show", f"folder:{pictures}", *words)
    assert (said.code, said.out) == (0, f"{out}\n")
    with Image.open(out) as picture:
        low, high = picture.convert("L").getextrema()
    assert low < high


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["info", "mnits"], "did you mean 'mnist'?"),
        (["info", "folder:nowhere"], "there is no such folder"),
        (["info", "mnist", "--split", "trian"], "split"),
        (["info", "mnist", "--size-px", "32"], "do not have the form"),
        (["show", "mnist", "--out", "/proc/nope/grid.png"], "cannot write"),
    ],
)
def test_mistake_is_one_message(call: Call, words: list[str], message: str) -> None:
    said = call("data", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert message in said.err
