"""Each rule fires where its mistake is, and nowhere near it."""

from __future__ import annotations

import pytest
from doctor_cases import PYTORCH, changed, codes, lines_of

Change = tuple[str, str]
EVALUATE_VALIDATION = "val_loss, val_accuracy = evaluate(val_loader)"
NET_OUTPUT = "return self.fc(self.dropout(torch.flatten(x, 1)))"
RUNNING = "total += loss.item() * images.size(0)"
ZERO = "        optimizer.zero_grad()\n"

MISTAKES: list[tuple[str, list[Change]]] = [
    (
        "test-used-for-choosing",
        [(EVALUATE_VALIDATION, EVALUATE_VALIDATION.replace("val_loader", "test_loader"))],
    ),
    (
        "test-used-for-choosing",
        [("    scheduler.step()\n", "    scheduler.step(evaluate(test_loader)[0])\n")],
    ),
    (
        "test-used-for-choosing",
        [
            (
                "    scheduler.step()\n",
                "    scheduler.step()\n    top = max(best, evaluate(test_loader)[1])\n",
            )
        ],
    ),
    (
        "test-used-for-choosing",
        [
            (
                "    scheduler.step()\n",
                "    scheduler.step()\n    if evaluate(test_loader)[1] > 0.99:\n        break\n",
            )
        ],
    ),
    ("no-eval-mode", [("    model.eval()\n", "")]),
    ("no-eval-mode", [("    model.eval()\n", "    model.train()\n")]),
    ("no-train-mode-again", [("    model.train()\n", "")]),
    ("no-shuffle", [(", shuffle=True", "")]),
    ("no-shuffle", [("shuffle=True", "shuffle=False")]),
    (
        "label-changing-augmentation",
        [("transforms.RandomRotation(10)", "transforms.RandomHorizontalFlip()")],
    ),
    (
        "label-changing-augmentation",
        [("transforms.RandomRotation(10)", "transforms.RandomRotation(90)")],
    ),
    (
        "label-changing-augmentation",
        [("transforms.RandomRotation(10)", "transforms.RandomAffine((0, 180))")],
    ),
    (
        "augmented-evaluation",
        [("transform=test_transform)\ntrain_loader", "transform=train_transform)\ntrain_loader")],
    ),
    (
        "augmented-evaluation",
        [
            (
                "train_set = Subset(train_full, order[:55000])\n"
                "val_set = Subset(val_full, order[55000:])",
                "train_set, val_set = random_split(train_full, [55000, 5000])",
            )
        ],
    ),
    (
        "resize-argument",
        [("[transforms.ToTensor()", "[transforms.Resize(32, 32), transforms.ToTensor()")],
    ),
    (
        "resize-argument",
        [("[transforms.ToTensor()", "[transforms.Resize((28, 28), 0.5), transforms.ToTensor()")],
    ),
    ("softmax-before-cross-entropy", [(NET_OUTPUT, f"{NET_OUTPUT}.softmax(1)")]),
    (
        "softmax-before-cross-entropy",
        [("loss = criterion(logits, labels)", "loss = criterion(torch.sigmoid(logits), labels)")],
    ),
    ("last-batch-loss", [("return total / seen", "return loss.item()")]),
    ("loss-accumulates-graph", [(RUNNING, "total += loss * images.size(0)")]),
    ("wrong-loss-average", [(RUNNING, "total += loss.item()")]),
    ("wrong-loss-average", [("return total / seen", "return total / len(train_loader)")]),
    ("argmax-dimension", [("argmax(dim=1)", "argmax(dim=0)")]),
    ("argmax-dimension", [("argmax(dim=1)", "argmax()")]),
    ("no-zero-grad", [(ZERO, "")]),
    (
        "wrong-optimizer-parameters",
        [
            ("model = Net().to(device)", "model = Net()"),
            ("def train_epoch", "model.to(device)\n\n\ndef train_epoch"),
        ],
    ),
    (
        "wrong-optimizer-parameters",
        [("scheduler = torch", "model = Net().to(device)\nscheduler = torch")],
    ),
    (
        "wrong-optimizer-parameters",
        [("scheduler = torch", "model.fc = nn.Linear(3136, 10)\nscheduler = torch")],
    ),
    ("scheduler-before-optimizer", [(ZERO, f"        scheduler.step()\n{ZERO}")]),
    ("unseeded", [("torch.manual_seed(0)\n", "")]),
    ("pickle-weights", [("torch.save(model.state_dict()", "torch.save(model")]),
    (
        "pickle-weights",
        [
            (
                "torch.save(model.state_dict()",
                'torch.load("old.pt", weights_only=False)\nprint("saved"',
            )
        ],
    ),
    ("duplicates-across-splits", [("order[55000:]", "order[50000:]")]),
    (
        "duplicates-across-splits",
        [("= Subset(train_full, order[:55000])", "= train_full")],
    ),
    (
        "unnormalised-at-inference",
        [
            (
                "test_transform = transforms.Compose([transforms.ToTensor(), normalize])",
                "test_transform = transforms.ToTensor()",
            )
        ],
    ),
    (
        "unnormalised-at-inference",
        [
            (
                "test_transform = transforms.Compose([transforms.ToTensor(), normalize])",
                "test_transform = transforms.Compose("
                "[transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])",
            )
        ],
    ),
    (
        "large-stem-on-small-images",
        [("nn.Conv2d(1, 16, 3, padding=1)", "nn.Conv2d(1, 16, 7, stride=2, padding=3)")],
    ),
]

