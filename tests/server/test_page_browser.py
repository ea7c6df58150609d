"""The page of ``thumbnet serve`` in a real Chromium: what a visitor writes or shows is read."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from served_digits import FIVE, NUMBERS, ONE, SEVEN, THREE, photo, placed
from served_page import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("digit", "stroke", "kind"),
    [("1", ONE, "mouse"), ("3", THREE, "touch"), ("5", FIVE, "pen"), ("7", SEVEN, "mouse")],
)
def test_drawn_digit_is_answered(page: Page, digit: str, stroke: Any, kind: str) -> None:
    assert page.text("detail") == "Nothing written yet"
    page.draw(stroke, kind)
    page.until_read(digit)
    page.until("document.getElementById('announcement').textContent !== ''")
    assert page.text("announcement").startswith(f"{digit}, ")
    assert page.text("detail").endswith(" sure")
    bars = page.find_all("#bars li")
    assert [bar.text.split()[0] for bar in bars] == list("0123456789")
    assert [bar.get_attribute("class") for bar in bars].index("top") == int(digit)
    assert bars[int(digit)].text.split(maxsplit=1)[1] == page.text("detail").removesuffix(" sure")
    page.until("document.getElementById('seen').naturalWidth === 28")
    assert page.find_all("#boxes div") == []


def test_several_digits_side_by_side_can_be_looked_at_one_by_one(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    for stroke, middle in [(ONE, 0.2), (THREE, 0.5), (SEVEN, 0.8)]:
        page.draw(placed(stroke, middle))
    page.until_read("137")
    assert page.text("detail").startswith("Digit 1 of 3: ")
    assert [tag.text for tag in page.find_all("#boxes span")] == ["1", "3", "7"]
    page.until("document.getElementById('announcement').textContent.startsWith('3 digits: 1 3 7')")
    seen = page.find("seen").get_attribute("src")

    page.find_all("#digits button")[2].click()
    assert page.text("detail").startswith("Digit 3 of 3: ")
    assert page.find("seen").get_attribute("src") != seen
    assert page.find_all("#bars .top .name")[0].text == "7"
    assert page.find_all("#boxes .selected")[0].text == "7"
    page.press(Keys.ARROW_RIGHT)
    assert page.text("detail").startswith("Digit 1 of 3: ")
    page.press(Keys.ARROW_LEFT)
    page.press(Keys.ARROW_LEFT)
    assert page.text("detail").startswith("Digit 2 of 3: ")
    focused = page.driver.switch_to.active_element
    assert focused.get_attribute("aria-checked") == "true"
    assert focused.get_attribute("aria-label").startswith("Digit 2: 3, ")


def test_undo_and_clear(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    assert not page.find("undo").is_enabled()
    page.draw(placed(ONE, 0.25))
    page.until_read("1")
    page.draw(placed(SEVEN, 0.75))
    page.until_read("17")
    page.find("undo").click()
    page.until_read("1")
    page.find("clear").click()
    page.until_read("")
    assert page.text("detail") == "Nothing written yet"
    assert not page.find("clear").is_enabled()
    page.press(Keys.CONTROL, "z")
    page.until_read("1")
    page.press(Keys.DELETE)
    page.until_read("")


def test_photo_is_read_and_framed(page: Page, picture: Path) -> None:
    page.choose(picture)
    page.until_read("31750")
    assert [row.text for row in page.find_all("#digits > div")] == ["3\n1\n7", "5\n0"]
    paper = page.find("paper").rect
    for frame, (stroke, left, top) in zip(page.find_all("#boxes div"), NUMBERS, strict=True):
        x, y = np.array(stroke).T
        # The picture is 420 pixels wide and 400 high, so it has 10 of paper above.
        middle = [left + 60 * (x.min() + x.max()), 10 + top + 60 * (y.min() + y.max())]
        shown = [
            (frame.rect["x"] + frame.rect["width"] / 2 - paper["x"]) / paper["width"],
            (frame.rect["y"] + frame.rect["height"] / 2 - paper["y"]) / paper["height"],
        ]
        np.testing.assert_allclose(shown, np.array(middle) / 420, atol=0.02)
    page.find_all("#boxes div")[3].click()
    assert page.text("detail").startswith("Digit 4 of 5: ")
    page.find("undo").click()
    page.until_read("")


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_picture_can_be_dropped_and_pasted(page: Page, picture: Path, way: str) -> None:
    page.run(
        """const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "numbers.jpg", {type: "image/jpeg"}));
        const event = arguments[1] === "drop"
            ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
            : new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
        document.body.dispatchEvent(event);""",
        base64.b64encode(picture.read_bytes()).decode(),
        way,
    )
    page.until_read("31750")


def test_what_is_drawn_on_a_photo_is_read_with_it(page: Page, tmp_path: Path) -> None:
    photo(400, 200, [(THREE, 40, 40)]).save(tmp_path / "three.png")
    page.choose(tmp_path / "three.png")
    page.until_read("3")
    page.draw(placed(SEVEN, 0.7, 0.35))
    page.until_read("37")
    page.find("undo").click()
    page.until_read("3")


def test_photo_is_sent_as_it_is_and_a_huge_one_smaller(page: Page, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1500, 3200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "huge.png", compress_level=0)
    Image.fromarray(noise[:50, :50]).save(tmp_path / "small.png")
    page.run(
        """window.fetch = (path, options) => {
            if (path.startsWith("v1/read")) window.sent = options.body;
            return new Promise(() => {});
        };"""
    )
    # The page has asked what the server can before the first picture comes.
    for name in ("small.png", "huge.png"):
        page.run("window.sent = null")
        page.choose(tmp_path / name)
        page.until("window.sent !== null")
        content = base64.b64decode(
            page.driver.execute_async_script(
                """const done = arguments[0], reader = new FileReader();
                reader.onload = () => done(reader.result.split(",")[1]);
                reader.readAsDataURL(window.sent);"""
            )
        )
        if name == "small.png":
            assert content == (tmp_path / name).read_bytes()
        else:
            with Image.open(io.BytesIO(content)) as image:
                assert (image.format, image.size) == ("JPEG", (3072, 1440))


def test_file_that_is_no_picture_is_said(page: Page, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    page.choose(tmp_path / "notes.txt")
    page.until_said("“notes.txt” cannot be read as a picture.")
    page.draw(ONE)
    assert page.text("notice") == ""


def test_picture_without_digits_is_said_in_words(page: Page, tmp_path: Path) -> None:
    photo(400, 300, []).save(tmp_path / "paper.png")
    page.choose(tmp_path / "paper.png")
    page.until("document.getElementById('diagnosis').textContent.includes('nothing written')")
    assert page.text("detail") == "No digit found"
    page.find("language").click()
    page.until("document.getElementById('diagnosis').textContent.includes('没有')")
    assert page.text("detail") == "没有找到数字"


def test_refused_digit_is_shown_with_what_it_resembles_and_why(page: Page) -> None:
    page.doubt_first_digit()
    page.draw(ONE)
    page.until_read("?")
    assert page.text("detail").startswith("Closest: 1 (")
    assert page.text("diagnosis") == "this is not a digit"
    assert page.find_all("#bars .top") == []
    page.until("document.getElementById('announcement').textContent !== ''")
    assert page.text("announcement").endswith(". this is not a digit")


def test_only_the_newest_question_is_answered(page: Page) -> None:
    page.run(
        """window.asked = [];
        const realFetch = window.fetch;
        window.fetch = (path, options) => {
            if (!path.startsWith("v1/read")) return realFetch(path, options);
            window.asked.push(options.signal);
            // The first answer is slow, and would come last.
            return window.asked.length > 1 ? realFetch(path, options) : new Promise(() => {});
        };"""
    )
    page.draw(placed(ONE, 0.25))
    page.until("window.asked.length === 1")
    page.draw(placed(SEVEN, 0.75))
    page.until_read("17")
    assert page.run("return window.asked.map((signal) => signal.aborted)") == [True, False]


def test_clearing_drops_the_answer_that_is_under_way(page: Page) -> None:
    page.run(
        """const realFetch = window.fetch;
        window.fetch = (path, options) => !path.startsWith("v1/read")
            ? realFetch(path, options)
            : new Promise((resolve) => { window.answer = async () => {
                // It comes all the same, as if it had been on the way.
                resolve(await realFetch(path, {...options, signal: null}));
            }; });"""
    )
    page.draw(ONE)
    page.until("window.answer !== undefined")
    page.find("clear").click()
    page.driver.execute_async_script("window.answer().then(arguments[0])")
    page.until("document.getElementById('announcement').textContent === 'Nothing written'")
    assert page.text("digits") == ""


def test_nothing_but_the_own_server_is_asked(page: Page) -> None:
    page.draw(THREE)
    page.until_read("3")
    names = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    names = [name for name in names if not name.startswith("data:")]
    assert len(names) >= 12
    assert all(name.startswith(page.address) for name in names)
