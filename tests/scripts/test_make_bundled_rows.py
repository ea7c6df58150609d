"""How the network for rows is trained: its rows, its loss, and the file that comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from composed_rows import RowComposer
from made_rows import SIZES, load_strips, rows_of, save_strips
from make_bundled_rows import export_rows
from strip_augmentation import augment
from thumbnet.datasets.mnist import load_mnist
from thumbnet.datasets.scenes import make_scene
from thumbnet.inference.locate import bundled_model
from thumbnet.models.row_network import RowNetwork
from thumbnet.reading.row_recogniser import RowAnswer, RowRecogniser
from train_rows import Settings, ctc_loss, make_batches, padded, share_right


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    mnist = load_mnist("train")
    return mnist.images[:2000, 0].numpy(), mnist.labels[:2000].numpy()


@pytest.fixture(scope="module")
def glyphs(digits: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Some of them stand for what is no digit."""
    return digits[0], np.where(np.arange(len(digits[1])) < 50, 10, digits[1])


def test_the_rows_of_a_made_photo_say_what_was_written(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    scene = make_scene("plain", 3, *digits, SIZES)
    found = list(rows_of(scene, np.random.default_rng(0)))
    assert sorted(text for _, text in found) == sorted(scene.lines)
    assert all(strip.shape[:2] == (2, 32) for strip, _ in found)


def test_a_page_of_letters_says_nothing(digits: tuple[np.ndarray, np.ndarray]) -> None:
    scene = make_scene("letters", 3, *digits, SIZES)
    found = list(rows_of(scene, np.random.default_rng(0)))
    assert found
    assert {text for _, text in found} == {""}


def test_composed_rows_are_the_same_for_the_same_seed(
    glyphs: tuple[np.ndarray, np.ndarray],
) -> None:
    first, second = (RowComposer(*glyphs, np.random.default_rng(5)) for _ in range(2))
    for _ in range(20):
        (strip, text), (again, same) = first.compose(), second.compose()
        assert (strip == again).all()
        assert text == same
        assert len(text) <= 12
        assert set(text) <= set("0123456789")
        assert strip.dtype == np.uint8
        assert strip.shape[:2] == (2, 32)


def test_strips_are_kept_as_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    strips = [
        (rng.integers(0, 256, (2, 32, width), np.uint8), text, "plain")
        for width, text in [(20, "1"), (64, ""), (33, "007")]
    ]
    save_strips(tmp_path / "rows.npz", strips)
    kept = load_strips(tmp_path / "rows.npz")
    assert [each[1:] for each in kept] == [each[1:] for each in strips]
    assert all((a[0] == b[0]).all() for a, b in zip(kept, strips, strict=True))


def test_augmentation_keeps_the_form_and_follows_its_generator() -> None:
    strips = torch.randint(0, 256, (6, 2, 32, 96), dtype=torch.uint8)
    widths = torch.tensor([96, 80, 60, 96, 40, 20])
    first, filled = augment(strips, widths, torch.Generator().manual_seed(1))
    second, _ = augment(strips, widths, torch.Generator().manual_seed(1))
    assert torch.equal(first, second)
    assert first.shape == strips.shape
    assert first.dtype == torch.float32
    assert 0 <= float(first.min()) <= float(first.max()) <= 1
    assert not torch.allclose(first, strips / 255)
    assert (filled <= 96).all()
    assert (filled > 0).all()


def test_the_loss_is_the_likelihood_that_reading_uses() -> None:
    logits = torch.randn(3, 11, 9, generator=torch.Generator().manual_seed(0))
    texts = ["12", "00", ""]
    places = logits.log_softmax(1).transpose(1, 2).numpy()
    losses = [
        -RowAnswer(row).log_likelihood(text) / max(len(text), 1)
        for row, text in zip(places, texts, strict=True)
    ]
    loss = ctc_loss(logits, torch.tensor([18, 18, 18]), texts)
    assert float(loss) == pytest.approx(np.mean(losses), rel=1e-4)


def test_half_of_all_rows_are_from_photos(glyphs: tuple[np.ndarray, np.ndarray]) -> None:
    photo = (np.full((2, 32, 40), 7, np.uint8), "5", "plain")
    composer = RowComposer(*glyphs, np.random.default_rng(0))
    settings = Settings(batch_size=8, pool_batches=4, joined=0.0)
    batches = make_batches([photo], composer, settings, np.random.default_rng(0))
    rows = [row for _ in range(4) for row in next(batches)]
    assert sum(strip is photo[0] for strip, _ in rows) == 16
    assert len(rows) == 32


def test_the_file_says_what_the_network_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = RowNetwork((4, 4, 8, 8), mix=8).eval()
    strips = [np.random.default_rng(0).integers(0, 256, (2, 32, 64), np.uint8)] * 2
    export_rows(network, tmp_path / "rows.onnx")
    assert b".py" not in (tmp_path / "rows.onnx").read_bytes()
    answers = RowRecogniser.load(tmp_path / "rows.onnx", threads=1).read(strips)
    pixels, _, _ = padded([(strip, "") for strip in strips])
    with torch.no_grad():
        expected = network(pixels.float() / 255).log_softmax(1).transpose(1, 2).numpy()
    for answer, row in zip(answers, expected, strict=True):
        assert answer.log_probabilities == pytest.approx(row, abs=1e-4)
    labelled = [(strip, answers[0].text, "plain") for strip in strips]
    assert share_right(network, labelled) == 1.0
    assert share_right(network, [(strips[0], "0123456789" * 2, "plain")]) == 0.0


def test_no_bundled_file_says_where_it_was_made() -> None:
    for name in ("digits", "rows"):
        assert b".py" not in bundled_model(name).read_bytes(), name
