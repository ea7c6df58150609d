"""Photos of handwriting that nobody took: made from digits, with the truth about what they say.

A scene is one sheet of one paper, written on by one hand with one pen, and seen once by a camera.
What each kind looks like stands in ``scene_kinds``; the same kind and seed give the same picture.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image

from thumbnet.datasets import scene_photo as photo
from thumbnet.datasets.scene_ink import PENS, lay_ink, skip_ink
from thumbnet.datasets.scene_kinds import FORMS, KINDS, NO_DIGITS, Look
from thumbnet.datasets.scene_paper import (
    DARK,
    RULED,
    make_paper,
    print_cells,
    rule_margin,
    wooden_desk,
)
from thumbnet.datasets.scene_writing import (
    Corners,
    Digits,
    Doodles,
    Letters,
    Manner,
    RowPath,
    Sheet,
    Writer,
    print_text,
    write_in_boxes,
    write_row,
)
from thumbnet.errors import DataError, nearest

Box = tuple[int, int, int, int]

SMALLEST_PX = 22  # height of a digit; below it not even people are sure
_ADVANCE = 0.62  # Width of a digit, as a share of its height, on the average.
_FEWEST_LINES = 1.45  # Distance of two rows, as a share of a digit's height.
_OWN_FORMS = 0.25  # Share of the scenes written in the forms of ``made_digits``.


@dataclass(frozen=True)
class Scene:
    """A made photo and what it says.

    Attributes:
        picture: uint8 ``(H, W, 3)``, as it was before compression.
        lines: the digits of every row, from top to bottom; none on an empty page.
        boxes: for every row, left, top, right and bottom of its digits, in pixels, half-open.
        kind: its name in ``scene_kinds``.
        hard: whether the kind is a hard one.
        jpeg_quality: to compress it with; None for a drawing, which is a PNG.
        num_others: number of signs that are in no line: letters, drawings, digits cut off.
    """

    picture: np.ndarray
    lines: tuple[str, ...]
    boxes: tuple[tuple[Box, ...], ...]
    kind: str
    hard: bool
    jpeg_quality: int | None
    num_others: int

    @property
    def suffix(self) -> str:
        """The end of its file's name."""
        return ".png" if self.jpeg_quality is None else ".jpg"

    def encode(self) -> bytes:
        """Return the file that a phone would have sent."""
        file = BytesIO()
        image = Image.fromarray(self.picture)
        if self.jpeg_quality is None:
            image.save(file, "PNG", optimize=True)
        else:
            image.save(file, "JPEG", quality=self.jpeg_quality)
        return file.getvalue()


@dataclass(frozen=True)
class _Plan:
    """Where on the page what goes, in pixels of the page.

    Attributes:
        shape: height and width of the page.
        window: corners of what the camera will see, were it not turned.
        room: corners of what is surely seen.
        rows: number of digits in each row.
        size_px: height of a digit.
        pitch_px: distance of the rows.
        ruling_px: distance of the paper's lines.
        first_y: where the first row stands.
    """

    shape: tuple[int, int]
    window: Corners
    room: Corners
    rows: tuple[int, ...]
    size_px: float
    pitch_px: float
    ruling_px: float
    first_y: float


