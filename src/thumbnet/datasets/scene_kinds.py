"""The kinds of made photos: what each may look like.

A kind changes what it is named after and leaves the rest an everyday photo: slightly turned,
unevenly lit, a little blurred and noisy, compressed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

Range = tuple[float, float]

_LANDSCAPE = ((640, 480), (800, 600), (1000, 400), (1280, 960), (1600, 1200))
_SIZES = ((600, 200), *_LANDSCAPE, (600, 800), (960, 1280))


@dataclass(frozen=True)
class Look:
    """What the scenes of a kind may look like; pairs are the lowest and the highest value.

    Lengths of writing are shares of a digit's height; light is in [0, 1].

    Attributes:
        hard: whether a reader is excused more easily.
        content: ``rows``, ``phone``, ``boxes``, ``comb``, ``table``, ``letters``, ``text``,
            ``doodles`` or ``nothing``.
        papers: names of ``scene_paper``; one is chosen.
        pens: names of ``scene_ink``; one is chosen.
        sizes: width and height of the picture; one is chosen.
        rows: number of rows of digits.
        digits: number of digits in a row.
        fill: share of the largest size at which the writing fits.
        gap: between the ink of neighbours.
        tuck: how far a digit may reach into the box of the one before.
        touching: share of neighbours that meet.
        slant: of the writer, in x per y.
        broken: share of the stroke that the pen skips.
        wave: amplitude of a row's wave.
        cut: whether a further row is cut by the picture's edge.
        tilt_deg: largest turn of the page.
        perspective: standard deviation of the page's corners, as a share of the picture.
        curl: largest bulge of the page, as a share of the picture's height.
        folds: largest number of creases.
        desk: share of the scenes in which the page ends within the picture.
        shadows: share of the scenes with a shadow.
        glare: share of the scenes with a reflection.
        gradient: how far the light falls off.
        exposure: brightness of white paper.
        contrast: 1 for all of it.
        cast: largest warm or cold cast.
        ruling: strength of the lines of ruled paper.
        blur: standard deviation of the defocus, as a share of the stroke's width.
        shake: length of a movement, as a share of the stroke's width.
        noise: standard deviation of the sensor's noise.
        sharpen: amount of unsharp masking.
        jpeg: quality.
    """

    hard: bool = False
    content: str = "rows"
    papers: tuple[str, ...] = ("white", "white", "cream")
    pens: tuple[str, ...] = ("ballpoint", "ballpoint", "gel", "marker")
    sizes: tuple[tuple[int, int], ...] = _SIZES
    rows: tuple[int, int] = (1, 5)
    digits: tuple[int, int] = (1, 12)
    fill: Range = (0.5, 0.95)
    gap: Range = (0.1, 0.4)
    tuck: float = 0.1
    touching: float = 0.0
    slant: Range = (-0.1, 0.35)
    broken: float = 0.0
    wave: Range = (0.0, 0.06)
    cut: bool = False
    tilt_deg: float = 2.0
    perspective: float = 0.012
    curl: float = 0.004
    folds: int = 0
    desk: float = 0.0
    shadows: float = 0.0
    glare: float = 0.0
    gradient: Range = (0.05, 0.35)
    exposure: Range = (0.75, 1.0)
    contrast: Range = (0.85, 1.0)
    cast: float = 0.07
    ruling: Range = (0.25, 0.6)
    blur: Range = (0.1, 0.3)
    shake: Range = (0.0, 0.0)
    noise: Range = (0.004, 0.016)
    sharpen: Range = (0.0, 0.8)
    jpeg: tuple[int, int] = (72, 95)

    @property
    def is_screen(self) -> bool:
        """Whether it is a drawing on a screen, which no camera has seen."""
        return self.papers[0].endswith("screen")


_ANY_PAPER = ("white", "cream", "recycled", "lined", "squared", "dotted")
_BLANK = (*_ANY_PAPER, "kraft", "sticky", "blackboard", "whiteboard")
_FINE_PENS = ("pencil", "ballpoint", "ballpoint", "gel")
_FORM = Look(content="boxes", pens=("ballpoint", "gel", "pencil"), rows=(1, 3), digits=(3, 10))

KINDS: dict[str, Look] = {
    # Clean: what a careful person photographs.
    "plain": Look(),
    "lined": Look(papers=("lined",), pens=_FINE_PENS),
    "squared": Look(papers=("squared",), pens=_FINE_PENS),
    "dotted": Look(papers=("dotted",), pens=_FINE_PENS),
    "recycled": Look(papers=("recycled",), pens=("ballpoint", "gel", "marker")),
    "sticky": Look(papers=("sticky",), pens=("ballpoint", "gel", "marker"), desk=0.5, rows=(1, 3)),
    "pencil": Look(pens=("pencil",)),
    "marker": Look(pens=("marker",), rows=(1, 3), digits=(1, 8)),
    "whiteboard": Look(papers=("whiteboard",), pens=("board marker",), glare=0.6),
    "tablet": Look(
        papers=("bright screen", "dark screen"), pens=("stylus",), rows=(1, 3), digits=(1, 8)
    ),
    "single": Look(rows=(1, 1), digits=(1, 1), fill=(0.6, 1.0), pens=("gel", "marker", "pencil")),
    "phone": Look(content="phone", papers=_ANY_PAPER[:5], rows=(1, 3)),
    "boxes": _FORM,
    "tilted": Look(papers=_ANY_PAPER, tilt_deg=8.0),
    "desk": Look(papers=_ANY_PAPER, desk=1.0, perspective=0.03),
    "everyday": Look(
        papers=_ANY_PAPER,
        pens=(*_FINE_PENS, "marker"),
        tilt_deg=4.0,
        perspective=0.02,
        desk=0.3,
        shadows=0.25,
    ),
    # Hard: what somebody sends all the same.
    "comb": replace(_FORM, hard=True, content="comb"),
    "table": replace(_FORM, hard=True, content="table", digits=(3, 8), rows=(2, 5)),
    "strong-squares": Look(hard=True, papers=("squared",), pens=_FINE_PENS, ruling=(0.7, 1.0)),
    "kraft": Look(hard=True, papers=("kraft",), pens=("ballpoint", "gel", "marker")),
    "blackboard": Look(hard=True, papers=("blackboard",), pens=("chalk",), rows=(1, 4)),
    "shadow": Look(hard=True, papers=_ANY_PAPER, shadows=1.0, gradient=(0.1, 0.6)),
    "wavy": Look(hard=True, wave=(0.25, 0.7), slant=(-0.2, 0.5), digits=(5, 12)),
    "perspective": Look(hard=True, papers=_ANY_PAPER, perspective=0.07, tilt_deg=6, desk=0.4),
    "folded": Look(hard=True, papers=_ANY_PAPER, folds=3, curl=0.015),
    "noisy": Look(hard=True, noise=(0.04, 0.09), exposure=(0.5, 0.9)),
    "jpeg": Look(hard=True, papers=_ANY_PAPER, jpeg=(40, 55), sizes=_SIZES[:4]),
    "low-contrast": Look(hard=True, contrast=(0.25, 0.5), pens=_FINE_PENS),
    "dark": Look(
        hard=True, exposure=(0.18, 0.4), noise=(0.015, 0.035), gradient=(0.2, 0.6), shadows=0.3
    ),
    "blurred": Look(hard=True, blur=(0.4, 0.8), shake=(0.0, 1.3)),
    "touching": Look(hard=True, touching=0.4, gap=(0.03, 0.2), digits=(2, 9), rows=(1, 3)),
    "overlapping": Look(hard=True, gap=(0.03, 0.1), tuck=0.4, slant=(0.3, 0.7)),
    "broken": Look(hard=True, broken=0.1, pens=("ballpoint", "pencil", "gel", "marker")),
    "spaced": Look(hard=True, gap=(0.5, 1.6), digits=(2, 8)),
    "small": Look(hard=True, papers=_ANY_PAPER, pens=_FINE_PENS, fill=(0.1, 0.25)),
    "cut": Look(hard=True, cut=True, rows=(1, 3), tilt_deg=1.0),
    "large": Look(
        hard=True,
        papers=_ANY_PAPER,
        sizes=((4000, 3000), (3000, 4000)),
        fill=(0.15, 0.7),
        desk=0.5,
        shadows=0.3,
    ),
    # No digits at all.
    "empty": Look(content="nothing", papers=_BLANK, desk=0.3, shadows=0.3, folds=1),
    "letters": Look(hard=True, content="letters", papers=_ANY_PAPER, rows=(1, 4), digits=(3, 14)),
    "text": Look(hard=True, content="text", papers=("white", "cream"), rows=(2, 9)),
    "doodles": Look(
        hard=True, content="doodles", papers=_ANY_PAPER, rows=(1, 3), digits=(1, 5), gap=(0.3, 1.5)
    ),
}
CLEAN_KINDS = tuple(kind for kind, look in KINDS.items() if not look.hard)
HARD_KINDS = tuple(kind for kind, look in KINDS.items() if look.hard)
FORMS = ("boxes", "comb", "table")  # contents that are written into boxes
NO_DIGITS = ("nothing", "letters", "text", "doodles")  # contents
EMPTY_KINDS = tuple(kind for kind, look in KINDS.items() if look.content in NO_DIGITS)
