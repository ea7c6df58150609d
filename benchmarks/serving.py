"""Measure the server: how much it takes, what it does with too much, and what it never does.

Usage::

    python benchmarks/serving.py                    # every part → results/serving.json
    python benchmarks/serving.py load swaps         # these parts; the others stay as they are
    python benchmarks/serving.py --seconds 2 --requests 1000 --damaged 100 --dry-run

Server and load share the machine, so the rates are lower bounds. Parts that need the peak measure
it themselves, in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from serving_load import (
    HOST,
    Outcome,
    Request,
    Server,
    ask,
    closed_loop,
    open_loop,
    post,
    serving,
)
from thumbnet.datasets.loading import load_dataset
from thumbnet.files import to_json, write_atomically
from thumbnet.inference import Recogniser
from thumbnet.training.receipt import describe_environment, now

RESULTS = Path(__file__).parent / "results" / "serving.json"
CLIENTS = 32
NUM_PICTURES = 500
NUM_SLOW = 200
SLOW_START_S = 2
ROUNDS = 6
GARBAGE = 0.1
WARM_UP_SHARE = 0.2
INFER = "/v2/models/digits/infer"
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")


def pictures_of_digits() -> np.ndarray:
    """Return MNIST's test set, uint8 ``(10000, 28, 28)``."""
    return load_dataset("mnist", "test", channels=1, size_px=28).images[:, 0].numpy()


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """Return a picture's file."""
    content = io.BytesIO()
    image.save(content, kind)
    return content.getvalue()


