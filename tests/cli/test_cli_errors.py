"""Every mistake of a user: exit code 2, one message, no traceback, and nothing left behind."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from command_line import Call
from thumbnet.__main__ import main
from thumbnet.errors import ThumbnetError
from thumbnet.files import sha256
from thumbnet.training.run import Run
from tiny_runs import tree


def nothing(_place: Path) -> None:
    return


@dataclass
class Mistake:
    """Words for the command line, what they are said of, and what must be answered.

    ``prepare`` is given a folder that holds ``tiny.toml``, ``pictures/`` and the finished run
    ``trained/``; the command is called within it.
    """

    words: list[str]
    message: str
    details: list[str] = field(default_factory=list)
    prepare: Callable[[Path], object] = nothing


def empty_the_class(place: Path) -> None:
    for path in (place / "pictures/ring").iterdir():
        path.unlink()


def leave_one_class(place: Path) -> None:
    for name in ("bar", "dot"):
        shutil.rmtree(place / "pictures" / name)


def leave_one_image(place: Path) -> None:
    for path in sorted((place / "pictures/ring").iterdir())[1:]:
        path.unlink()


def add_junk(place: Path) -> None:
    (place / "pictures/ring/junk.png").write_bytes(b"junk")


def make_all_of_a_class_junk(place: Path) -> None:
    for path in (place / "pictures/ring").iterdir():
        path.write_bytes(b"junk")


def zip_and_cut(place: Path) -> None:
    with zipfile.ZipFile(place / "pictures.zip", "w") as archive:
        for path in (place / "pictures").rglob("*.png"):
            archive.write(path, path.relative_to(place))
    content = (place / "pictures.zip").read_bytes()
    (place / "pictures.zip").write_bytes(content[: len(content) // 2])


def put_a_file(place: Path) -> None:
    (place / "taken").write_text("in the way", encoding="utf-8")


def fill_a_folder(place: Path) -> None:
    (place / "full/model").mkdir(parents=True)
    (place / "full/model/precious.txt").write_text("mine", encoding="utf-8")


def remove_checkpoints(place: Path) -> None:
    (place / "trained/receipt.json").unlink()
    shutil.rmtree(place / "trained/checkpoints")


def unfinish(place: Path) -> None:
    (place / "trained/receipt.json").unlink()
    shutil.rmtree(place / "trained/model")


def make_too_new(place: Path) -> None:
    path = place / "trained/model/manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "format": 99}), encoding="utf-8")


def flip_a_bit_of_the_weights(place: Path) -> None:
    path = place / "trained/model/model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_weights_with_right_checksum(place: Path) -> None:
    folder = place / "trained/model"
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:50])
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["sha256"]["model.safetensors"] = sha256(weights)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def break_the_manifest(place: Path) -> None:
    (place / "trained/model/manifest.json").write_text("{", encoding="utf-8")


def write_bad_toml(place: Path) -> None:
    (place / "bad.toml").write_text("epochs = = 3", encoding="utf-8")


TINY = ["train", "tiny.toml", "--out", "new/run"]

MISTAKES = {
    "unknown-recipe": Mistake(
        ["train", "tutorial-cn", "--out", "new/run"],
        "there is no recipe 'tutorial-cn'",
        ["did you mean 'tutorial-cnn'?"],
    ),
    "missing-recipe-file": Mistake(
        ["train", "mine.toml", "--out", "new/run"], "the recipe file does not exist", ["mine.toml"]
    ),
    "recipe-is-no-toml": Mistake(
        ["train", "bad.toml", "--out", "new/run"],
        "the recipe is not valid TOML",
        ["bad.toml"],
        write_bad_toml,
    ),
    "unknown-key": Mistake(
        [*TINY, "--set", "epochz=3"], "a recipe has no key 'epochz'", ["did you mean 'epochs'?"]
    ),
    "unknown-section-key": Mistake(
        [*TINY, "--set", "optimizer.momentun=0.9"],
        "a recipe has no key 'optimizer.momentun'",
        ["did you mean 'optimizer.momentum'?"],
    ),
    "no-value": Mistake([*TINY, "--set", "epochs"], "a change of the recipe must be key=value"),
    "negative-epochs": Mistake(
        [*TINY, "--set", "epochs=-1"],
        "the recipe's 'epochs' is not usable",
        ["got: -1", "greater than or equal to 1"],
    ),
    "batch-size-is-text": Mistake(
        [*TINY, "--set", "batch_size=abc"],
        "the recipe's 'batch_size' is not usable",
        ["got: 'abc'", "integer"],
    ),
    "negative-seed": Mistake([*TINY, "--seed", "-1"], "the recipe's 'seed' is not usable"),
    "unknown-model": Mistake(
        [*TINY, "--set", "model=mpl"], "there is no model 'mpl'", ["did you mean 'mlp'?"]
    ),
    "unknown-model-argument": Mistake(
        [*TINY, "--set", "model.width=3"], "model 'mlp' has no argument 'width'", ["'widths'"]
    ),
    "unknown-device": Mistake([*TINY, "--device", "warp"], "there is no device 'warp'", ["cpu"]),
    "unknown-data": Mistake([*TINY, "--data", "mnits"], "", ["did you mean 'mnist'?"]),
    "missing-folder": Mistake(
        [*TINY, "--data", "folder:nowhere"], "there is no such folder or archive", ["nowhere"]
    ),
    "one-class": Mistake(
        TINY, "'pictures' has fewer than two classes", ["got: ring"], leave_one_class
    ),
    "one-image-class": Mistake(
        TINY, "'pictures' has classes of a single image", ["got: ring"], leave_one_image
    ),
    "empty-class": Mistake(
        TINY, "'pictures' has classes with no image", ["got: ring"], empty_the_class
    ),
    "junk-picture": Mistake(
        TINY, "'pictures' has 1 unreadable images", ["ring/junk.png", "--skip-bad"], add_junk
    ),
    "only-junk-with-skip-bad": Mistake(
        [*TINY, "--skip-bad"],
        "'pictures' has classes with no image",
        ["got: ring"],
        make_all_of_a_class_junk,
    ),
    "corrupt-zip": Mistake(
        [*TINY, "--data", "folder:pictures.zip"], "", ["pictures.zip"], zip_and_cut
    ),
    "wrong-shape": Mistake(
        [*TINY, "--data", "mnist"],
        "the images of 'mnist' do not have the form that the recipe gives",
        ["(1, 28, 28)", "(1, 8, 8)", "--set input.size_px=28"],
    ),
    "validation-takes-all": Mistake(
        [*TINY, "--set", "validation=33"], "the validation set would take every image of a class"
    ),
    "out-below-proc": Mistake(
        ["train", "tiny.toml", "--out", "/proc/nope"], "cannot write: ", ["/proc/nope"]
    ),
    "out-below-a-file": Mistake(
        ["train", "tiny.toml", "--out", "taken/run"], "cannot write: ", ["taken/run"], put_a_file
    ),
    "out-is-a-file": Mistake(
        ["train", "tiny.toml", "--out", "taken"],
        "the output folder is a file",
        ["taken"],
        put_a_file,
    ),
    "out-is-full": Mistake(
        ["train", "tiny.toml", "--out", "full"],
        "the output folder has files that a run would write",
        ["full", "model"],
        fill_a_folder,
    ),
    "out-is-a-run": Mistake(
        ["train", "tiny.toml", "--out", "trained"],
        "there is a run in this folder already",
        ["--resume trained"],
    ),
    "out-is-too-long": Mistake(
        ["train", "tiny.toml", "--out", "a" * 300], "", ["File name too long"]
    ),
    "resume-of-nothing": Mistake(["train", "--resume", "nowhere"], "the run does not exist"),
    "resume-of-no-run": Mistake(["train", "--resume", "pictures"], "this is no run"),
    "resume-without-checkpoints": Mistake(
        ["train", "--resume", "trained"], "the run has no checkpoint", [], remove_checkpoints
    ),
    "resume-with-seed": Mistake(
        ["train", "--resume", "trained", "--seed", "1"],
        "a resumed run goes on exactly as it began",
        ["--seed 1"],
    ),
    "test-of-nothing": Mistake(["test", "nowhere"], "the model does not exist"),
    "test-of-no-model": Mistake(["test", "pictures"], "this is no model"),
    "test-of-unfinished-run": Mistake(
        ["test", "trained"], "this run has not finished", ["--resume trained"], unfinish
    ),
    "test-on-missing-data": Mistake(
        ["test", "trained", "--data", "folder:nowhere"], "there is no such folder or archive"
    ),
    "test-on-unknown-device": Mistake(
        ["test", "trained", "--device", "warp"], "there is no device"
    ),
    "too-new-model": Mistake(
        ["predict", "trained", "pictures"],
        "the model folder has a format that this version does not know",
        ["format 99", "pip install --upgrade thumbnet"],
        make_too_new,
    ),
    "damaged-weights": Mistake(
        ["predict", "trained", "pictures"],
        "the model's 'model.safetensors' is not the one that was saved",
        ["SHA-256"],
        flip_a_bit_of_the_weights,
    ),
    "weights-are-no-safetensors": Mistake(
        ["test", "trained"], "the model's files are damaged", [], cut_weights_with_right_checksum
    ),
    "damaged-manifest": Mistake(
        ["test", "trained"], "a file of the model cannot be read", [], break_the_manifest
    ),
}


@pytest.fixture
def place(tmp_path: Path, recipe: Path, trained: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert recipe.parent == trained.folder.parent == tmp_path
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_one_message_and_leaves_nothing(
    call: Call, place: Path, mistake: Mistake
) -> None:
    mistake.prepare(place)
    before = tree(place)
    said = call(*mistake.words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {mistake.message}")
    for detail in mistake.details:
        assert detail in said.err
    assert said.err.count("error:") == 1
    assert "Traceback" not in said.err
    after = tree(place)
    # The lock of a run that was looked at may stay; it is empty and holds nothing back.
    after = {name: content for name, content in after.items() if name in before or content}
    assert after == before


@pytest.mark.parametrize(
    "name", ["unknown-recipe", "negative-epochs", "one-class", "out-is-full", "damaged-weights"]
)
@pytest.mark.parametrize("where", [0, 1, -1])
def test_debug_lets_the_error_through_wherever_it_stands(
    place: Path, name: str, where: int
) -> None:
    mistake = MISTAKES[name]
    mistake.prepare(place)
    words = list(mistake.words)
    words.insert(where if where >= 0 else len(words), "--debug")
    with pytest.raises(ThumbnetError, match=mistake.message):
        main(words)


def test_diverging_run_names_its_last_good_checkpoint(call: Call, place: Path) -> None:
    said = call(*TINY, "--set", "lr=1e30", "--set", "model.widths=[8,8,8]")
    assert (said.code, said.out) == (2, "")
    message = said.err[said.err.index("error:") :]
    assert message.startswith("error: the loss is ")
    assert "at step 2 (epoch 1, learning rate 1e+30)" in message
    assert "the last good checkpoint is new/run/checkpoints/step-000000000.ckpt" in message
    assert (place / "new/run/checkpoints/step-000000000.ckpt").is_file()
