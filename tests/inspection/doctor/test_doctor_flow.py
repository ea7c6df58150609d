from __future__ import annotations

import ast
from pathlib import Path

import pytest
from doctor_cases import codes

from thumbnet.inspection.doctor.flow.follow import follow
from thumbnet.inspection.doctor.flow.names import kind_of, split_of, words_of
from thumbnet.inspection.doctor.flow.trace import Event
from thumbnet.inspection.doctor.flow.values import Value, constant, join
from thumbnet.inspection.doctor.script import inspect_script

ROOT = Path(__file__).parents[3]
MODEL = "import torch\nfrom torch import nn\nmodel = nn.Sequential(nn.Dropout(0.5))\n"


def passes(text: str) -> list[Event]:
    return follow(ast.parse(text)).trace.of("forward")


def mode_of(text: str) -> set[str]:
    """Return the modes that the model may be in at its last call."""
    return {mode for mode, _ in passes(MODEL + text)[-1].modes}


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("x_test", "test"),
        ("Xte", "test"),
        ("testLoader", "test"),
        ("testset", "test"),
        ("train_dl", "train"),
        ("X_val", "validation"),
        ("dev_data", "validation"),
        ("latest_loss", None),
        ("contest", None),
        ("trainval", None),
        ("train_test_ratio", None),
    ],
)
def test_split_that_a_name_says(name: str, split: str | None) -> None:
    assert split_of(name) == split


def test_kind_that_a_name_says() -> None:
    assert [kind_of(name) for name in ("val_loader", "optimizer", "net", "criterion")] == [
        *("loader", "optimizer", "model", "loss-function")
    ]
    assert kind_of("optimum") is None
    assert words_of("aFewWords_inHTML2") == ["a", "few", "words", "in", "html", "2"]


def test_join_keeps_what_both_agree_on() -> None:
    first = Value("images", facts={"scaled": True, "size_px": 28}, splits=frozenset({"train"}))
    second = Value("images", facts={"scaled": True, "size_px": 32}, splits=frozenset({"test"}))
    joined = join(first, second)
    assert joined.facts == {"scaled": True}
    assert joined.splits == {"train", "test"}


def test_join_with_none_keeps_the_value() -> None:
    model = Value("model")
    assert join(constant(None), model) is model
    assert join(model, constant(None)) is model


@pytest.mark.parametrize(
    ("text", "modes"),
    [
        ("model(1)", {"train"}),
        ("model.eval()\nmodel(1)", {"eval"}),
        ("model.train(False)\nmodel(1)", {"eval"}),
        ("if unknown:\n    model.eval()\nmodel(1)", {"train", "eval"}),
        ("if unknown:\n    model.eval()\nelse:\n    model.eval()\nmodel(1)", {"eval"}),
        ("for phase in ['a', 'b']:\n    model.train(phase == 'a')\nmodel(1)", {"eval"}),
        (
            "def f(m, train=True):\n    if not train:\n        m.eval()\nf(model)\nmodel(1)",
            {"train"},
        ),
        (
            "def f(m, train=True):\n    if not train:\n        m.eval()\n"
            "f(model, train=False)\nmodel(1)",
            {"eval"},
        ),
        ("nets = {'a': model}\nnets['a'].eval()\nmodel(1)", {"eval"}),
        ("for net in [model]:\n    net.eval()\nmodel(1)", {"eval"}),
        ("was = model.training\nmodel.eval()\nmodel.train(was)\nmodel(1)", {"train"}),
        (
            "class T:\n    def __init__(self, m):\n        self.m = m\nT(model).m.eval()\nmodel(1)",
            {"eval"},
        ),
        ("(lambda m: m.eval())(model)\nmodel(1)", {"eval"}),
        ("other = nn.DataParallel(model)\nother.eval()\nmodel(1)", {"eval"}),
        ("try:\n    model.eval()\nfinally:\n    pass\nmodel(1)", {"eval"}),
        ("def g():\n    model.eval()\n    return\n    model.train()\ng()\nmodel(1)", {"eval"}),
    ],
)
def test_mode_of_a_network_is_followed(text: str, modes: set[str]) -> None:
    assert mode_of(text) == modes


def test_context_manager_of_the_script_holds_inside_and_is_undone_after() -> None:
    text = """
import contextlib
@contextlib.contextmanager
def evaluating(m):
    was = m.training
    m.eval()
    try:
        yield m
    finally:
        m.train(was)
with evaluating(model) as same:
    same(1)
model(2)
"""
    inside, after = passes(MODEL + text)
    assert [{mode for mode, _ in event.modes} for event in (inside, after)] == [{"eval"}, {"train"}]


def test_class_with_enter_and_exit_is_a_context_too() -> None:
    text = """
class Evaluating:
    def __init__(self, m):
        self.m = m
    def __enter__(self):
        self.m.eval()
    def __exit__(self, *error):
        self.m.train()
with Evaluating(model):
    model(1)
model(2)
"""
    inside, after = passes(MODEL + text)
    assert [{mode for mode, _ in event.modes} for event in (inside, after)] == [{"eval"}, {"train"}]


