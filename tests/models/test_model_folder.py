from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from thumbnet import files
from thumbnet.errors import ModelError
from thumbnet.models import build_model
from thumbnet.models.folder import (
    Architecture,
    ModelConfig,
    ModelInput,
    find_model_folder,
    load_model_folder,
    save_model_folder,
)

ARGUMENTS = {"widths": [4, 6], "head": "average"}
CONFIG = ModelConfig(
    architecture=Architecture(name="cnn", arguments=ARGUMENTS),
    class_names=("zéro", "one", "two"),
    input=ModelInput(channels=1, size_px=8, scale=255.0, mean=(0.1307,), std=(0.3081,)),
    temperature=1.7,
    refusal_threshold=0.25,
    trained_on={"data": "mnist", "seed": 3},
)


@pytest.fixture
def network() -> nn.Module:
    return build_model("cnn", (1, 8, 8), 3, **ARGUMENTS)


@pytest.fixture
def folder(tmp_path: Path, network: nn.Module) -> Path:
    path = tmp_path / "run" / "model"
    path.mkdir(parents=True)
    save_model_folder(path, network.state_dict(), CONFIG, "# A card\n")
    return path


def _edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


def _sign(folder: Path) -> None:
    """Make the manifest fit the files again, as someone who changes a model would."""
    names = ["model.safetensors", "config.json", "README.md"]
    _edit(folder / "manifest.json", sha256={n: files.sha256(folder / n) for n in names})


def test_round_trip_is_exact_and_ready_to_recognise(folder: Path, network: nn.Module) -> None:
    loaded, config = load_model_folder(folder)
    assert config == CONFIG
    expected, got = network.state_dict(), loaded.state_dict()
    assert list(got) == list(expected)
    for name, value in expected.items():
        assert got[name].dtype == value.dtype
        assert torch.equal(got[name], value)
    assert not any(module.training for module in loaded.modules())


def test_folder_holds_the_four_files_and_the_checksums_of_three(folder: Path) -> None:
    names = {"model.safetensors", "config.json", "README.md", "manifest.json"}
    assert {path.name for path in folder.iterdir()} == names
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["format"] == 1
    expected = {name: files.sha256(folder / name) for name in names - {"manifest.json"}}
    assert manifest["sha256"] == expected
    assert (folder / "README.md").read_text() == "# A card\n"


def test_weights_that_are_views_or_not_contiguous_are_saved_as_they_look(folder: Path) -> None:
    # Channels-last and a transposed view: safetensors itself refuses both.
    network = build_model("cnn", (1, 8, 8), 3, **ARGUMENTS).to(memory_format=torch.channels_last)
    weights = network.state_dict()
    last = next(reversed([name for name in weights if name.endswith("weight")]))
    weights[last] = torch.arange(18.0).reshape(6, 3).t()
    save_model_folder(folder, weights, CONFIG, "")
    loaded, _ = load_model_folder(folder)
    for name, value in loaded.state_dict().items():
        assert torch.equal(value, weights[name])


def test_saving_the_same_twice_gives_the_same_bytes(folder: Path, network: nn.Module) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    save_model_folder(folder, network.state_dict(), CONFIG, "# A card\n")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "README.md"])
def test_file_that_was_changed_is_named(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[-2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ModelError, match=f"model's '{name}' is not the one that was saved"):
        load_model_folder(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "README.md"])
def test_file_that_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"'{name}' is not the one(.|\n)*no such file"):
        load_model_folder(folder)


@pytest.mark.parametrize("text", ["{", "", "\x00", '{"format": 1}', '{"format": 1, "sha256": []}'])
def test_damaged_manifest_is_a_model_error(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=r"(cannot be read|damaged)(.|\n)*manifest\.json"):
        load_model_folder(folder)


def test_manifest_that_is_no_object_is_a_model_error(folder: Path) -> None:
    (folder / "manifest.json").write_text("[1]")
    with pytest.raises(ModelError, match=r"damaged(.|\n)*expected: a JSON object"):
        load_model_folder(folder)


def test_manifest_must_cover_weights_and_config(folder: Path) -> None:
    _edit(folder / "manifest.json", sha256={"config.json": files.sha256(folder / "config.json")})
    with pytest.raises(ModelError, match="manifest is damaged"):
        load_model_folder(folder)


@pytest.mark.parametrize("version", [2, "1", None])
@pytest.mark.parametrize("name", ["manifest.json", "config.json"])
def test_format_of_a_later_version_asks_for_an_upgrade(
    folder: Path, name: str, version: object
) -> None:
    _edit(folder / name, format=version)
    if name == "config.json":
        _sign(folder)
    with pytest.raises(ModelError, match=f"format {version}\n(.|\n)*pip install --upgrade"):
        load_model_folder(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"class_names": ["one"]},
        {"temperature": 0},
        {"refusal_threshold": 1.5},
        {"input": None},
        {"code": "import os"},
    ],
)
def test_config_out_of_range_is_a_model_error(folder: Path, changes: dict[str, object]) -> None:
    _edit(folder / "config.json", **changes)
    _sign(folder)
    with pytest.raises(ModelError, match=f"files are damaged: (.|\n)*{next(iter(changes))}"):
        load_model_folder(folder)


def test_weights_that_are_no_safetensors_are_a_model_error(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x80\x04.")
    _sign(folder)
    with pytest.raises(ModelError, match="files are damaged"):
        load_model_folder(folder)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ({"name": "mlp", "arguments": {}}, "weights do not fit the architecture"),
        ({"name": "cnn", "arguments": {}}, "weights do not fit the architecture"),
        ({"name": "cnm", "arguments": {}}, "no model 'cnm'"),
        ({"name": "cnn", "arguments": {"wide": 3}}, "'cnn' has no argument 'wide'"),
        (
            {"name": "cnn", "arguments": {"num_classes": 3}},
            "arguments(.|\n)*may not hold input_shape, name, num_classes",
        ),
    ],
)
def test_architecture_that_does_not_fit_is_a_model_error(
    folder: Path, architecture: dict[str, object], message: str
) -> None:
    _edit(folder / "config.json", architecture=architecture)
    _sign(folder)
    with pytest.raises(ModelError, match=message):
        load_model_folder(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/../../secret"])
def test_manifest_cannot_make_another_folders_files_be_read(folder: Path, name: str) -> None:
    (folder.parent / "secret").write_text("x")
    manifest = json.loads((folder / "manifest.json").read_text())
    digest = files.sha256(folder.parent / "secret")
    _edit(folder / "manifest.json", sha256=manifest["sha256"] | {name: digest})
    # The name is looked up inside the folder, where there is no such file.
    with pytest.raises(
        ModelError, match=r"is not the one that was saved(.|\n)*no such file"
    ) as got:
        load_model_folder(folder)
    assert str(got.value.got).startswith(str(folder / Path(name).name))


def test_model_is_found_in_its_own_folder_and_in_its_run(folder: Path) -> None:
    assert find_model_folder(folder) == folder
    assert find_model_folder(folder.parent) == folder


def test_unfinished_run_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("")
    with pytest.raises(ModelError, match=r"has not finished(.|\n)*thumbnet train --resume"):
        find_model_folder(tmp_path)


def test_no_model_and_nothing_at_all_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="this is no model"):
        find_model_folder(tmp_path)
    with pytest.raises(ModelError, match=r"the model does not exist(.|\n)*fix: train one"):
        find_model_folder(tmp_path / "nowhere")


def test_a_name_too_long_for_the_system_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: File name too long"):
        find_model_folder(tmp_path / ("x" * 300))
