from __future__ import annotations

import copy
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from thumbnet.errors import DivergedError
from thumbnet.training.state import EpochScores, TrainingState

SCORES = EpochScores(1, 10, 0.5, 0.75, None, None, 0.1, 2.5)


def _record(state: TrainingState, loss: float, right: int, count: int) -> None:
    state.record(torch.tensor(loss), torch.tensor(right), count)


def test_flush_returns_the_batch_losses_and_adds_up_what_was_recorded() -> None:
    state = TrainingState()
    _record(state, 0.5, 3, 4)
    _record(state, 2.0, 1, 2)
    assert (state.step, state.step_in_epoch, state.num_images) == (2, 2, 0)
    assert state.flush() == [0.5, 2.0]
    assert (state.loss_sum, state.num_correct, state.num_images) == (0.5 * 4 + 2.0 * 2, 4, 6)
    assert state.flush() == []
    assert state.num_images == 6


def test_sums_do_not_depend_on_when_they_are_flushed() -> None:
    generator = torch.Generator().manual_seed(0)
    losses = torch.rand(50, generator=generator).tolist()
    sums = []
    for every in (1, 7, 50):
        state = TrainingState()
        for step, loss in enumerate(losses, start=1):
            _record(state, loss, 1, 3)
            if step % every == 0:
                state.flush()
        state.flush()
        sums.append((state.loss_sum, state.num_correct, state.num_images))
    assert sums[0] == sums[1] == sums[2]


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), float("-inf")])
def test_loss_that_is_not_finite_names_its_step_epoch_and_rate(loss: float) -> None:
    state = TrainingState(epoch=2, step=100, learning_rate=0.125)
    for value in (0.5, loss, 0.5):
        _record(state, value, 1, 2)
    message = rf"the loss is {loss} at step 102 \(epoch 3, learning rate 0\.125\)"
    with pytest.raises(DivergedError, match=message):
        state.flush()


def test_next_epoch_starts_its_sums_anew_and_keeps_the_rest() -> None:
    state = TrainingState(scores=[SCORES], best_epoch=1, train_seconds=4.0)
    _record(state, 0.5, 3, 4)
    state.flush()
    state.start_next_epoch()
    assert (state.epoch, state.step_in_epoch, state.step) == (1, 0, 1)
    assert (state.loss_sum, state.num_correct, state.num_images) == (0.0, 0, 0)
    assert (state.scores, state.best_epoch, state.train_seconds) == ([SCORES], 1, 4.0)


def test_state_round_trips_through_a_checkpoint(tmp_path: Path) -> None:
    state = TrainingState(epoch=1, step=12, scores=[SCORES], best_epoch=1, num_resumed=2)
    state.best_weights = {"a": torch.arange(3.0)}
    torch.save(state.to_dict(), tmp_path / "state")
    again = TrainingState.from_dict(torch.load(tmp_path / "state", weights_only=True))
    best, expected = again.best_weights, state.best_weights
    assert best is not None
    assert torch.equal(best["a"], expected["a"])
    again.best_weights = state.best_weights
    assert again == state


def test_saved_state_holds_plain_values() -> None:
    values = TrainingState(scores=[SCORES]).to_dict()
    assert values["scores"] == [asdict(SCORES)]
    assert "_pending" not in values
    before = copy.deepcopy(values)
    TrainingState.from_dict(values)
    assert values == before


def test_saving_before_a_flush_is_a_programming_error() -> None:
    state = TrainingState()
    _record(state, 0.5, 3, 4)
    with pytest.raises(AssertionError):
        state.to_dict()