# Changes that look like a mistake and are none.
NEAR_MISSES: list[list[Change]] = [
    # Printed in each epoch, and nothing decided by it.
    [("    scheduler.step()\n", "    scheduler.step()\n    print(evaluate(test_loader))\n")],
    [
        (
            "    scheduler.step()\n",
            "    scheduler.step()\n    if evaluate(test_loader)[1] < 0.5:\n"
            '        print("suspiciously bad")\n',
        )
    ],
    [
        (
            "val_loss, val_accuracy =",
            "test_figures = evaluate(test_loader)\n    val_loss, val_accuracy =",
        )
    ],
    # The same mode, set in other words.
    [("    model.eval()\n", "    model.train(False)\n")],
    [("    model.train()\n", "    model.train(mode=True)\n")],
    # A network without dropout and batch norm does not differ by mode.
    [
        ("    model.eval()\n", ""),
        ("        self.norm = nn.BatchNorm2d(16)\n", "        self.norm = nn.Identity()\n"),
        ("        self.dropout = nn.Dropout(0.25)\n", "        self.dropout = nn.Identity()\n"),
    ],
    # A sampler shuffles, and so may an argument that is not known.
    [("shuffle=True", "sampler=torch.utils.data.RandomSampler(train_set)")],
    [
        ("shuffle=True", "shuffle=SHUFFLE"),
        ("torch.manual_seed(0)", "torch.manual_seed(0)\nfrom settings import SHUFFLE"),
    ],
    # Mirrored clothes are clothes; digits turned a little are digits.
    [
        ("transforms.RandomRotation(10)", "transforms.RandomHorizontalFlip()"),
        ("datasets.MNIST", "datasets.FashionMNIST"),
    ],
    [("transforms.RandomRotation(10)", "transforms.RandomRotation(45)")],
    [("transforms.RandomRotation(10)", "transforms.RandomHorizontalFlip(p=0)")],
    # Pillow's number of its bicubic filter, and a filter by its name.
    [("[transforms.ToTensor()", "[transforms.Resize((28, 28), 3), transforms.ToTensor()")],
    [
        (
            "[transforms.ToTensor()",
            "[transforms.Resize(28, transforms.InterpolationMode.BICUBIC), transforms.ToTensor()",
        )
    ],
    # Probabilities that are only shown, and logits of the teacher as targets.
    [("            correct +=", "            shown = logits.softmax(1)\n            correct +=")],
    [
        (NET_OUTPUT, f"{NET_OUTPUT}.log_softmax(1)"),
        ("F.cross_entropy", "F.nll_loss"),
        ("nn.CrossEntropyLoss()", "nn.NLLLoss()"),
    ],
    # Reported in the loop, as what it is, or averaged.
    [(RUNNING, f'{RUNNING}\n        print("loss", loss.item())')],
    [("return total / seen", 'print("last batch:", loss.item())\n    return total / seen')],
    [
        (RUNNING, "total += loss.item()"),
        ("return total / seen", "return total / len(train_loader)"),
    ],
    [(RUNNING, "total = 0.9 * total + 0.1 * loss.item()"), ("return total / seen", "return total")],
    [(RUNNING, "total += loss.detach() * images.size(0)")],
    [(RUNNING, "total += float(loss) * len(images)")],
    # One picture's row.
    [
        (
            "            correct +=",
            "            first = logits[0].argmax(dim=0)\n            correct +=",
        )
    ],
    # Cleared in another way or at another place.
    [(ZERO, "        model.zero_grad(set_to_none=True)\n")],
    [(ZERO, "        for p in model.parameters():\n            p.grad = None\n")],
    [
        (ZERO, ""),
        ("        optimizer.step()\n", "        optimizer.step()\n        optimizer.zero_grad()\n"),
    ],
    # Moved away after the training, and other things that are no moves to a device.
    [("torch.save(model", 'model.to("cpu")\ntorch.save(model')],
    [("def train_epoch", "model.to(torch.float32)\n\n\ndef train_epoch")],
    [("optimizer = torch", "model.fc = nn.Linear(3136, 10)\nmodel.to(device)\noptimizer = torch")],
    [
        (
            "scheduler = torch",
            "model.fc = nn.Linear(3136, 10)\n"
            'optimizer.add_param_group({"params": model.fc.parameters()})\nscheduler = torch',
        )
    ],
    # Seeded through a function of the file.
    [
        (
            "torch.manual_seed(0)\n",
            "def fix_seed(seed):\n    torch.manual_seed(seed)\n\n\nfix_seed(0)\n",
        )
    ],
    # Weights with other things, and tensors.
    [("torch.save(model.state_dict()", 'torch.save({"weights": model.state_dict(), "epoch": 5}')],
    # Two cuts by one seed are the same cut.
    [
        (
            "train_set = Subset(train_full, order[:55000])\n"
            "val_set = Subset(val_full, order[55000:])",
            "seeded = torch.Generator().manual_seed\n"
            "train_set, _ = random_split(train_full, [55000, 5000], seeded(1))\n"
            "_, val_set = random_split(val_full, [55000, 5000], seeded(1))",
        )
    ],
    # A first convolution with stride 2 and without pooling leaves half.
    [
        ("nn.Conv2d(1, 16, 3, padding=1)", "nn.Conv2d(1, 16, 7, stride=2, padding=3)"),
        ("F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2)", "F.relu(self.norm(self.conv1(x)))"),
    ],
    # The same stem on larger pictures.
    [
        ("nn.Conv2d(1, 16, 3, padding=1)", "nn.Conv2d(1, 16, 7, stride=2, padding=3)"),
        ("[transforms.ToTensor()", "[transforms.Resize(224), transforms.ToTensor()"),
        (
            "[transforms.RandomRotation(10), ",
            "[transforms.RandomRotation(10), transforms.Resize(224), ",
        ),
    ],
]


