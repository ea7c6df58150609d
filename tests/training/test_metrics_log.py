from __future__ import annotations

import json
import os
import sys
import types
from pathlib import Path

import pytest

from thumbnet.errors import CheckpointError, MissingExtraError
from thumbnet.training.metrics_log import MetricsLog, read_metrics


class Writer:
    """Stands for TensorBoard's writer, which need not be installed."""

    made: list[Writer]

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.scalars: list[tuple[str, float, int]] = []
        self.closed = False
        Writer.made.append(self)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars.append((name, value, step))

    def close(self) -> None:
        self.closed = True


def test_every_line_is_json_with_its_event(tmp_path: Path) -> None:
    with MetricsLog(tmp_path) as log:
        log.write("step", {"step": 1, "loss": 1 / 3})
        log.write("epoch", {"step": 2, "validation_loss": None})
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == read_metrics(tmp_path)
    assert read_metrics(tmp_path) == [
        {"event": "step", "step": 1, "loss": 1 / 3},
        {"event": "epoch", "step": 2, "validation_loss": None},
    ]


def test_line_is_on_disk_as_soon_as_it_is_written(tmp_path: Path) -> None:
    with MetricsLog(tmp_path) as log:
        log.write("step", {"step": 1})
        assert read_metrics(tmp_path) == [{"event": "step", "step": 1}]


def test_resumed_log_drops_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    with MetricsLog(tmp_path) as log:
        log.write("step", {"step": 1})
        offset = log.sync()
        log.write("step", {"step": 2})
    with (tmp_path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"event": "st')
    with MetricsLog(tmp_path, offset) as log:
        log.write("step", {"step": 3})
        assert log.sync() > offset
    assert [row["step"] for row in read_metrics(tmp_path)] == [1, 3]


def test_new_log_forgets_an_older_file(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("old\n")
    with MetricsLog(tmp_path) as log:
        log.write("step", {"step": 1})
    assert len(read_metrics(tmp_path)) == 1


def test_sync_reaches_the_disk_and_returns_the_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(os, "fsync", lambda number: seen.append(os.fstat(number).st_size))
    with MetricsLog(tmp_path) as log:
        log.write("step", {"step": 1})
        length = log.sync()
    assert seen == [length] == [(tmp_path / "metrics.jsonl").stat().st_size]


@pytest.mark.parametrize("size", [None, 0, 9])
def test_file_shorter_than_the_checkpoint_says_is_refused_and_kept(
    tmp_path: Path, size: int | None
) -> None:
    path = tmp_path / "metrics.jsonl"
    if size is not None:
        path.write_bytes(b"x" * size)
    with pytest.raises(
        CheckpointError, match=rf"shorter(.|\n)*{size or 0} bytes(.|\n)*at least 10"
    ):
        MetricsLog(tmp_path, offset=10)
    assert (path.stat().st_size if path.exists() else None) == size


def test_number_that_json_has_not_is_refused(tmp_path: Path) -> None:
    with MetricsLog(tmp_path) as log:
        with pytest.raises(ValueError, match="not JSON compliant"):
            log.write("step", {"step": 1, "loss": float("nan")})
        log.write("step", {"step": 2})
    assert read_metrics(tmp_path) == [{"event": "step", "step": 2}]


def test_tensorboard_that_is_missing_says_how_to_install_it_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    (tmp_path / "metrics.jsonl").write_text("old\n")
    with pytest.raises(MissingExtraError, match=r"pip install 'thumbnet\[tensorboard\]'"):
        MetricsLog(tmp_path, tensorboard=True)
    assert (tmp_path / "metrics.jsonl").read_text() == "old\n"


def test_tensorboard_is_told_the_floats_under_their_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = types.ModuleType("torch.utils.tensorboard")
    library.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", library)
    Writer.made = []
    with MetricsLog(tmp_path, tensorboard=True) as log:
        log.write("epoch", {"step": 7, "epoch": 1, "loss": 0.5, "validation_loss": None})
    (writer,) = Writer.made
    assert writer.folder == str(tmp_path / "tensorboard")
    assert writer.scalars == [("epoch/loss", 0.5, 7)]
    assert writer.closed