def make_scene(
    kind: str,
    seed: int,
    digits: np.ndarray,
    labels: np.ndarray,
    sizes: tuple[tuple[int, int], ...] | None = None,
) -> Scene:
    """Make the photo of a kind that belongs to a seed.

    Args:
        kind: one of ``KINDS``.
        seed: 0 or more.
        digits: uint8 ``(M, 28, 28)``, white on black, that the hand may write.
        labels: ``(M,)``, what they are; each of 0 to 9 at least once.
        sizes: widths and heights to choose from, in place of the kind's own.

    Raises:
        DataError: there is no such kind or seed, or the digits are of another form.
    """
    if kind not in KINDS:
        raise DataError("there is no such kind of scene", got=kind, expected=nearest(kind, KINDS))
    if seed < 0:
        raise DataError("no scene has this seed", got=seed, expected="0 or more")
    look = KINDS[kind]
    rng = np.random.default_rng([zlib.crc32(kind.encode()), seed])
    writer = Digits(digits, labels, bool(rng.random() < _OWN_FORMS), rng)
    sizes = sizes or look.sizes
    size = sizes[rng.integers(len(sizes))]
    paper = look.papers[rng.integers(len(look.papers))]
    tilt_deg = 0.0 if look.is_screen else float(rng.uniform(-1, 1) * look.tilt_deg)
    plan = _make_plan(look, paper, size, tilt_deg, rng)
    page = make_paper(
        paper, plan.shape, rng, plan.ruling_px, (plan.room[0], plan.first_y), look.ruling
    )
    sheet = _write(page, look, paper, plan, writer, rng)
    view = _aim(look, size, plan, tilt_deg, rng)
    picture = page if look.is_screen else _shoot(page, look, plan, view, rng)
    if look.is_screen:
        left, top, right, bottom = (round(value) for value in plan.window)
        picture = picture[top:bottom, left:right]
    boxes = tuple(tuple(map(view.box_in_picture, corners)) for _, corners in sheet.lines)
    return Scene(
        np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8),
        tuple(text for text, _ in sheet.lines),
        boxes,
        kind,
        look.hard,
        None if look.is_screen else int(rng.integers(look.jpeg[0], look.jpeg[1] + 1)),
        sheet.num_others,
    )


def _make_plan(
    look: Look, paper: str, size: tuple[int, int], tilt_deg: float, rng: np.random.Generator
) -> _Plan:
    """Choose how much is written, how large and where, so that all of it will be seen."""
    width, height = size
    border = round(0.12 * max(size))
    lean = abs(math.sin(math.radians(tilt_deg)))
    skew = 1.5 * look.perspective * min(size) + 4
    inset_x = 0.04 * width + lean * height / 2 + skew
    inset_y = 0.05 * height + lean * width / 2 + skew + look.curl * height
    window = (border, border, border + width, border + height)
    room = (
        *(window[0] + inset_x, window[1] + inset_y),
        *(window[2] - inset_x, window[3] - inset_y),
    )
    rows, limit = _choose_rows(look, (room[2] - room[0], room[3] - room[1]), rng)
    size_px = max(limit * rng.uniform(*look.fill), min(SMALLEST_PX, limit))
    needed = size_px * (1.15 + 2 * look.wave[1])
    slack = (room[3] - room[1] - needed) / max(len(rows) - 1, 1)
    pitch_px = min(size_px * rng.uniform(_FEWEST_LINES, 2.1), max(slack, size_px))
    ruling_px = size_px * rng.uniform(0.5, 1.0)
    if paper == "lined":
        ruling_px = pitch_px
    elif paper in RULED:
        # Rows stand on lines: they are a whole number of squares apart.
        ruling_px = pitch_px / max(round(pitch_px / ruling_px), 1)
    free = room[3] - room[1] - needed - pitch_px * (len(rows) - 1)
    first_y = room[1] + size_px * (1.1 + look.wave[1]) + max(free, 0) * rng.random()
    shape = (height + 2 * border, width + 2 * border)
    return _Plan(shape, window, room, rows, size_px, pitch_px, ruling_px, first_y)


def _choose_rows(
    look: Look, room: tuple[float, float], rng: np.random.Generator
) -> tuple[tuple[int, ...], float]:
    """Return the number of digits in each row, and the largest height at which they fit."""
    rows = [
        int(rng.integers(look.digits[0], look.digits[1] + 1))
        for _ in range(rng.integers(look.rows[0], look.rows[1] + 1))
    ]
    if look.content == "phone":
        rows = [11] * len(rows)
    advance, pitch = _ADVANCE + sum(look.gap) / 2, _FEWEST_LINES
    if look.content == "phone":
        advance += 0.15
    elif look.content in FORMS:
        advance, pitch = 1.5, 2.2
    while True:
        across = room[0] / (max(rows) * advance + 0.2)
        down = room[1] / ((len(rows) - 1) * pitch + 1.4 + 2 * look.wave[1])
        limit = min(across, down, 0.75 * room[1])
        if limit >= 1.6 * SMALLEST_PX or (len(rows) == 1 and max(rows) == 1):
            return tuple(rows), limit
        if down < across and len(rows) > 1:
            rows.pop()
        else:
            rows = [max(min(num, max(rows) - 1), 1) for num in rows]


