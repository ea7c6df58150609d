"""The pictures of a report: mistakes, hard and typical images, maps, doubtful labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor

from thumbnet.evaluation.examples import class_examples, confused_pairs, hardest
from thumbnet.evaluation.suspicious import suspicious_labels
from thumbnet.evaluation.thumbnails import map_limit, overlay, thumbnail_uri, to_pixels

# A page holds about 350 pictures of up to 4 kB, so that it stays well below 3 MB.
MAX_CLASSES = 100
_MAX_CLASS_PICTURES, _MAX_OF_A_CLASS = 200, 8


@dataclass(frozen=True)
class Shown:
    """A small picture with what stands below it.

    Attributes:
        uri: the picture itself.
        alt: what it shows, for those who cannot see it.
        lines: of text below it.
        is_wrong: the recogniser takes it for another class.
    """

    uri: str
    alt: str
    lines: tuple[str, ...] = ()
    is_wrong: bool = False


@dataclass(frozen=True)
class PairRow:
    """Two classes that are taken for each other, see ``ConfusedPair``."""

    first: str
    second: str
    num_first_as_second: int
    num_second_as_first: int
    share: float
    pictures: tuple[Shown, ...]


@dataclass(frozen=True)
class ClassRow:
    """Images of a class, see ``ClassExamples``."""

    name: str
    typical: tuple[Shown, ...]
    borderline: tuple[Shown, ...]


@dataclass(frozen=True)
class Evidence:
    """Maps of a few mistakes: what speaks for the prediction, and what for the true class.

    Attributes:
        rows: for each mistake the picture, its map by occlusion and by integrated gradients.
        limits: the values that have the full colour, of either method.
    """

    rows: tuple[tuple[Shown, Shown, Shown], ...]
    limits: tuple[float, float]


@dataclass(frozen=True)
class Suspicious:
    """Training images whose label the network does not believe.

    Attributes:
        pictures: the least believed first.
        num_images: how many labels were looked at.
        num_disagreeing: how many of them the network takes for another class.
    """

    pictures: tuple[Shown, ...]
    num_images: int
    num_disagreeing: int


@dataclass(frozen=True)
class ReportPictures:
    """What a report shows beside its charts; an empty part is left out."""

    pairs: tuple[PairRow, ...] = ()
    hardest: tuple[Shown, ...] = ()
    evidence: Evidence | None = None
    classes: tuple[ClassRow, ...] = ()
    suspicious: Suspicious | None = None
    samples: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Answered:
    """Images with their labels and what a recogniser said of them.

    Attributes:
        images: uint8 ``(N, C, H, W)``, C is 1 (grey) or 3 (RGB), on the CPU.
        labels: int64 ``(N,)``.
        probabilities: floating point ``(N, K)``, each row a distribution.
        class_names: K names, in label order.
    """

    images: Tensor
    labels: Tensor
    probabilities: Tensor
    class_names: Sequence[str]

    def shown(self, indices: Iterable[int], *, with_lines: bool = True) -> tuple[Shown, ...]:
        """Return images with "label → prediction" and the probabilities of these two."""
        return tuple(self._shown(index, with_lines) for index in indices)

    def _shown(self, index: int, with_lines: bool) -> Shown:
        label, shares = int(self.labels[index]), self.probabilities[index]
        predicted = int(shares.argmax())
        is_wrong = predicted != label
        names = self.class_names[label], self.class_names[predicted]
        lines = (
            f"{names[0]} → {names[1]}",
            f"{_percent(float(shares[predicted]))} · {_percent(float(shares[label]))}",
        )
        return Shown(
            uri=thumbnail_uri(to_pixels(self.images[index])),
            alt=f"{names[0]}, taken for {names[1]}" if is_wrong else names[0],
            lines=lines if with_lines else (),
            is_wrong=is_wrong,
        )


def pair_rows(answered: Answered) -> tuple[PairRow, ...]:
    """Return the most confused pairs of classes, with pictures."""
    names = answered.class_names
    return tuple(
        PairRow(
            first=names[pair.first],
            second=names[pair.second],
            num_first_as_second=pair.num_first_as_second,
            num_second_as_first=pair.num_second_as_first,
            share=pair.share,
            pictures=answered.shown(pair.examples, with_lines=False),
        )
        for pair in confused_pairs(answered.probabilities, answered.labels)
    )


def hardest_pictures(answered: Answered) -> tuple[Shown, ...]:
    """Return the images with the highest loss."""
    return answered.shown(hardest(answered.probabilities, answered.labels))


def class_rows(answered: Answered) -> tuple[ClassRow, ...]:
    """Return typical and borderline images of the classes, fewer of each where there are many.

    Of more than ``MAX_CLASSES`` classes, the first ones.
    """
    names = answered.class_names[:MAX_CLASSES]
    num_each = min(_MAX_OF_A_CLASS, max(1, _MAX_CLASS_PICTURES // (2 * len(names))))
    examples = class_examples(answered.probabilities, answered.labels, num_each)
    return tuple(
        ClassRow(
            name=name,
            typical=answered.shown(each.typical, with_lines=False),
            borderline=answered.shown(each.borderline, with_lines=False),
        )
        for name, each in zip(names, examples, strict=False)
    )


def suspicious_pictures(answered: Answered) -> Suspicious:
    """Return the training images whose labels the network believes least."""
    chosen = suspicious_labels(answered.probabilities, answered.labels, answered.images)
    disagreeing = answered.probabilities.argmax(1) != answered.labels
    return Suspicious(answered.shown(chosen), len(answered.labels), int(disagreeing.sum()))


def sample_pictures(
    images: Tensor, labels: Tensor, class_names: Sequence[str]
) -> tuple[Shown, ...]:
    """Return images with their labels."""
    names = [class_names[label] for label in labels.tolist()]
    return tuple(
        Shown(thumbnail_uri(to_pixels(image)), name, (name,))
        for image, name in zip(images, names, strict=True)
    )


def evidence_rows(
    answered: Answered,
    indices: Sequence[int],
    occlusion: Tensor,
    gradients: Tensor,
    backgrounds: Sequence[float],
) -> Evidence:
    """Lay maps over mistakes.

    Args:
        answered: the images.
        indices: M of them.
        occlusion: float ``(M, H, W)``, above 0 where a place speaks for the prediction and below
            where it speaks for the true class.
        gradients: likewise.
        backgrounds: M grey levels of what is empty, see ``overlay``.
    """
    maps = [occlusion.numpy(), gradients.numpy()]
    limits = map_limit(maps[0]), map_limit(maps[1])
    rows = []
    for place, shown in enumerate(answered.shown(indices)):
        pixels = to_pixels(answered.images[indices[place]])
        laid = [
            thumbnail_uri(overlay(pixels, each[place], limit, backgrounds[place]))
            for each, limit in zip(maps, limits, strict=True)
        ]
        names = f"{shown.alt}: map by"
        first, second = Shown(laid[0], f"{names} occlusion"), Shown(laid[1], f"{names} gradients")
        rows.append((shown, first, second))
    return Evidence(tuple(rows), limits)


def _percent(share: float) -> str:
    text = {"100.0": "> 99.9", "0.0": "< 0.1"}.get(number := f"{100 * share:.1f}", number)
    return f"{text} %".replace(" ", "\N{NO-BREAK SPACE}")
