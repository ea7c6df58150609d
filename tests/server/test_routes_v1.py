"""``/v1``: photos and pictures in, digits out; every mistake has its status and its reason."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from served_digits import photo_of_numbers
from stand_in_server import Client, StandInRecogniser, application, fingerprint

from encoded_pictures import encoded, png
from thumbnet.inference import Recogniser
from thumbnet.reading import Reader, ReadOptions

PNG = {"Content-Type": "image/png"}
NUM_MUTATED = 300


@pytest.fixture(scope="module")
def digits() -> Recogniser:
    return Recogniser.load("digits", threads=1)


@pytest.fixture(scope="module")
def client(digits: Recogniser) -> Iterator[Client]:
    with Client(application(digits)) as client:
        yield client


@pytest.fixture(scope="module")
def photo() -> bytes:
    return encoded(photo_of_numbers(), "JPEG")


def grey(number: int, size: tuple[int, int] = (5, 4)) -> Image.Image:
    return Image.new("L", size, number)


def test_a_photo_is_read_as_the_reader_reads_it(
    client: Client, digits: Recogniser, photo: bytes
) -> None:
    answer = client.post(
        "/v1/read?seen=true", content=photo, headers={"Content-Type": "image/jpeg"}
    )
    assert answer.status_code == 200
    assert answer.json()["text"] == "317\n50"
    assert answer.json() == Reader(digits).read(photo).to_dict(seen=True)
    seen = base64.b64decode(answer.json()["lines"][0]["digits"][0]["seen"])
    assert Image.open(io.BytesIO(seen)).size == (28, 28)


def test_options_of_a_reading_are_those_of_the_reader(
    client: Client, digits: Recogniser, photo: bytes
) -> None:
    answer = client.post(
        "/v1/read?charset=0123456&expect=2&min_confidence=0.9&language=zh", content=photo
    )
    reading = Reader(digits).read(photo, ReadOptions("0123456", 2, 0.9))
    assert answer.json() == reading.to_dict(language="zh")
    assert "7" not in answer.json()["text"]


@pytest.mark.parametrize("kind", ["application/octet-stream", "image/png", "IMAGE/webp; a=b", None])
def test_a_raw_body_is_a_picture_whatever_kind_it_says(client: Client, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = client.post("/v1/read", content=encoded(grey(255)), headers=headers)
    assert answer.json()["text"] == ""
    assert answer.json()["diagnosis"][0]["code"] == "no-ink"


def test_a_form_is_read_too(client: Client, photo: bytes) -> None:
    other = ("note", (None, b"a text field"))
    answer = client.post("/v1/read", files=[other, ("file", ("photo.jpg", photo, "image/jpeg"))])
    assert answer.json()["text"] == "317\n50"


def test_pictures_of_a_form_are_classified_in_order() -> None:
    pictures = [grey(number, (5 + number % 2, 4)) for number in range(7)]
    files = [("file", (f"{n}.png", encoded(each))) for n, each in enumerate(pictures)]
    with Client(application()) as client:
        answer = client.post("/v1/predict?seen=true", files=files)
    expected = [fingerprint(np.asarray(each)[:, :, None]) for each in pictures]
    assert [each["probability"] for each in answer.json()] == expected
    assert [each["refused"] for each in answer.json()] == [number < 0.5 for number in expected]
    assert set(answer.json()[0]) == {
        *("label", "probability", "probabilities", "refused", "score", "seen"),
    }


def test_large_pictures_are_answered_without_waiting_decoded_for_a_batch() -> None:
    recogniser = StandInRecogniser()
    large = [grey(number, (1200, 1000)) for number in range(2)]
    files = [("file", (f"{n}.png", encoded(each))) for n, each in enumerate([grey(9), *large])]
    with Client(application(recogniser)) as client:
        answer = client.post("/v1/predict", files=files)
        text = client.get("/metrics").text
    expected = [fingerprint(np.asarray(each)[:, :, None]) for each in [grey(9), *large]]
    assert [each["probability"] for each in answer.json()] == expected
    assert "thumbnet_batch_pictures_count 0.0" in text


def test_the_bundled_recogniser_classifies_a_drawn_one(client: Client) -> None:
    image = Image.new("L", (100, 140), 255)
    image.paste(20, (45, 25, 56, 115))
    [answer] = client.post("/v1/predict", content=encoded(image), headers=PNG).json()
    assert (answer["label"], answer["refused"]) == ("1", False)
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_models_are_listed(client: Client, digits: Recogniser) -> None:
    answer = client.get("/v1/models").json()
    assert answer["collect"] is False
    [model] = answer["models"]
    assert model["name"] == "digits"
    assert model["class_names"] == list("0123456789")
    assert model["sha256"] == digits.sha256
    assert model["input"] == {"channels": 1, "size_px": 28, "frame": "mnist"}
    assert model["summary"].startswith("A `whitened-cnn` with")
    assert "\n" not in model["summary"]


def test_a_model_of_other_classes_classifies_and_does_not_read() -> None:
    with Client(application(StandInRecogniser(("cat", "dog")))) as client:
        assert client.get("/v1/models").json()["models"][0]["reads_photos"] is False
        picture = encoded(grey(3))
        assert client.post("/v1/predict", content=picture).json()[0]["label"] in ("cat", "dog")
        refused = client.post("/v1/read", content=picture)
        assert refused.status_code == 422
        assert refused.json()["error"]["got"] == "digits: cat, dog"


GOOD = encoded(grey(0))
CUT_OFF = encoded(photo_of_numbers(), "JPEG")[:3000]
TOO_MANY_PIXELS = png(10_000, 10_000, b"")
MISTAKES: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "no picture": (422, "/v1/read", "is not a picture", {"content": b"hello"}),
    "an empty body": (422, "/v1/read", "is empty", {"content": b""}),
    "half a picture": (422, "/v1/read", "damaged or cut off", {"content": CUT_OFF}),
    "too many pixels": (422, "/v1/read", "too many pixels", {"content": TOO_MANY_PIXELS}),
    "text": (
        415,
        "/v1/read",
        "of a type",
        {"content": b"x", "headers": {"Content-Type": "text/a"}},
    ),
    "an encoded form": (415, "/v1/predict", "of a type", {"data": {"file": "x"}}),
    "no such model": (404, "/v1/read?model=digit", "no such model", {"content": GOOD}),
    "another charset": (422, "/v1/read?charset=abc", "'charset' cannot", {"content": GOOD}),
    "no digits at all": (422, "/v1/read?charset=", "'charset' cannot", {"content": GOOD}),
    "zero digits": (422, "/v1/read?expect=0", "'expect' cannot", {"content": GOOD}),
    "words for numbers": (422, "/v1/read?expect=two", "'expect' cannot", {"content": GOOD}),
    "no probability": (422, "/v1/read?min_confidence=nan", "'min_conf", {"content": GOOD}),
    "no language": (422, "/v1/read?language=de", "'language' cannot", {"content": GOOD}),
    "no yes or no": (422, "/v1/predict?seen=maybe", "'seen' cannot", {"content": GOOD}),
    "two photos": (422, "/v1/read", "too many pictures", {"files": [("file", GOOD)] * 2}),
    "no field file": (422, "/v1/read", "no file 'file'", {"files": [("picture", GOOD)]}),
    "no boundary": (
        *(422, "/v1/read", "form cannot be read"),
        {"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}},
    ),
    "half a form": (
        *(422, "/v1/read", "form cannot be read"),
        {
            "content": b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc',
            "headers": {"Content-Type": "multipart/form-data; boundary=x"},
        },
    ),
    "no form": (
        *(422, "/v1/predict", "form cannot be read"),
        {"content": b"abc", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    ),
    "one bad of two": (
        *(422, "/v1/predict", "'images[1]' is not a picture"),
        {"files": [("file", GOOD), ("file", b"hello")]},
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_has_its_status_and_its_reason(client: Client, mistake: str) -> None:
    status, address, words, options = MISTAKES[mistake]
    answer = client.post(address, **options)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"what", "got", "expected", "fix"}
    assert words in error["what"]


def test_more_pictures_than_allowed_are_refused() -> None:
    with Client(application(max_pictures=3)) as client:
        answer = client.post("/v1/predict", files=[("file", GOOD)] * 4)
        assert answer.status_code == 422
        assert answer.json()["error"]["expected"] == "at most 3"


def test_an_unknown_model_names_the_nearest(client: Client) -> None:
    error = client.post("/v1/predict?model=digit", content=GOOD).json()["error"]
    assert error["expected"] == "one of: digits (did you mean 'digits'?)"


@pytest.mark.parametrize(
    "address", ["/nothing", "/v1", "/v1/read/", "/static/../app.py", "/v1/collect"]
)
def test_an_unknown_address_is_not_found(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.json()["error"]["what"] == "there is nothing here"


@pytest.mark.parametrize("host", ["[", "a/v2?b#c", "", "::1]:x"])
def test_a_host_that_is_none_fails_nothing(client: Client, host: str) -> None:
    headers = {"Host": host}
    assert client.get("/nothing", headers=headers).status_code == 404
    assert client.get("/v1/read", headers=headers).status_code == 405
    refused = client.post("/v1/read?expect=0", content=b"x", headers=headers)
    assert refused.json()["error"]["what"] == "'expect' cannot be used"
    assert client.post("/v1/read", content=b"x", headers=headers).status_code == 422


def test_another_method_is_refused_and_told_which_to_use(client: Client) -> None:
    answer = client.get("/v1/read")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["error"]["expected"] == "POST"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP"])
def test_damaged_pictures_never_fail_the_server(client: Client, kind: str) -> None:
    small = photo_of_numbers().crop((40, 60, 160, 180)).resize((40, 40))
    intact = encoded(small, kind) if kind != "WEBP" else encoded(small, kind, quality=80)
    dice = random.Random(kind)
    statuses = set()
    for _ in range(NUM_MUTATED // 6):
        data = bytearray(intact)
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        answer = client.post("/v1/read", content=bytes(data[: dice.randint(1, 2 * len(data))]))
        statuses.add(answer.status_code)
    assert statuses <= {200, 422}