def test_gradients_are_off_where_the_script_says_so() -> None:
    text = """
with torch.no_grad():
    model(1)
@torch.inference_mode()
def f():
    return model(2)
f()
model(3)
torch.set_grad_enabled(False)
model(4)
"""
    assert [event.with_gradient for event in passes(MODEL + text)] == [False, False, True, False]


def test_function_that_nobody_calls_is_looked_at_but_counts_as_not_called() -> None:
    (event,) = passes(f"{MODEL}def f():\n    model(1)\n")
    assert not event.is_called


def test_recursion_ends() -> None:
    assert codes("def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\nf(1)\n") == set()


def test_unknown_code_gives_nothing() -> None:
    assert codes("from somewhere import *\nrun(a=1, **options)\nx[1:2, ...] @= y\n") == set()


@pytest.mark.parametrize(
    "folder", ["src/thumbnet/training", "src/thumbnet/evaluation", "benchmarks"]
)
def test_own_code_has_no_finding(folder: str) -> None:
    for path in sorted((ROOT / folder).glob("*.py")):
        assert inspect_script(path) == [], path


def layout_after(expression: str) -> object:
    """Return the layout of colour pictures, channels last, after an exchange of their axes."""
    lines = [
        "import numpy as np, torch, einops",
        "from torch import nn",
        "from tensorflow.keras.datasets import cifar10",
        "(x, y), _ = cifar10.load_data()",
        f"x = {expression}",
        "nn.Identity()(x)",
    ]
    return passes("\n".join(lines))[0].arguments[0].facts["layout"]


@pytest.mark.parametrize(
    ("expression", "layout"),
    [
        ("x.transpose(0, 3, 1, 2)", "chw"),
        ("np.transpose(x, (0, 3, 1, 2))", "chw"),
        ("np.moveaxis(x, -1, 1)", "chw"),
        ("np.rollaxis(x, 3, 1)", "chw"),
        ("x.transpose(0, 2, 1, 3)", None),
        ("np.swapaxes(x, 1, 3)", None),
        ("np.moveaxis(x, 3, 1).transpose(0, 2, 3, 1)", "hwc"),
        ('einops.rearrange(x, "b h w c -> b c h w")', "chw"),
        ("x.transpose(*order)", "chw"),
    ],
)
def test_layout_after_axes_are_exchanged(expression: str, layout: str | None) -> None:
    assert layout_after(expression) == layout


@pytest.mark.parametrize(
    ("first", "second", "is_repeated"),
    [("order = draw(n)", "pass", True), ("pass", "order = draw(n)", False)],
)
def test_order_that_is_drawn_once_is_that_of_every_epoch(
    first: str, second: str, is_repeated: bool
) -> None:
    text = f"""
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.datasets import MNIST
torch.manual_seed(0)
data = MNIST("d")
x, y, n = data.data.float().flatten(1) / 255, data.targets, 60000
draw = torch.randperm
model = nn.Linear(784, 10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
{first}
for epoch in range(5):
    {second}
    for rows in order.split(100):
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
"""
    assert codes(text) == ({"no-shuffle"} if is_repeated else set())


OWN_TRAIN = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))

    def train(self, mode=True):
        {body}
        return self

    def forward(self, x):
        return self.trunk(x)


model = Net()
"""


@pytest.mark.parametrize(
    ("body", "call", "modes"),
    [
        ("super().train(mode)", "model.train()", {"train"}),
        ("super().train(mode)", "model.eval()", {"eval"}),
        ("super(Net, self).train(mode)", "model.train(False)", {"eval"}),
        ("nn.Module.train(self, mode)", "model.train()", {"train"}),
        ("super().train(mode); self.trunk.eval()", "model.train()", {"train"}),
        ("self.training = mode", "model.train()", set()),
        ("super().train(bool(mode))", "model.train()", set()),
    ],
)
def test_own_train_method_sets_the_mode_that_it_asks_for(
    body: str, call: str, modes: set[str]
) -> None:
    text = OWN_TRAIN.format(body=body) + f"{call}\nmodel(torch.zeros(1))\n"
    assert {mode for mode, _ in passes(text)[-1].modes} == modes


def test_mode_of_a_network_is_that_of_its_parts_too() -> None:
    text = "part = nn.Dropout(0.5)\nmodel = nn.Sequential(part)\n"
    imports = "import torch\nfrom torch import nn\n"
    calls = "part.eval()\nmodel.train()\npart(torch.zeros(1))\n"
    assert {mode for mode, _ in passes(imports + text + calls)[-1].modes} == {"train"}


def test_mapped_function_sees_one_row() -> None:
    text = """
import jax
import jax.numpy as jnp
from keras.datasets import mnist
(x, y), (x_test, y_test) = mnist.load_data()
w = jax.random.normal(jax.random.PRNGKey(0), (784, 10))
def one(w, image):
    return jnp.argmax(image @ w, axis=0)
"""
    for mapped in (
        "jax.vmap(one, in_axes=(None, 0))(w, x_test)",
        "jax.vmap(lambda image: one(w, image))(x_test)",
        "jax.lax.map(lambda image: one(w, image), x_test)",
    ):
        assert codes(f"{text}print(({mapped} == y_test).mean())\n") == set()
    assert codes(f"{text}print((one(w, x_test) == y_test).mean())\n") == {"argmax-dimension"}