def _write(
    page: np.ndarray,
    look: Look,
    paper: str,
    plan: _Plan,
    writer: Writer,
    rng: np.random.Generator,
) -> Sheet:
    """Write on a page, in place, and return what."""
    name = look.pens[rng.integers(len(look.pens))]
    if name == "stylus":
        name = "white stylus" if paper in DARK else "black stylus"
    pen = PENS[name]
    manner = Manner(
        plan.size_px,
        float(rng.uniform(*pen.width)),
        float(rng.uniform(*look.slant)),
        look.gap,
        look.tuck,
        look.touching,
        float(rng.uniform(0.85, 1.1)),
        float(rng.uniform(0.5, 1.2)),
    )
    sheet = Sheet(np.zeros(plan.shape, np.float32))
    if look.content in FORMS:
        cells = _fill_form(sheet, look.content, plan, writer, manner, rng)
        print_cells(page, cells, max(0.03 * plan.size_px, 1.0), rng)
    elif look.content == "text":
        print_text(sheet, plan.room, max(0.6 * plan.size_px, 14.0), rng)
    elif look.content != "nothing":
        others: dict[str, Writer] = {"letters": Letters(rng), "doodles": Doodles(rng)}
        _fill_rows(sheet, look, plan, others.get(look.content, writer), manner, rng)
    if paper == "lined" and rng.random() < 0.4:
        rule_margin(page, plan.room[0] - 0.2 * plan.size_px, max(0.03 * plan.size_px, 1.0))
    if look.broken:
        skip_ink(sheet.shade, look.broken, plan.size_px, rng)
    lay_ink(page, sheet.shade, pen, plan.size_px, rng)
    return sheet


def _fill_rows(
    sheet: Sheet,
    look: Look,
    plan: _Plan,
    writer: Writer,
    manner: Manner,
    rng: np.random.Generator,
) -> None:
    """Write rows one below the other, all leaning about the same."""
    size, (left, _, right, _) = plan.size_px, plan.room
    usual = size * (max(plan.rows) * (_ADVANCE + sum(look.gap) / 2) + 0.6)
    start_x = left + max(right - left - usual, 0) * rng.random()
    tilt = rng.normal(0, 0.006)
    wave = (size * rng.uniform(*look.wave), size * rng.uniform(5, 10))
    phase = rng.uniform(0, 2 * math.pi)
    for index, num in enumerate(plan.rows):
        x = min(start_x + size * rng.uniform(0, 0.3), right)
        y = plan.first_y + index * plan.pitch_px - 0.03 * size * rng.random()
        path = RowPath((x, y), right, tilt + rng.normal(0, 0.003), wave, phase + 0.3 * index)
        groups = writer.groups(num, look.content == "phone")
        write_row(sheet, groups, path, writer, manner, rng, look.content not in NO_DIGITS)
    if look.cut:
        # The window's edge goes through the upper or the lower half of one more row.
        first = rng.random() < 0.5 and plan.first_y - plan.window[1] > 2.1 * size
        last_y = plan.first_y + (len(plan.rows) - 1) * plan.pitch_px
        y = plan.window[1] + 0.35 * size if first else plan.window[3] + 0.6 * size
        if first or y - last_y > _FEWEST_LINES * size:
            path = RowPath((start_x, y), right, tilt)
            write_row(sheet, writer.groups(max(plan.rows), False), path, writer, manner, rng, False)


