"""Measure the bundled recogniser: what it gets right, what it refuses, how fast it answers.

Usage::

    python benchmarks/recogniser.py quality            # → results/recogniser_quality.json
    python benchmarks/recogniser.py speed RUN RUN      # → results/recogniser_speed.json
    python benchmarks/recogniser.py install            # → results/recogniser_install.json

The runs, of ``digits`` and of ``mnist-sprint``, must be exported; a ``model-int8.onnx`` in a run's
folder, made by ``export --int8 --out``, is measured too. Every speed is taken
in alternating processes of two threads; ``install`` makes a fresh environment and needs a registry.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from thumbnet.datasets.loading import load_dataset
from thumbnet.datasets.negatives import FIT_KINDS, TEST_KINDS, make_negatives
from thumbnet.errors import DataError
from thumbnet.evaluation.answering import Answering
from thumbnet.evaluation.calibration import expected_calibration_error
from thumbnet.files import to_json, write_atomically
from thumbnet.frame import frame_grey
from thumbnet.inference import Recogniser
from thumbnet.inference.locate import bundled_model
from thumbnet.models.folder import load_model_folder
from thumbnet.training.ceilings import measure_ceilings, training_flops_per_image
from thumbnet.training.receipt import describe_environment, now
from thumbnet.transforms import normalise

RESULTS = Path(__file__).parent / "results"
NUM_NEGATIVES = 2000
SEED = 2026  # of the negatives to test with; training drew from other seeds
THREADS = 2
INT8_FILE = "model-int8.onnx"
WAYS = ("file", "torch", "network_by_hand", "file_int8")
SIZES = (1, 64, 1000)
PROCESS_ROUNDS = 3
ROUNDS = 9
COLD = """
import time
start = time.perf_counter()
import thumbnet
import numpy as np
from thumbnet.inference import Recogniser
recogniser = Recogniser.load({file!r})
recogniser.predict(np.full((28, 28), 255, np.uint8))
print(time.perf_counter() - start)
"""


def measure_quality() -> dict[str, Any]:
    """Return accuracy, calibration and refusals of the bundled file."""
    recogniser = Recogniser.load(bundled_model(), threads=THREADS)
    test = load_dataset("mnist", "test", channels=1, size_px=28)
    answers = [recogniser.run(chunk) for chunk in _chunks(test.images)]
    labels = test.labels.numpy()
    found = np.concatenate([each.label for each in answers])
    refused = np.concatenate([each.refused for each in answers])
    probabilities = torch.from_numpy(np.concatenate([each.probabilities for each in answers]))
    # The same pictures as if they were not framed yet: found, scaled and placed anew.
    again = torch.cat([frame_grey(chunk[:, 0].double()) for chunk in test.images.split(500)])
    reframed = [recogniser.run(chunk) for chunk in _chunks(again.round().to(torch.uint8)[:, None])]
    digits = test.images[:, 0].numpy()
    kinds = {kind: _refused(recogniser, kind, digits) for kind in (*FIT_KINDS, *TEST_KINDS)}
    return {
        "num_test": len(labels),
        "accuracy": float((found == labels).mean()),
        "accuracy_framed_anew": float(
            (np.concatenate([each.label for each in reframed]) == labels).mean()
        ),
        "expected_calibration_error": expected_calibration_error(
            probabilities.double() / probabilities.double().sum(1, keepdim=True), test.labels
        ),
        "false_refusals": float(refused.mean()),
        "accuracy_of_answered": float((found == labels)[~refused].mean()),
        "num_negatives_of_a_kind": NUM_NEGATIVES,
        "refused_kinds_for_fitting": {kind: kinds[kind] for kind in FIT_KINDS},
        "refused_kinds_kept_apart": {
            **{kind: kinds[kind] for kind in TEST_KINDS},
            "clothing": _refused_clothing(recogniser),
        },
    }


def _chunks(images: torch.Tensor) -> list[np.ndarray]:
    return [chunk.permute(0, 2, 3, 1).contiguous().numpy() for chunk in images.split(1000)]


def _refused(recogniser: Recogniser, kind: str, digits: np.ndarray) -> float:
    """Return the refused share of made pictures of a kind, dark on white."""
    made = 255 - make_negatives(kind, NUM_NEGATIVES, SEED, digits)
    answers = [recogniser.run(chunk[..., None]) for chunk in np.array_split(made, 10)]
    return float(np.concatenate([each.refused for each in answers]).mean())


def _refused_clothing(recogniser: Recogniser) -> float | None:
    try:
        clothes = load_dataset("fashion-mnist", "test", channels=1, size_px=28).images
    except DataError:
        return None
    answers = [recogniser.run(chunk) for chunk in _chunks(clothes[:NUM_NEGATIVES])]
    return float(np.concatenate([each.refused for each in answers]).mean())


def measure_speed(runs: list[Path]) -> dict[str, Any]:
    """Return images per second and latencies of exported runs, against torch and by hand.

    Every way is measured in processes of its own, whose rounds alternate: the threads of one
    library would slow another's if they shared a process.
    """
    torch.set_num_threads(THREADS)
    ceiling = measure_ceilings(torch.device("cpu")).gemm_fp32_gflop_per_s
    results: dict[str, Any] = {"threads": THREADS, "gemm_fp32_gflop_per_s": ceiling}
    for run in runs:
        names = [name for name in WAYS if name != "file_int8" or (run / INT8_FILE).is_file()]
        rounds = [{name: _in_a_process(run, name) for name in names} for _ in range(PROCESS_ROUNDS)]
        file = run / "model" / "model.onnx"
        recogniser = Recogniser.load(file, threads=THREADS)
        drawing = np.full((1, 280, 280, 1), 255, np.uint8)
        drawing[:, 60:220, 130:150] = 30
        framed = _test_pixels(1)
        results[recogniser.metadata["trained_on"]["recipe"]] = {
            "images_per_s": {
                str(size): {
                    name: statistics.median(each[name][str(size)] for each in rounds)
                    for name in names
                }
                for size in SIZES
            },
            "mflop_per_image": _forward_flops(run) / 1e6,
            "single_framed_ms": 1e3 * _median_s(lambda r=recogniser, x=framed: r.run(x), 300),
            "single_drawing_ms": 1e3 * _median_s(lambda r=recogniser, x=drawing: r.run(x), 50),
            "cold_s": statistics.median(_cold_s(file) for _ in range(ROUNDS)),
        }
    return results


def _forward_flops(run: Path) -> float:
    """Return the operations that one view of one image takes in the network alone."""
    network, config = load_model_folder(run / "model")
    # Training takes three times the forward pass: so counts the function, if nothing is frozen.
    return training_flops_per_image(network.requires_grad_(True), config.input.shape) / 3


def _in_a_process(run: Path, name: str) -> dict[str, float]:
    words = [sys.executable, __file__, "way", str(run), "--name", name]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    speeds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return speeds


def measure_way(run: Path, name: str) -> dict[str, float]:
    """Return images per second of one way to recognise, for each size of a batch."""
    torch.set_num_threads(THREADS)
    way = _make_way(run, name)
    speeds = {}
    for size in SIZES:
        pixels = _test_pixels(size)
        speeds[str(size)] = size / _median_s(lambda x=pixels: way(x), max(ROUNDS, 300 // size))
    return speeds


def _make_way(run: Path, name: str) -> Callable[[np.ndarray], object]:
    if name.startswith("file"):
        file = run / (INT8_FILE if name == "file_int8" else "model/model.onnx")
        return Recogniser.load(file, threads=THREADS).run
    network, config = load_model_folder(run / "model")
    if name == "torch":
        module = Answering(network, config).eval()
        return lambda pixels: _run(module, pixels)
    session, spec = _network_session(network, config), config.input

    def by_hand(pixels: np.ndarray) -> object:
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
        return session.run(None, {"x": normalise(images, spec.scale, spec.mean, spec.std).numpy()})

    return by_hand


def _test_pixels(num: int) -> np.ndarray:
    test = load_dataset("mnist", "test", channels=1, size_px=28)
    return test.images[:num].permute(0, 2, 3, 1).contiguous().numpy()


@torch.no_grad()
def _run(module: Answering, pixels: np.ndarray) -> object:
    return module(torch.from_numpy(pixels))


def _network_session(network: torch.nn.Module, config: Any) -> Any:
    """Return ONNX Runtime's session of the network alone, fed with what is normalised outside."""
    import onnxruntime

    example = torch.zeros(2, *config.input.shape)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            network,
            (example,),
            path,
            input_names=["x"],
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        return onnxruntime.InferenceSession(path.read_bytes(), options)


