"""From raw pixels to answers, against the same steps done by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from thumbnet.datasets.mnist import load_mnist
from thumbnet.evaluation.answering import Answering, answer, seen_pixels
from thumbnet.frame import MnistFrame, to_grey
from thumbnet.models import build_model
from thumbnet.models.folder import Architecture, ModelConfig, ModelInput, Views

NAMES = ("a", "b", "c")
TEMPERATURE, THRESHOLD = 1.7, 0.4


def _config(frame: str = "resize", channels: int = 1, **changes: object) -> ModelConfig:
    values = {"temperature": TEMPERATURE, "refusal_threshold": THRESHOLD} | changes
    return ModelConfig(
        architecture=Architecture(name="mlp", arguments={"widths": [8]}),
        class_names=NAMES,
        input=ModelInput(
            channels=channels,
            size_px=28 if frame == "mnist" else 9,
            scale=200.0,
            mean=(0.3,),
            std=(0.2,),
            frame=frame,  # type: ignore[arg-type]
        ),
        **values,  # type: ignore[arg-type]
    )


def _answering(config: ModelConfig) -> Answering:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = build_model("mlp", config.input.shape, config.num_outputs, widths=[8])
    return Answering(network.eval(), config)


def _by_hand(network: nn.Module, framed: np.ndarray, config: ModelConfig) -> list[float]:
    """Return the softmax over all outputs of one picture ``(C, H, W)`` in [0, 255]."""
    values = (torch.from_numpy(framed.astype(np.float32)) / 200 - 0.3) / 0.2
    views, shift = [(values, 1.0)], config.views.shift_px
    if shift:
        padded = nn.functional.pad(values[None], (shift,) * 4, mode="reflect")[0]
        size = values.shape[1]
        corner = [padded[:, 2 * shift :, 2 * shift :], padded[:, :size, :size]]
        views = [(values, 0.5), *((view, 0.25) for view in corner)]
    if config.views.mirror:
        views = [(v, w / 2) for view, w in views for v in (view, view.flip(2))]
    with torch.no_grad():
        logits = sum(weight * network(view[None])[0].double() for view, weight in views)
    assert isinstance(logits, Tensor)
    exponentials = [float(value) for value in (logits / config.temperature).exp()]
    return [value / sum(exponentials) for value in exponentials]


@pytest.mark.parametrize("views", [Views(), Views(shift_px=1), Views(mirror=True, shift_px=2)])
@pytest.mark.parametrize("rejects", [False, True])
@pytest.mark.parametrize(("frame", "channels"), [("resize", 1), ("resize", 3), ("mnist", 1)])
@torch.no_grad()
def test_answers_equal_the_steps_by_hand(
    frame: str, channels: int, rejects: bool, views: Views
) -> None:
    config = _config(frame, channels, rejects=rejects, views=views)
    answering = _answering(config)
    pixels = torch.randint(
        0, 256, (12, 13, 17, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    answers = answering(pixels)
    for index, picture in enumerate(pixels):
        if frame == "mnist":
            framed = MnistFrame()(to_grey(picture[None]))[0].numpy()
        else:
            image = Image.fromarray(picture.numpy()).convert("L" if channels == 1 else "RGB")
            resized = np.asarray(image.resize((9, 9), Image.Resampling.BILINEAR))
            framed = resized.reshape(9, 9, channels).transpose(2, 0, 1)
        whole = _by_hand(answering.network, framed, config)
        shares = [value / sum(whole[:3]) for value in whole[:3]]
        # Pillow rounds what it resized.
        tolerance = 1e-5 if frame == "mnist" else 0.01
        assert answers.probabilities[index].tolist() == pytest.approx(shares, abs=tolerance)
        assert float(answers.score[index]) == pytest.approx(max(whole[:3]), abs=tolerance)
        found = answers.probabilities[index].tolist()
        assert int(answers.label[index]) == found.index(max(found))
        assert float(answers.probability[index]) == max(found)
    assert torch.equal(answers.refused, answers.score < THRESHOLD)
    torch.testing.assert_close(answers.probabilities.sum(1), torch.ones(12))
    if not rejects:
        torch.testing.assert_close(answers.score, answers.probability)
    else:
        assert bool((answers.score < answers.probability).all())


def test_score_is_low_where_none_of_the_classes_wins() -> None:
    logits = torch.tensor([[5.0, 0.0, 0.0, 9.0], [5.0, 0.0, 0.0, -9.0]])
    label, probability, _, refused, score = answer(logits, _config(rejects=True, temperature=1.0))
    assert label.tolist() == [0, 0]
    assert probability[0] == probability[1] > 0.98
    assert (float(score[0]) < 0.02, float(score[1]) > 0.98) == (True, True)
    assert refused.tolist() == [True, False]


def test_score_at_the_threshold_is_not_refused() -> None:
    logits = torch.tensor([[0.2, 0.1, 0.0]])
    score = float(answer(logits, _config())[4])
    assert not answer(logits, _config(refusal_threshold=score))[3]
    assert answer(logits, _config(refusal_threshold=score + 1e-6))[3]


@pytest.mark.parametrize(
    ("frame", "channels", "shape"),
    [("resize", 1, (9, 9)), ("resize", 3, (9, 9, 3)), ("mnist", 1, (28, 28))],
)
@torch.no_grad()
def test_answers_have_the_types_of_the_exported_file(
    frame: str, channels: int, shape: tuple[int, ...]
) -> None:
    answers = _answering(_config(frame, channels))(torch.zeros(2, 30, 20, 1, dtype=torch.uint8))
    assert [(str(value.dtype), tuple(value.shape)) for value in answers] == [
        ("torch.int64", (2,)),
        ("torch.float32", (2,)),
        ("torch.float32", (2, 3)),
        ("torch.bool", (2,)),
        ("torch.float32", (2,)),
        ("torch.uint8", (2, *shape)),
    ]


def test_what_was_seen_is_rounded() -> None:
    framed = torch.tensor([-0.2, 0.4, 0.6, 254.7, 255.3]).reshape(1, 1, 1, 5)
    assert seen_pixels(framed).tolist() == [[[0, 0, 1, 255, 255]]]
    colour = torch.arange(12.0).reshape(1, 3, 2, 2)
    assert torch.equal(seen_pixels(colour)[0, 1, 0], torch.tensor([2, 6, 10], dtype=torch.uint8))


@torch.no_grad()
def test_mnists_own_picture_is_seen_as_it_is() -> None:
    images = load_mnist("train").images[:20]
    answers = _answering(_config("mnist"))(images.permute(0, 2, 3, 1))
    assert torch.equal(answers.seen, images[:, 0])


@pytest.mark.parametrize(("frame", "channels"), [("resize", 1), ("resize", 3), ("mnist", 1)])
@torch.no_grad()
def test_grey_is_answered_as_the_same_grey_in_three_channels(frame: str, channels: int) -> None:
    answering = _answering(_config(frame, channels))
    grey = torch.randint(0, 256, (4, 21, 18, 1), dtype=torch.uint8)
    for one, three in zip(answering(grey), answering(grey.repeat(1, 1, 1, 3)), strict=True):
        assert torch.equal(one, three)
