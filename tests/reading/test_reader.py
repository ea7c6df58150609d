"""The reader, end to end, with the bundled recogniser."""

from __future__ import annotations

import copy
import dataclasses
import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from written import INK, PAPER, write_rows

from thumbnet.errors import ImageError, ModelError, ThumbnetError
from thumbnet.reading import Reader, ReadOptions
from thumbnet.reading.marks import Marks, find_marks
from thumbnet.reading.picture import Picture, open_picture


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(threads=1)


def test_rows_are_read_from_top_to_bottom(reader: Reader) -> None:
    reading = reader.read(write_rows(["2718", "31415", "906"]))
    assert reading.text == "2718\n31415\n906"
    assert reading.diagnosis == ()


def test_white_chalk_reads_as_black_ink_does(reader: Reader) -> None:
    assert reader.read(255 - write_rows(["4096", "1379"])).text == "4096\n1379"


@pytest.mark.parametrize(
    ("rows", "light_first", "times"),
    [(["27182818"], False, 1), (["27182818"], True, 2), (["27"], False, 2)],
)
def test_an_uncertain_polarity_is_doubted_only_where_little_was_read(
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[str],
    light_first: bool,
    times: int,
) -> None:
    def unsure(image: object) -> Picture:
        picture = open_picture(image)
        picture = picture.negative() if picture.was_light != light_first else picture
        return dataclasses.replace(picture, is_certain=False)

    looked_at: list[Picture] = []

    def counted(picture: Picture) -> Marks:
        looked_at.append(picture)
        return find_marks(picture)

    monkeypatch.setattr("thumbnet.reading.reader.open_picture", unsure)
    monkeypatch.setattr("thumbnet.reading.reader.find_marks", counted)
    assert reader.read(write_rows(rows)).text == "\n".join(rows)
    assert len(looked_at) == times


def test_a_single_digit_that_fills_the_picture_is_read(reader: Reader) -> None:
    picture = write_rows(["8"], size_px=300)
    ink = np.argwhere(picture < 150)
    (top, left), (bottom, right) = ink.min(0), ink.max(0)
    assert reader.read(picture[top - 9 : bottom + 9, left - 9 : right + 9]).text == "8"


def test_a_28_by_28_picture_is_read(reader: Reader) -> None:
    assert reader.read(write_rows(["7"], size_px=20)[10:50, 10:60]).text == "7"


@pytest.mark.parametrize("tilt_deg", [-9, -4, 4, 9])
def test_tilted_rows_stay_rows(reader: Reader, tilt_deg: float) -> None:
    texts = ["203847", "561892", "743021"]
    assert reader.read(write_rows(texts, tilt_deg=tilt_deg)).text == "\n".join(texts)


def test_wavy_rows_stay_rows(reader: Reader) -> None:
    assert reader.read(write_rows(["20384", "56182"], wave_px=22)).text == "20384\n56182"


def test_a_shadow_over_half_of_the_sheet_changes_nothing(reader: Reader) -> None:
    picture = write_rows(["5021", "8834"]).astype(np.float32)
    picture[:, picture.shape[1] // 2 :] *= 0.5
    assert reader.read(picture.astype(np.uint8)).text == "5021\n8834"


def test_rules_and_margin_are_taken_away(reader: Reader) -> None:
    picture = write_rows(["5021", "8834"], size_px=80)
    picture[60:-20:80] = 120
    picture[61:-20:80] = 120
    picture[:, 40:42] = 120
    assert reader.read(picture).text == "5021\n8834"


def test_boxes_are_taken_away(reader: Reader) -> None:
    picture = np.full((160, 520), PAPER, np.uint8)
    for index in range(4):
        left = 20 + 125 * index
        picture[20:140, left : left + 110] = 60
        picture[24:136, left + 4 : left + 106] = PAPER
        digit = write_rows(["3905"[index]], size_px=66, seed=index)
        picture[40:120, left + 10 : left + 100] = digit[60:140, 50:140]
    assert reader.read(picture).text == "3905"


def test_digits_that_stand_on_the_bold_border_of_a_grid_are_read(reader: Reader) -> None:
    paper = write_rows(["2304"])
    sheet = np.full((paper.shape[0] + 300, paper.shape[1] + 200), PAPER, np.uint8)
    sheet[40 : 40 + paper.shape[0], 100 : 100 + paper.shape[1]] = paper
    bottom = 40 + int(np.flatnonzero((paper < 150).any(1))[-1]) - 2
    sheet[bottom : bottom + 9, 20:-20] = INK
    assert reader.read(sheet).text == "2304"


def test_a_page_of_letters_has_no_digit_1(reader: Reader) -> None:
    font = ImageFont.load_default(44)
    page = Image.new("L", (900, 420), PAPER)
    draw = ImageDraw.Draw(page)
    for number, words in enumerate(
        ["many letters of a page", "and a bar that is", "a stem of some letter"]
    ):
        draw.text((40, 30 + 70 * number), words, INK, font)
    draw.rectangle([400, 300, 406, 345], INK)
    assert reader.read(page).lines == ()


@pytest.mark.parametrize(
    ("before", "number"),
    [("sum of the bill", "4827"), ("Total:", "4250"), ("Order No:", "20419"), ("Name", "138")],
)
def test_a_number_beside_words_is_read_and_the_words_are_not(
    reader: Reader, before: str, number: str
) -> None:
    row = write_rows([number])
    width = 60 + 38 * len(before)
    page = Image.fromarray(np.hstack([np.full((len(row), width), PAPER, np.uint8), row]))
    ImageDraw.Draw(page).text((40, 50), before, INK, ImageFont.load_default(64))
    reading = reader.read(page)
    assert reading.text == number
    assert [line.box.left > width for line in reading.lines] == [True]


def test_boxes_and_sizes_are_those_of_the_upright_picture(reader: Reader) -> None:
    pixels = write_rows(["47"], size_px=200)
    turned = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(pixels).copy()).save(turned, "JPEG", exif=exif, quality=95)
    reading = reader.read(turned.getvalue())
    assert reading.text == "47"
    assert (reading.height, reading.width) == pixels.shape
    for digit in reading.lines[0].digits:
        box = digit.box
        inside = pixels[box.top : box.bottom, box.left : box.right]
        assert (inside < 150).sum() > 0.02 * inside.size
        assert 190 <= box.bottom - box.top <= 215