def test_right_script_has_no_finding() -> None:
    assert codes(PYTORCH) == set()


@pytest.mark.parametrize(
    ("code", "changes"), MISTAKES, ids=[f"{i}-{code}" for i, (code, _) in enumerate(MISTAKES)]
)
def test_mistake_is_found_and_nothing_else(code: str, changes: list[Change]) -> None:
    assert codes(changed(*changes)) == {code}


@pytest.mark.parametrize("changes", NEAR_MISSES, ids=range(len(NEAR_MISSES)))
def test_what_only_looks_like_a_mistake_is_not_reported(changes: list[Change]) -> None:
    assert codes(changed(*changes)) == set()


def test_findings_name_the_line() -> None:
    script = changed((ZERO, ""), (", shuffle=True", ""))
    lines = script.splitlines()
    (step,) = lines_of(script, "no-zero-grad")
    (loader,) = lines_of(script, "no-shuffle")
    assert lines[step - 1].strip() == "optimizer.step()"
    assert lines[loader - 1].startswith("train_loader = ")


def test_target_accuracy_is_no_choice_unless_it_stops() -> None:
    noted = "    if evaluate(test_loader)[1] > 0.99:\n        reached = epoch\n"
    assert codes(changed(("    scheduler.step()\n", f"    scheduler.step()\n{noted}"))) == set()