def _median_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _cold_s(file: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", COLD.format(file=str(file))],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def measure_install() -> dict[str, Any]:
    """Install the package without extras into a fresh environment, and predict there."""
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "env" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", str(root)], check=True)
        packages = next((python.parents[1] / "lib").glob("python*/site-packages"))
        size = sum(p.stat().st_size for p in packages.rglob("*") if p.is_file())
        pips = sum(p.stat().st_size for p in packages.glob("pip*/**/*") if p.is_file())
        picture = Path(folder) / "one.png"
        _draw_one(picture)
        done = subprocess.run(
            [python, "-m", "thumbnet", "predict", str(picture)],
            check=True,
            capture_output=True,
            text=True,
        )
        has_torch = any(packages.glob("torch*"))
    return {
        "megabytes": round((size - pips) / 1e6, 1),
        "torch_installed": has_torch,
        "predicts": done.stdout.splitlines()[-1].split()[-2:],
    }


def _draw_one(path: Path) -> None:
    from PIL import Image, ImageDraw

    image = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(image).line([(150, 60), (150, 240)], fill=20, width=16)
    image.save(path)


def main() -> None:
    """Measure what was asked for and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("quality", "speed", "install", "way"))
    parser.add_argument("--name", choices=WAYS, help="for way: which")
    parser.add_argument("runs", type=Path, nargs="*", help="exported runs, for speed")
    arguments = parser.parse_args()
    if arguments.what == "way":
        print(json.dumps(measure_way(arguments.runs[0], arguments.name)))
        return
    if arguments.what == "speed":
        if not arguments.runs:
            parser.error("speed needs exported runs")
        result = measure_speed(arguments.runs)
    else:
        result = measure_quality() if arguments.what == "quality" else measure_install()
    facts = {"measured": now(), **result, **describe_environment(torch.device("cpu"))}
    write_atomically(RESULTS / f"recogniser_{arguments.what}.json", to_json(facts))
    print(to_json(result))


if __name__ == "__main__":
    main()