def test_a_large_jpeg_is_decoded_smaller_and_its_boxes_are_not(reader: Reader) -> None:
    pixels = np.asarray(Image.fromarray(write_rows(["604"], size_px=90)).resize((4000, 2000)))
    content = BytesIO()
    Image.fromarray(pixels).save(content, "JPEG")
    reading = reader.read(content.getvalue())
    assert reading.text == "604"
    assert (reading.width, reading.height) == (4000, 2000)
    box = reading.lines[0].box
    ink = np.argwhere(pixels < 150)
    assert abs(box.top - ink[:, 0].min()) < 12
    assert abs(box.right - ink[:, 1].max()) < 12


def test_empty_paper_has_no_ink(reader: Reader) -> None:
    reading = reader.read(np.full((200, 300), 240, np.uint8))
    assert reading.text == ""
    assert reading.diagnosis == ("no-ink",)


def test_grain_is_no_ink(reader: Reader) -> None:
    grain = np.random.default_rng(0).normal(200, 12, (600, 800)).clip(0, 255)
    assert reader.read(grain.astype(np.uint8)).text == ""


def test_what_is_cut_off_says_so(reader: Reader) -> None:
    picture = write_rows(["3850274"], size_px=40)
    right = np.flatnonzero((picture < 150).any(0))[-1]
    reading = reader.read(picture[:, : right - 6])
    assert "cut-off" in reading.lines[0].digits[-1].diagnosis


def test_expect_splits_what_it_would_not_have_split(reader: Reader) -> None:
    reading = reader.read(write_rows(["6", "28"]), ReadOptions(expect=2))
    assert reading.lines[-1].text == "28"
    assert reading.diagnosis == ("wrong-count",) or len(reading.lines[0].digits) == 2


def test_charset_forbids_digits(reader: Reader) -> None:
    reading = reader.read(write_rows(["1717"]), ReadOptions(charset="17"))
    assert reading.text == "1717"
    other = reader.read(write_rows(["1717"]), ReadOptions(charset="23"))
    assert set(other.text) <= {"2", "3", "?", "\n"}


def test_min_confidence_hides_what_is_less_certain(reader: Reader) -> None:
    reading = reader.read(write_rows(["52"]), ReadOptions(min_confidence=1.0))
    assert reading.text == "??"
    assert "below-confidence" in reading.lines[0].digits[0].diagnosis
    assert reading.lines[0].digits[0].label == "5"


def test_the_result_is_json(reader: Reader) -> None:
    found = reader.read(write_rows(["90"])).to_dict(seen=True, language="zh")
    line = json.loads(json.dumps(found, allow_nan=False))["lines"][0]
    assert line["text"] == "90"
    assert sum(line["digits"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert line["digits"][0]["seen"].startswith("iVBOR")


def test_stages_show_every_step_in_one_size(reader: Reader) -> None:
    reading, stages = reader.read_stages(write_rows(["90"]))
    assert reading.text == "90"
    names = [name for name, _ in stages.pictures]
    assert names == ["grey", "paper", "contrast", "ink", "rulings", "pieces", "cuts", "strips"]
    assert len({picture.shape[:2] for _, picture in stages.pictures[:-1]}) == 1
    assert stages.pictures[-1][1].shape[0] == 32


def test_what_is_no_picture_is_an_error(reader: Reader) -> None:
    with pytest.raises(ImageError, match="not a picture"):
        reader.read(b"no picture at all")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"charset": ""}, "charset"),
        ({"charset": "12a"}, "charset"),
        ({"expect": 0}, "at least one digit"),
        ({"min_confidence": float("nan")}, "no probability"),
    ],
)
def test_impossible_options_are_errors(options: dict[str, object], message: str) -> None:
    with pytest.raises(ThumbnetError, match=message):
        ReadOptions(**options)  # type: ignore[arg-type]


def test_the_whole_row_counts_less_beside_another_recogniser(reader: Reader) -> None:
    personal = copy.copy(reader.recogniser)
    personal.sha256 = "0" * 64
    assert 0 < Reader(personal).row_weight < 0.5 < reader.row_weight < 1


def test_another_recogniser_is_refused() -> None:
    class Other:
        class_names = ("cat", "dog")

    with pytest.raises(ModelError, match="cannot read digits"):
        Reader(Other())  # type: ignore[arg-type]
