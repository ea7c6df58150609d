"""What can be wrong with the classes of a data set: their order, and how large they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from thumbnet.datasets.image_set import ImageSet
from thumbnet.images import natural_key
from thumbnet.inspection.doctor.findings import Finding

LARGEST_RATIO = 4.0
"""SVHN, the most uneven of the catalogue's digits, has 3.0."""
FEWEST_TRAIN, FEWEST_TEST = 20, 5
NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "ten",
)


def class_findings(name: str, train: ImageSet, test: ImageSet) -> Iterator[Finding]:
    """Look at the order of the classes and at the number of their pictures."""
    yield from order_findings(name, train.class_names)
    counts = train.class_counts()
    most, fewest = max(counts), min(counts)
    if fewest and most > LARGEST_RATIO * fewest:
        details = {
            "largest": train.class_names[counts.index(most)],
            "most": most,
            "smallest": train.class_names[counts.index(fewest)],
            "fewest": fewest,
            "ratio": f"{most / fewest:.1f}",
        }
        yield Finding("class-imbalance", name, details=details)
    for split, images, least in (("train", train, FEWEST_TRAIN), ("test", test, FEWEST_TEST)):
        small = [
            f"{each} ({count})"
            for each, count in zip(images.class_names, images.class_counts(), strict=True)
            if count < least
        ]
        if small:
            details = {"classes": small, "split": split, "least": least}
            yield Finding("tiny-class", name, form=split, details=details)


def order_findings(name: str, class_names: Sequence[str]) -> Iterator[Finding]:
    """Look whether programs that sort by characters number the classes otherwise."""
    by_characters = sorted(class_names)
    natural = sorted(class_names, key=natural_key)
    folded = sorted(class_names, key=str.casefold)
    if by_characters != natural and folded != natural:
        first = next(
            i for i, (a, b) in enumerate(zip(by_characters, natural, strict=True)) if a != b
        )
        details = {
            "order": by_characters[:12],
            "label": first,
            "by_characters": by_characters[first],
            "natural": natural[first],
        }
        yield Finding("class-order", name, details=details)
    words = [each.casefold() for each in class_names]
    if len(words) > 2 and set(words) <= set(NUMBER_WORDS):
        meant = sorted(words, key=NUMBER_WORDS.index)
        if words != meant:
            details = {"order": list(class_names), "first": class_names[0]}
            yield Finding("class-order", name, form="words", details=details)