def loads() -> dict[str, list[Request]]:
    """Return requests by name: one digit each to classify, or a photo of eight to read."""
    digits = pictures_of_digits()[:NUM_PICTURES]
    predict = [
        post("/v1/predict", encoded(Image.fromarray(255 - digit)), "image/png") for digit in digits
    ]
    rows = digits[: len(digits) // 8 * 8].reshape(-1, 8, 28, 28)
    photos = [Image.fromarray(255 - np.hstack(list(row))).resize((896, 112)) for row in rows]
    read = [post("/v1/read", encoded(photo, "JPEG"), "image/jpeg") for photo in photos]
    return {"predict": predict, "read": read}


def peak(server: Server, requests: list[Request], seconds: float) -> float:
    """Return how many requests a second clients get answered who never pause."""
    outcome = closed_loop(server.port, itertools.cycle(requests), CLIENTS, seconds=seconds)
    return outcome.statuses["good"][200] / outcome.seconds


def measure_load(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Return peak, and times at 50 % and 80 % of it."""
    results: dict[str, Any] = {"closed_loop_clients": CLIENTS}
    for name, requests in loads().items():
        rate = peak(server, requests, options.seconds)
        results[name] = {"peak_per_s": round(rate, 1)}
        for share in (0.5, 0.8):
            outcome = open_loop(server.port, requests, share * rate, options.seconds)
            results[name][f"at_{share:.0%}"] = outcome.summary()
    return results


def measure_overload(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Return what twice the peak does: which answers, and how many good ones.

    Peak and overload take turns, since a shared machine is not equally fast for a minute.
    """
    return {
        name: _overload(server, requests, options.seconds) for name, requests in loads().items()
    }


def _overload(server: Server, requests: list[Request], seconds: float) -> dict[str, Any]:
    peak(server, requests, seconds / ROUNDS)  # to warm up
    peaks_per_s: list[float] = []
    overloaded = Outcome()
    shares: list[float] = []
    for _ in range(ROUNDS):
        peaks_per_s.append(peak(server, requests, seconds / ROUNDS))
        outcome = open_loop(server.port, requests, 2 * peaks_per_s[-1], seconds / ROUNDS)
        shares.append(outcome.summary()["answered_per_s"] / peaks_per_s[-1])
        overloaded.extend(outcome)
    summary = overloaded.summary()
    rate = float(np.mean(peaks_per_s))
    return {
        "peak_per_s": round(rate, 1),
        "rounds": ROUNDS,
        "goodput_share_of_peak": round(summary["answered_per_s"] / rate, 3),
        "goodput_share_of_rounds": [round(share, 3) for share in shares],
        **summary,
    }


def measure_garbage(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Return what a tenth of garbage costs the others, at half of the peak."""
    requests = loads()["predict"]
    dice = random.Random(0)  # noqa: S311
    good = [request.content.partition(b"\r\n\r\n")[2] for request in requests]
    bad = [
        post("/v1/predict", damage(dice.choice(good), dice), "image/png", "garbage")
        if dice.random() < 0.5
        else post("/v1/predict", dice.randbytes(dice.randint(0, 5000)), "image/png", "garbage")
        for _ in requests
    ]
    mixed = [bad[index] if dice.random() < GARBAGE else good for index, good in enumerate(requests)]
    rate = 0.5 * peak(server, requests, options.seconds)
    alone = open_loop(server.port, requests, rate * (1 - GARBAGE), options.seconds)
    beside = open_loop(server.port, mixed, rate, options.seconds)
    return {
        "share": GARBAGE,
        "alone": alone.summary(),
        "beside": beside.summary(),
        "garbage": {"statuses": beside.summary("garbage")["statuses"]},
        "p99_ratio": p99_ratio(beside, alone),
    }


def p99_ratio(one: Outcome, other: Outcome) -> float:
    """Return how much longer the slowest hundredth takes."""
    return round(one.summary()["p99_ms"] / other.summary()["p99_ms"], 3)


def measure_slow(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Return what many clients that send a byte a second cost the others, at half of the peak."""
    requests = loads()["predict"]
    rate = 0.5 * peak(server, requests, options.seconds)
    alone = open_loop(server.port, requests, rate, options.seconds)
    with _slow_clients(server.port):
        beside = open_loop(server.port, requests, rate, options.seconds)
    return {
        "slow_clients": NUM_SLOW,
        "alone": alone.summary(),
        "beside": beside.summary(),
        "p99_ratio": p99_ratio(beside, alone),
    }


@contextlib.contextmanager
def _slow_clients(port: int) -> Iterator[None]:
    """Let many clients send a request's body a byte a second meanwhile."""
    is_over = threading.Event()
    dawdling = threading.Thread(target=_dawdle, args=(port, is_over))
    dawdling.start()
    time.sleep(SLOW_START_S)
    try:
        yield
    finally:
        is_over.set()
        dawdling.join()


def _dawdle(port: int, is_over: threading.Event) -> None:
    """Send a byte a second over every connection; begin again where the server had enough."""
    head = post("/v1/predict", b"", "image/png").content.replace(b": 0", b": 5000")
    slow: list[socket.socket] = []
    while not is_over.is_set():
        for _ in range(NUM_SLOW - len(slow)):
            slow.append(socket.create_connection((HOST, port)))
            slow[-1].sendall(head)
        for each in list(slow):
            try:
                each.sendall(b"x")
            except ConnectionError:
                slow.remove(each)
                each.close()
        is_over.wait(1)
    for each in slow:
        each.close()


def measure_swaps(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Return how many of many different pictures got the answer of another one."""
    recogniser = Recogniser.load("digits", threads=1)
    digits, num_requests = pictures_of_digits(), options.requests
    known: dict[str, bytes] = {}
    swapped: list[str] = []

    def numbered() -> Iterator[Request]:
        for start in range(0, num_requests, 1000):
            numbers = range(start, min(start + 1000, num_requests))
            pixels = np.stack([_numbered(digits, number) for number in numbers])[..., None]
            for number, picture, seen in zip(
                numbers, pixels, recogniser.run(pixels).seen, strict=True
            ):
                known[str(number)] = seen.tobytes()
                tensor = {"name": "pixels", "datatype": "UINT8", "shape": [1, 28, 28, 1]}
                body = {
                    "id": str(number),
                    "inputs": [{**tensor, "data": picture.ravel().tolist()}],
                    "outputs": [{"name": "seen"}],
                }
                yield post(INFER, json.dumps(body).encode(), "application/json", str(number))

    def check(request: Request, status: int, body: bytes) -> None:
        answer = json.loads(body) if status == 200 else {"id": None}
        own = answer["id"] == request.kind
        if not own or bytes(answer["outputs"][0]["data"]) != known[request.kind]:
            swapped.append(request.kind)

    outcome = closed_loop(server.port, numbered(), CLIENTS, check)
    return {
        "requests": num_requests,
        "different_answers": len(set(known.values())),
        "swapped_or_failed": len(swapped),
        "concurrent": CLIENTS,
        "answered_per_s": round(num_requests / outcome.seconds, 1),
    }


def _numbered(digits: np.ndarray, number: int) -> np.ndarray:
    """Return a digit with a number written into it, a bit to a pixel."""
    pixels = digits[number % len(digits)].copy()
    bits = [(number >> place) & 1 for place in range(20)]
    pixels[12:16, 11:16].flat[:20] = [255 if bit else 128 for bit in bits]
    return pixels


def measure_damaged(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Return what damaged pictures do to the server: its answers, its memory."""
    image = Image.new("RGB", (300, 120), (235, 230, 220))
    draw = ImageDraw.Draw(image)
    for left in (30, 110, 190):
        draw.line([(left, 20), (left + 40, 20), (left + 10, 100)], (40, 40, 80), 8)
    intact = [encoded(image, kind) for kind in FORMATS]
    dice = random.Random(0)  # noqa: S311

    def damaged(count: int) -> Iterator[Request]:
        for index in range(count):
            body = damage(intact[index % len(intact)], dice)
            yield post("/v1/read", body, "application/octet-stream")

    # Memory grows until each thread has had a large picture.
    closed_loop(server.port, damaged(int(WARM_UP_SHARE * options.damaged)), CLIENTS)
    before_mib = server.resident_mib()
    outcome = closed_loop(server.port, damaged(options.damaged), CLIENTS)
    after_mib = server.resident_mib()
    status = ask(server.port, loads()["read"][0])
    return {
        "pictures": options.damaged,
        "statuses": outcome.summary()["statuses"],
        "server_failures": sum(
            count
            for status, count in outcome.statuses["good"].items()
            if status >= 500 or status == 0
        ),
        "answers_afterwards": status == 200,
        "resident_mib_after_warm_up": round(before_mib, 1),
        "resident_mib_growth": round(after_mib - before_mib, 1),
    }


def damage(data: bytes, dice: random.Random) -> bytes:
    """Return a file with some bytes changed, and sometimes its end cut off."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 12)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed[: dice.randint(1, 3 * len(changed))])


PARTS = {
    "load": measure_load,
    "overload": measure_overload,
    "garbage": measure_garbage,
    "slow": measure_slow,
    "swaps": measure_swaps,
    "damaged": measure_damaged,
}


def main() -> None:
    """Measure what was asked for, each part with a server of its own, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--seconds", type=float, default=30, help="of each rate")
    parser.add_argument("--requests", type=int, default=100_000, help="for swaps")
    parser.add_argument("--damaged", type=int, default=10_000, help="pictures")
    parser.add_argument("--dry-run", action="store_true", help="print, and write nothing")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    for part in options.parts or PARTS:
        with serving() as server:
            measured = PARTS[part](server, options)
        results[part] = {"measured": now(), **measured}
        print(to_json({part: results[part]}))
    results.update(describe_environment(torch.device("cpu")))
    if not options.dry_run:
        write_atomically(RESULTS, to_json(results))


if __name__ == "__main__":
    main()