def _fill_form(
    sheet: Sheet,
    content: str,
    plan: _Plan,
    writer: Writer,
    manner: Manner,
    rng: np.random.Generator,
) -> list[Corners]:
    """Write into boxes, which are returned: apart, joined to a comb, or joined to a table."""
    left, top, right, bottom = plan.room
    num = max(plan.rows)
    gap = rng.uniform(0.1, 0.35) if content == "boxes" else 0.0
    between = 0.0 if content == "table" else rng.uniform(0.3, 0.9)
    height = plan.size_px * rng.uniform(1.3, 1.7)
    width = height * rng.uniform(0.75, 1.0)
    most_down = (bottom - top) / (len(plan.rows) * (1 + between))
    shrink = min(1.0, (right - left) / (num * width * (1 + gap)), most_down / height)
    height, width = height * shrink, width * shrink
    manner = replace(manner, size_px=min(manner.size_px, 0.72 * height))
    start_x = left + (right - left - num * width * (1 + gap)) * rng.random()
    start_y = top + (bottom - top - len(plan.rows) * height * (1 + between)) * rng.random()
    drawn: list[Corners] = []
    for index in range(len(plan.rows)):
        y = start_y + index * height * (1 + between)
        xs = [start_x + place * width * (1 + gap) for place in range(num)]
        cells = [(x, y, x + width, y + height) for x in xs]
        drawn += cells
        write_in_boxes(sheet, writer.groups(num, False)[0], cells, writer, manner, rng)
    return drawn


def _aim(
    look: Look,
    size: tuple[int, int],
    plan: _Plan,
    tilt_deg: float,
    rng: np.random.Generator,
) -> photo.View:
    """Choose the view of the page's window."""
    left, top, right, bottom = plan.window
    centre = ((left + right) / 2, (top + bottom) / 2)
    if look.is_screen:
        return photo.look_at(size, centre, 0.0, 0.0, 0.0, rng)
    return photo.look_at(size, centre, tilt_deg, look.perspective, look.curl, rng)


def _shoot(
    page: np.ndarray,
    look: Look,
    plan: _Plan,
    view: photo.View,
    rng: np.random.Generator,
) -> np.ndarray:
    """Light a page and take its picture."""
    for _ in range(rng.integers(look.folds + 1) if look.folds < 2 else look.folds):
        across = bool(rng.random() < 0.5)
        side = plan.shape[0 if across else 1]
        photo.crease(page, across, side * rng.uniform(0.2, 0.8), rng)
    extent, desk = _lay_down(look, plan, rng)
    picture = photo.photograph(page, extent, desk, view)
    light = photo.gradient(view.size, rng.uniform(*look.gradient), rng)
    picture *= light[:, :, None]
    if rng.random() < look.shadows:
        photo.shade_with(picture, photo.shadow(view.size, rng), rng)
    photo.uneven_exposure(
        picture, rng.uniform(*look.exposure), rng.uniform(*look.contrast), look.cast, rng
    )
    if rng.random() < look.glare:
        photo.glare(picture, rng)
    # A stroke, not a pixel, is what a blur must leave readable.
    stroke_px = max(0.08 * plan.size_px, 1.5)
    picture = photo.defocus(picture, min(stroke_px * rng.uniform(*look.blur), 6.0))
    if look.shake[1]:
        picture = photo.shake(picture, min(stroke_px * rng.uniform(*look.shake), 12.0), rng)
    picture = photo.sense(picture, rng.uniform(*look.noise), rng)
    return photo.sharpen(picture, rng.uniform(*look.sharpen), rng)


def _lay_down(
    look: Look, plan: _Plan, rng: np.random.Generator
) -> tuple[Corners, np.ndarray | None]:
    """Return where the page ends, and the desk below it; a page may end on one or two sides."""
    left, top, right, bottom = plan.window
    height, width = plan.shape
    far = float(max(plan.shape))
    edges = [-far, -far, far + width, far + height]
    if rng.random() >= look.desk:
        return (edges[0], edges[1], edges[2], edges[3]), None
    desk = wooden_desk((round(bottom - top), round(right - left)), rng)
    for side in rng.choice(4, rng.integers(1, 3), replace=False):
        outer, inner = plan.window[side], plan.room[side]
        edges[side] = outer + (inner - outer) * rng.uniform(0.4, 0.95)
    return (edges[0], edges[1], edges[2], edges[3]), desk
