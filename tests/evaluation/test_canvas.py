import base64
import io
import logging
import warnings
from xml.etree import ElementTree

import matplotlib
import pytest
from PIL import Image

from thumbnet.errors import OutputError
from thumbnet.evaluation.canvas import (
    figure_as_png_data_uri,
    figure_as_svg_data_uri,
    has_chinese_font,
    house_style,
    new_figure,
    save_figure,
    shorten,
)


def draw(text="text"):
    with house_style():
        figure = new_figure(1.0)
        figure.subplots().set_title(text)
    return figure


def decode(uri, media_type):
    head, _, body = uri.partition(",")
    assert head == f"data:{media_type};base64"
    return base64.b64decode(body)


def test_saved_figure_is_a_png_of_the_shared_width(tmp_path):
    save_figure(draw(), tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as image:
        assert (image.format, image.size) == ("PNG", (1280, 160))


def test_saving_into_a_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        save_figure(draw(), tmp_path / "nowhere" / "figure.png")


def test_equal_figures_give_equal_bytes():
    for as_uri in (figure_as_png_data_uri, figure_as_svg_data_uri):
        assert as_uri(draw()) == as_uri(draw())
        assert as_uri(draw()) != as_uri(draw("another text"))


def test_files_tell_neither_date_nor_version():
    svg = decode(figure_as_svg_data_uri(draw()), "image/svg+xml")
    assert b"<dc:date" not in svg
    assert matplotlib.__version__.encode() not in svg
    with Image.open(io.BytesIO(decode(figure_as_png_data_uri(draw()), "image/png"))) as image:
        assert set(image.info) <= {"dpi"}


def test_svg_is_well_formed_and_refers_to_nothing_outside():
    root = ElementTree.fromstring(decode(figure_as_svg_data_uri(draw()), "image/svg+xml"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    links = [e.get("{http://www.w3.org/1999/xlink}href", "#") for e in root.iter()]
    assert all(link.startswith("#") for link in links)


@pytest.mark.parametrize("text", ["数字 七", "אבג ไทย 🙂", "$x_$", r"$\frac{1}$", "a<b>&c"])
def test_any_text_is_drawn_without_a_warning_or_an_error(text):
    figure_as_svg_data_uri(draw(text))
    figure_as_png_data_uri(draw(text))


def test_the_style_and_the_silence_end_with_the_block():
    before = dict(matplotlib.rcParams)
    filters = list(warnings.filters)
    with house_style():
        assert matplotlib.rcParams["svg.hashsalt"] == "thumbnet"
    assert dict(matplotlib.rcParams) == before
    assert warnings.filters == filters


@pytest.mark.parametrize(
    ("name", "num_columns", "expected"),
    [
        ("cat", 3, "cat"),
        ("cats", 3, "ca…"),
        ("two\nlines  here", 20, "two lines here"),
        ("数字七", 6, "数字七"),
        ("数字七", 5, "数字…"),
        ("数字七", 4, "数…"),
        ("", 3, ""),
    ],
)
def test_long_names_are_cut_to_their_width(name, num_columns, expected):
    assert shorten(name, num_columns) == expected


def test_fonts_are_only_talked_about_outside_of_the_style():
    fonts = logging.getLogger("matplotlib.font_manager")
    before = fonts.level
    with house_style():
        assert not fonts.isEnabledFor(logging.WARNING)
    assert fonts.level == before


def test_chinese_needs_one_of_the_fonts_that_figures_fall_back_to(monkeypatch):
    from matplotlib.font_manager import fontManager

    for installed, expected in ((["DejaVu Sans"], False), (["DejaVu Sans", "SimHei"], False),
                                (["PingFang SC"], True)):  # fmt: skip
        monkeypatch.setattr(fontManager, "get_font_names", lambda names=installed: names)
        assert has_chinese_font() is expected
