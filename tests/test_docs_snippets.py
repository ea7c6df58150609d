from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import thumbnet
from thumbnet.datasets.mnist import load_mnist
from thumbnet.training.catalogue import list_models
from thumbnet.training.train import train

DOCS = Path(__file__).parents[1] / "docs"
SNIPPET = re.compile(
    r"<!-- runnable(?:: ([\w-]+))? -->\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
MISTAKE_PAGES = ("mistakes.md", "zh/mistakes.md")
TINY = {"epochs": 1, "data.limit": 200, "data.validation": 100}


def snippets(page: str) -> list[tuple[str, str]]:
    """Return name and code of a page's runnable blocks, in order."""
    return SNIPPET.findall((DOCS / page).read_text(encoding="utf-8"))


@pytest.fixture(params=MISTAKE_PAGES)
def mistakes(request: pytest.FixtureRequest) -> dict[str, str]:
    return dict(snippets(request.param))


@pytest.fixture
def trained_like() -> nn.Module:
    """Return a network whose two modes give very different answers."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 50), nn.Dropout(0.9), nn.Linear(50, 3))
    norm = model[0]
    norm.running_mean = torch.full((6,), 3.0)
    return model


@pytest.fixture
def batches() -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(83, 6, generator=generator) + 3
    labels = torch.randint(0, 3, (83,), generator=generator)
    return list(zip(images.split(20), labels.split(20), strict=True))


def documented_keys() -> dict[str, list[str]]:
    """Return what ``runs.md`` says that each command prints with ``--json``."""
    page = (DOCS / "runs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (?:one object|a list)[^:]*: (.*) \|$", page, re.MULTILINE)
    return {command: re.findall(r"`(\w+)`", keys) for command, keys in rows}


def run(code: str, **names: Any) -> dict[str, Any]:
    namespace = {"torch": torch, "functional": functional, **names}
    exec(code, namespace)
    return namespace


@functools.cache
def small_mnist(split: str) -> thumbnet.ImageSet:
    return load_mnist(split).subset(range(1200))


def test_python_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @functools.wraps(train)
    def tiny_train(*arguments: Any, **options: Any) -> thumbnet.Run:
        options["overrides"] = {**options.get("overrides", {}), **TINY}
        return train(*arguments, **{**options, "progress": False})

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(thumbnet, "train", tiny_train)
    monkeypatch.setattr("thumbnet.datasets.catalog.load_mnist", small_mnist)
    monkeypatch.setattr("thumbnet.training.finish.write_figures_and_report", lambda *_: None)
    found = snippets("python.md")
    assert len(found) == 5
    namespace: dict[str, Any] = {}
    for _, code in found:
        exec(code, namespace)
    assert namespace["logits"].shape == (100, 10)
    assert len(namespace["accuracies"]) == 3
    assert len(list((tmp_path / "runs").iterdir())) == 4
    keys = documented_keys()
    assert keys["train"] == list(namespace["run"].result)
    assert keys["test"] == list(namespace["evaluation"].to_dict())
    fields = list(vars(namespace["prediction"]))
    # A picture is no JSON.
    assert keys["predict"] == ["file", *(name for name in fields if name != "seen")]
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == fields


def test_json_of_models_is_as_documented() -> None:
    assert documented_keys()["models"] == list(list_models()[0])


def test_catalogue_snippet_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (DOCS / "data.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    exec(code, {})
    assert "non-commercial" in capsys.readouterr().out


def test_right_mode_gives_the_networks_answer_and_the_wrong_one_does_not(
    mistakes: dict[str, str], trained_like: nn.Module, batches: list[tuple[Tensor, Tensor]]
) -> None:
    trained_like.eval()
    images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    expected = int((trained_like(images).argmax(1) == labels).sum())
    right = run(mistakes["mode-right"], model=trained_like, batches=batches)
    assert right["num_correct"] == expected
    assert trained_like.training
    before = trained_like.state_dict()["0.running_mean"].clone()
    wrong = run(mistakes["mode-wrong"], model=trained_like, batches=batches)
    assert wrong["num_correct"] != expected
    assert not torch.equal(trained_like.state_dict()["0.running_mean"], before)


def test_right_average_is_exact_and_each_wrong_one_is_not(
    mistakes: dict[str, str], trained_like: nn.Module, batches: list[tuple[Tensor, Tensor]]
) -> None:
    trained_like.eval()
    images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    expected = functional.cross_entropy(trained_like(images), labels).item()
    right = run(mistakes["average-right"], model=trained_like, batches=batches)
    assert right["loss"] == pytest.approx(expected, rel=1e-5)
    wrong = run(mistakes["average-wrong"], model=trained_like, batches=batches)
    assert wrong["a"] != pytest.approx(expected, rel=1e-3)
    assert wrong["b"] == pytest.approx(wrong["a"] * 5 / 83)
    last = functional.cross_entropy(trained_like(batches[-1][0]), batches[-1][1]).item()
    assert wrong["c"] == pytest.approx(last)
    assert last != pytest.approx(expected, rel=1e-3)


def test_choice_by_validation_does_not_look_at_the_test_set(
    mistakes: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    on_test, on_validation = {"a": 0.9, "b": 0.8}, {"a": 0.7, "b": 0.95}
    names = {"test": on_test.get, "validation": on_validation.get, "candidates": ["a", "b"]}
    assert run(mistakes["choice-wrong"], **names)["best"] == "a"
    assert run(mistakes["choice-right"], **names)["best"] == "b"
    assert capsys.readouterr().out == "test accuracy 90.00%\ntest accuracy 80.00%\n"


@pytest.mark.parametrize("page", MISTAKE_PAGES)
def test_both_languages_show_the_same_code(page: str) -> None:
    def without_comments(code: str) -> str:
        return re.sub(r"\s+#.*", "", code)

    def shown(name: str) -> list[tuple[str, str]]:
        return [(key, without_comments(code)) for key, code in snippets(name)]

    assert shown(page) == shown("mistakes.md")
    assert len(shown(page)) == 6
