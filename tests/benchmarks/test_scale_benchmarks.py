"""The arithmetic and the tables behind ``docs/scale.md``, and the scripts that it shows."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "scale.md", ROOT / "docs" / "zh" / "scale.md"]


@pytest.fixture
def communication() -> ModuleType:
    return importlib.import_module("communication")


@pytest.fixture
def processes() -> ModuleType:
    return importlib.import_module("processes")


@pytest.fixture
def scale_tables() -> ModuleType:
    return importlib.import_module("scale_tables")


def ring(values: list[list[float]]) -> tuple[list[list[float]], int, int]:
    """Sum vectors around a ring, block by block.

    Returns:
        What each machine then has, and the number of rounds and of values that each machine sent.
    """
    count = len(values)
    held = [list(vector) for vector in values]
    size = len(values[0]) // count
    num_rounds = num_sent = 0
    for phase in range(2):
        for turn in range(count - 1):
            sent = []
            for machine in range(count):
                block = (machine + phase - turn) % count
                sent.append((block, held[machine][block * size : (block + 1) * size]))
            for machine, (block, part) in enumerate(sent):
                target = held[(machine + 1) % count]
                for place, value in enumerate(part, block * size):
                    target[place] = value + (target[place] if phase == 0 else 0)
            num_rounds += 1
            num_sent += size
    return held, num_rounds, num_sent


@pytest.mark.parametrize("num_machines", [1, 2, 3, 5, 8])
def test_all_reduce_costs_what_a_ring_sends(communication: ModuleType, num_machines: int) -> None:
    size = 4 * num_machines
    vectors = [[float(10 * machine + i) for i in range(size)] for machine in range(num_machines)]
    held, num_rounds, num_sent = ring(vectors)
    assert held == [[sum(column) for column in zip(*vectors, strict=True)]] * num_machines
    network = communication.Network("test", bandwidth_gbit_s=8e-9, latency_us=3e6)  # 1 byte/s, 3 s
    time_s = communication.all_reduce_s(size, num_machines, network)
    assert time_s == pytest.approx(3 * num_rounds + num_sent)


def load(communication: ModuleType, augmentation_s: float = 0.0, num_bytes: int = 1000) -> Any:
    return communication.Load("some", num_bytes, 64, 0.01, augmentation_s)


def test_one_machine_gains_and_loses_nothing(communication: ModuleType) -> None:
    for network in communication.NETWORKS:
        found = communication.speed_ups(load(communication, 0.002), 1, network)
        assert found == {"strong": pytest.approx((1, 1)), "weak": pytest.approx((1, 1))}


def test_free_network_leaves_only_the_augmentation_unshared(communication: ModuleType) -> None:
    free = communication.Network("free", 1e12, 0)
    perfect = communication.speed_ups(load(communication), 8, free)
    assert perfect == {"strong": pytest.approx((8, 8)), "weak": pytest.approx((8, 8))}
    # Amdahl's law with a fifth of the work in every process.
    amdahl = 1 / (0.2 + 0.8 / 8)
    limited = communication.speed_ups(load(communication, 0.002), 8, free)
    assert limited == {"strong": pytest.approx((amdahl,) * 2), "weak": pytest.approx((amdahl,) * 2)}


def test_hidden_exchange_is_never_slower_and_at_most_halves_the_step(
    communication: ModuleType,
) -> None:
    for network in communication.NETWORKS:
        for num_machines in communication.NUM_MACHINES:
            some = load(communication, 0.001, 20_000_000)
            shortest, longest = communication.step_bounds_s(some, num_machines, 64, network)
            assert shortest <= longest <= 2 * shortest
            slower = load(communication, 0.001, 40_000_000)
            assert communication.step_bounds_s(slower, num_machines, 64, network)[1] >= longest


def test_images_per_s_come_from_the_comparison_before_the_receipts(
    communication: ModuleType, tmp_path: Path
) -> None:
    assert communication.measured_images_per_s("some", tmp_path) is None
    (tmp_path / "tutorials").mkdir()
    for seed, train_s in ((1, 10.0), (2, 5.0)):
        receipt = {
            "data": {"num_train": 100},
            "results": {"epochs": 2},
            "times": {"train_s": train_s},
        }
        (tmp_path / "tutorials" / f"some-seed{seed}.json").write_text(json.dumps(receipt))
    assert communication.measured_images_per_s("some", tmp_path) == (
        pytest.approx(30),
        "tutorials/some-seed*.json",
    )
    summary = {"recipe": "some", "images_per_s": {"two-threads": {"mean": 77, "deviation": 1}}}
    (tmp_path / "processes.json").write_text(json.dumps({"summary": [summary]}))
    assert communication.measured_images_per_s("some", tmp_path) == (77, "processes.json")


def test_gradients_are_four_bytes_for_each_parameter(communication: ModuleType) -> None:
    made = communication.make_load("mnist", 1000)
    assert (made.gradient_bytes, made.batch_size, made.image_s) == (4 * 70368, 256, 0.001)
    assert made.augmentation_s > 0
    assert communication.make_load("tutorial-mlp", 1000).gradient_bytes == 4 * 575050


def row(way: str, repetition: int, train_s: float) -> dict[str, Any]:
    keys = {"recipe": "some", "num_images": 600, "batch_size": 64}
    return {**keys, "way": way, "repetition": repetition, "train_s": train_s}


def test_efficiency_is_made_within_each_repetition(processes: ModuleType) -> None:
    # The second repetition met a machine of half the speed: no ratio may notice.
    rows = [
        row(way, repetition, seconds * repetition)
        for repetition in (1, 2)
        for way, seconds in (("one", 12.0), ("two-processes", 8.0), ("two-threads", 7.5))
    ]
    (summary,) = processes.summarise(rows)
    assert summary["efficiency"] == {
        "two-processes": {"mean": pytest.approx(0.75), "deviation": pytest.approx(0)},
        "two-threads": {"mean": pytest.approx(0.8), "deviation": pytest.approx(0)},
    }
    assert summary["images_per_s"]["one"]["mean"] == pytest.approx((50 + 25) / 2)


def test_one_repetition_has_no_deviation(processes: ModuleType) -> None:
    rows = [row(way, 1, 2.0) for way in processes.WAYS]
    (summary,) = processes.summarise(rows)
    assert summary["efficiency"]["two-processes"] == {"mean": 0.5, "deviation": None}


def test_each_way_has_its_processes_and_threads(processes: ModuleType, tmp_path: Path) -> None:
    for way, (num_processes, num_threads) in processes.WAYS.items():
        words = processes.command("mnist", way, tmp_path / "run", tmp_path / "noise")
        launched = [word for word in words if word.startswith("--nproc-per-node")]
        assert launched == (["--nproc-per-node=2"] if num_processes == 2 else [])
        assert f"threads={num_threads}" in words
        assert "--data" not in words
    cifar = processes.command("tutorial-resnet18-cifar10", "one", tmp_path, tmp_path / "noise")
    assert f"folder:{tmp_path / 'noise'}" in cifar


def test_processes_table_says_when_nothing_was_measured(
    scale_tables: ModuleType, processes: ModuleType, tmp_path: Path
) -> None:
    assert "not measured yet" in scale_tables.processes("en", tmp_path)
    rows = [row(way, 1, 2.0) for way in processes.WAYS]
    text = json.dumps({"summary": processes.summarise(rows)})
    (tmp_path / "processes.json").write_text(text)
    table = scale_tables.processes("en", tmp_path).splitlines()
    assert table[2:] == ["| `some` | 64 | 300 | 0.50 | 0.50 |"]


def test_model_tables_have_a_row_for_each_recipe_and_network(
    scale_tables: ModuleType, communication: ModuleType, tmp_path: Path
) -> None:
    some = load(communication, 0.002)
    result = {
        "measured": {"loads": [vars(some)]},
        "modelled": communication.model_rows(some),
    }
    (tmp_path / "communication.json").write_text(json.dumps(result))
    assert scale_tables.loads("en", tmp_path).splitlines()[2:] == [
        "| `some` | 0.00 MB | 64 | 640.0 ms | 20 % |"
    ]
    for language in ("en", "zh"):
        header, rule, *rows = scale_tables.model(language, tmp_path).splitlines()
        assert len(rows) == len(communication.NETWORKS)
        assert {line.count("|") for line in (header, rule, *rows)} == {8}


def scripts(page: Path, language: str) -> list[str]:
    pattern = rf"<!-- checked: {language} -->\n```{language}\n(.*?)^```$"
    return re.findall(pattern, page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def check_shell(text: str) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    done = subprocess.run([bash, "-n"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_batch_script_is_valid_shell(page: Path) -> None:
    (script,) = scripts(page, "bash")
    assert script.startswith("#!/bin/bash\n#SBATCH")
    check_shell(script)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_manifest_is_valid_and_its_names_fit(page: Path) -> None:
    yaml = pytest.importorskip("yaml")
    (text,) = scripts(page, "yaml")
    service, job = yaml.safe_load_all(text)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert service["metadata"]["name"] == pod["subdomain"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }
    (shell,) = container["args"]
    assert f"--rdzv-endpoint={job['metadata']['name']}-0.{pod['subdomain']}:" in shell
    assert f"--nnodes={job['spec']['completions']} " in shell
    assert job["spec"]["completions"] == job["spec"]["parallelism"]
    check_shell(shell)


def test_both_languages_show_the_same_scripts() -> None:
    english, chinese = PAGES
    for language in ("bash", "yaml"):
        assert scripts(english, language) == scripts(chinese, language)
