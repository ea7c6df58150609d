"""The browser bundle in a real Chromium: what a visitor does, and the same answers as Python's.

The runtime comes from the user's own cache, or is fetched into it, unless THUMBNET_OFFLINE is set.
THUMBNET_SCREENSHOTS=<folder> keeps pictures of the page.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image
from web_page import Page, served
from web_stand_in import DIGITS, SCRIBBLE, paint, wobbly, write_recogniser

from browser import chromium
from thumbnet.errors import DownloadError
from thumbnet.export.web import write_web_bundle
from thumbnet.inference.locate import bundled_model

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def recogniser_file() -> Path:
    return bundled_model()


@pytest.fixture(scope="module")
def bundle(recogniser_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "site"
    try:
        write_web_bundle(recogniser_file, folder)
    except DownloadError as error:
        pytest.skip(f"no onnxruntime-web: {error.what}")
    return folder


@pytest.fixture(scope="module")
def site(bundle: Path) -> Iterator[str]:
    with served(bundle) as address:
        yield address


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(driver: Any, site: str) -> Iterator[Page]:
    page = Page(driver, site)
    assert page.wait_for("thumbnet.ready.then(() => true)") is True
    yield page
    assert driver.get_log("browser") == []


@pytest.fixture(scope="module")
def session(recogniser_file: Path) -> Any:
    return onnxruntime.InferenceSession(recogniser_file, providers=["CPUExecutionProvider"])


def expected(session: Any, pixels: np.ndarray) -> dict[str, Any]:
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(None, {"pixels": pixels[None]})
    return {name: output[0] for name, output in zip(names, outputs, strict=True)}


def shown(probability: float) -> str:
    return "> 99.9%" if 0.9995 < probability < 1 else f"{100 * probability:.1f}%"


@pytest.mark.parametrize(("digit", "kind"), [(1, "mouse"), (3, "touch"), (5, "pen"), (7, "mouse")])
def test_drawn_digit_is_answered(page: Page, session: Any, digit: int, kind: str) -> None:
    page.draw(DIGITS[digit], kind)
    page.until(f"document.getElementById('label').textContent === '{digit}'")
    page.until("document.getElementById('announcement').textContent !== ''")
    answer = expected(session, page.sent())
    assert answer["label"] == digit
    assert page.text("detail") == f"{shown(answer['probability'])} sure"
    bars = page.find("bars").find_elements("tag name", "li")
    assert [bar.text.split()[0] for bar in bars] == [str(name) for name in range(10)]
    assert [bar.get_attribute("class") for bar in bars].index("top") == digit


def test_hundred_drawings_are_answered_as_python_answers(page: Page, session: Any) -> None:
    differences = []
    for seed in range(100):
        stroke = SCRIBBLE if seed % 10 == 9 else DIGITS[seed % 10]
        pixels = paint([wobbly(stroke, seed)], 64 + seed)
        here, there = page.recognise(pixels), expected(session, pixels)
        assert here["label"] == str(there["label"])
        assert here["refused"] == there["refused"]
        assert here["score"] == pytest.approx(there["score"], abs=1e-3)
        # One grey level: where a mean ends in a half, the two may round apart.
        np.testing.assert_allclose(here["seen"], there["seen"].ravel().astype(int), atol=1)
        differences.append(np.abs(here["probabilities"] - there["probabilities"]).max())
    assert max(differences) <= 1e-3


def test_page_sends_dark_ink_on_white_paper(page: Page) -> None:
    page.draw(DIGITS[1])
    pixels = page.sent()[:, :, 0]
    assert pixels.shape == (336, 336)
    assert pixels[168, 168] == 0
    assert pixels[:20].min() == 255
    assert 20 <= (pixels[168] < 128).sum() <= 30  # the pen is 0.075 of the side wide


def test_scribble_is_refused(page: Page) -> None:
    page.draw(SCRIBBLE)
    page.until("document.getElementById('label').textContent === 'Not a digit'")
    assert page.text("detail").startswith("Closest: ")
    page.find("language").click()
    assert page.text("label") == "不是数字"


def test_undo_and_clear(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    def drawn() -> int:
        return int((page.sent() < 128).sum())

    assert not page.find("undo").is_enabled()
    page.draw(DIGITS[1])
    one = drawn()
    page.draw([(0.2, 0.1), (0.8, 0.1)])
    two = drawn()
    assert two > one > 0
    page.find("undo").click()
    assert drawn() == one
    page.find("clear").click()
    assert drawn() == 0
    page.until("document.getElementById('label').textContent === '–'")
    assert not page.find("clear").is_enabled()
    page.press(Keys.CONTROL, "z")
    assert drawn() == one
    page.press(Keys.DELETE)
    assert drawn() == 0
    page.find("undo").click()
    page.press(Keys.ESCAPE)
    assert drawn() == 0


def test_language_switch_is_remembered(page: Page, site: str) -> None:
    assert page.text("title") == "Draw a digit"
    page.find("language").click()
    assert page.text("title") == "写一个数字"
    page.driver.get(site)
    assert page.text("title") == "写一个数字"
    assert page.driver.execute_script("return document.documentElement.lang") == "zh-CN"
    page.find("language").click()
    assert page.text("title") == "Draw a digit"


def test_browser_in_chinese_sees_chinese(driver: Any, site: str) -> None:
    agent = {"userAgent": "Mozilla/5.0", "acceptLanguage": "zh-TW"}
    driver.execute_cdp_cmd("Emulation.setUserAgentOverride", agent)
    try:
        page = Page(driver, site)
        assert page.text("title") == "写一个数字"
    finally:
        driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {"userAgent": ""})


def test_colour_model_of_many_classes_sees_colours(
    driver: Any, bundle: Path, tmp_path: Path
) -> None:
    shutil.copytree(bundle, tmp_path / "site", ignore=shutil.ignore_patterns("model.*"))
    names = [f"class number {index}" for index in range(15)]
    write_recogniser(tmp_path / "site" / "model.onnx", names, channels=3)
    facts = {"class_names": names, "channels": 3, "thumbnet_version": "1", "download_bytes": 1}
    (tmp_path / "site" / "model.json").write_text(json.dumps(facts))
    colours = np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(colours).save(tmp_path / "colours.png")
    with served(tmp_path / "site") as address:
        page = Page(driver, address)
        page.find("file").send_keys(str(tmp_path / "colours.png"))
        page.until("document.getElementById('label').textContent === 'None of these'")
        np.testing.assert_array_equal(page.sent(), colours)
        assert page.text("title") == "Draw or open a picture"
        shares = [
            float(row.split()[-1].rstrip("%")) for row in page.text("bars").splitlines()[1::2]
        ]
        assert len(shares) == 10
        assert shares == sorted(shares, reverse=True)
        page.screenshot("web-colour")
    assert driver.get_log("browser") == []


def test_chosen_picture_is_answered_at_its_own_size(
    page: Page, session: Any, tmp_path: Path
) -> None:
    pixels = np.pad(paint([DIGITS[4]], 100), ((0, 0), (0, 20), (0, 0)), constant_values=255)
    Image.fromarray(pixels[:, :, 0]).save(tmp_path / "four.png")
    page.find("file").send_keys(str(tmp_path / "four.png"))
    page.until("document.getElementById('announcement').textContent !== ''")
    np.testing.assert_array_equal(page.sent(), pixels)
    answer = expected(session, pixels)
    assert shown(answer["probability"]) in page.text("detail")
    page.draw([(0.1, 0.1), (0.2, 0.1)])  # beside the picture, which is not square
    assert page.sent().shape == (120, 120, 1)


def test_large_transparent_picture_is_scaled_and_lies_on_white(page: Page, tmp_path: Path) -> None:
    Image.new("RGBA", (2000, 500), (0, 0, 0, 0)).save(tmp_path / "large.png")
    page.find("file").send_keys(str(tmp_path / "large.png"))
    page.until("!document.getElementById('undo').disabled")
    assert page.sent().shape == (256, 1024, 1)
    assert page.sent().min() == 255


def test_colour_picture_becomes_grey_as_pillow_makes_it(page: Page, tmp_path: Path) -> None:
    colours = np.random.default_rng(5).integers(0, 256, (40, 40, 3), np.uint8)
    picture = Image.fromarray(colours)
    picture.save(tmp_path / "colours.png")
    page.find("file").send_keys(str(tmp_path / "colours.png"))
    page.until("!document.getElementById('undo').disabled")
    np.testing.assert_array_equal(page.sent()[:, :, 0], np.asarray(picture.convert("L")))


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_picture_can_be_dropped_and_pasted(page: Page, tmp_path: Path, way: str) -> None:
    Image.fromarray(paint([DIGITS[2]], 90)[:, :, 0]).save(tmp_path / "two.png")
    encoded = base64.b64encode((tmp_path / "two.png").read_bytes()).decode()
    page.driver.execute_script(
        """const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "two.png", {type: "image/png"}));
        const event = arguments[1] === "drop"
            ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
            : new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
        document.body.dispatchEvent(event);""",
        encoded,
        way,
    )
    page.until("document.getElementById('label').textContent === '2'")


def test_file_that_is_no_picture_is_said(page: Page, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    page.find("file").send_keys(str(tmp_path / "notes.txt"))
    page.until("!document.getElementById('notice').hidden")
    assert page.text("notice") == "“notes.txt” cannot be read as a picture."
    page.draw(DIGITS[1])
    assert page.text("notice") == ""


def test_wrong_sizes_are_refused_by_recognise(page: Page) -> None:
    said = page.wait_for("thumbnet.recognise(new Uint8Array(5), 2, 2, 1)")
    assert said == "RangeError: 5 bytes are not 2 × 2 × 1"
    said = page.wait_for("thumbnet.recognise([0], 1, 1, 1)")
    assert said.startswith("TypeError")


def test_nothing_but_the_own_host_is_asked(page: Page, site: str) -> None:
    page.draw(DIGITS[3])
    names = page.driver.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert len(names) >= 8
    assert all(name.startswith(site) for name in names)


@pytest.mark.parametrize("missing", ["model.json", "model.onnx", "worker.js"])
def test_missing_file_is_said(driver: Any, bundle: Path, tmp_path: Path, missing: str) -> None:
    shutil.copytree(bundle, tmp_path / "site", copy_function=os.link)
    (tmp_path / "site" / missing).unlink()
    with served(tmp_path / "site") as address:
        page = Page(driver, address)
        page.until("document.getElementById('loading').className === 'failed'")
    assert page.text("loading-text").startswith("The recogniser could not be started.")
    assert missing in page.text("loading-text")
    driver.get_log("browser")  # it tells of the missing file, too


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (320, 568)])
def test_page_fits_the_window(page: Page, size: tuple[int, int], scheme: str) -> None:
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        page.draw(DIGITS[3])
        page.until("document.getElementById('label').textContent === '3'")
        overflow = page.driver.execute_script(
            "return [...document.querySelectorAll('main *')].filter((e) => e.scrollWidth"
            " > e.clientWidth + 1 && e.clientWidth > 1).map((e) => e.id || e.className)"
        )
        assert overflow == []
        scroll_px = page.driver.execute_script("return document.documentElement.scrollWidth")
        assert scroll_px == width
        page.screenshot(f"web-{width}x{height}-{scheme}")
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
