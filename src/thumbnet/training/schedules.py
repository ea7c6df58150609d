"""The learning rate as a pure function of the step: resuming needs no scheduler state."""

from __future__ import annotations

import math

from thumbnet.training.recipe import ScheduleSection

ONE_CYCLE_RISE = 0.3
ONE_CYCLE_START = 1 / 25


def learning_rate_factor(
    schedule: ScheduleSection, step: int, num_steps: int, steps_per_epoch: int
) -> float:
    """Return what the peak learning rate is multiplied by at ``step``.

    * ``constant``: 1.
    * ``step``: ``step_factor`` to the power of the number of whole ``step_epochs`` behind.
    * ``linear``: from 1 to ``final`` along a straight line.
    * ``cosine``: from 1 to ``final`` along half a cosine (Loshchilov and Hutter 2017, 1608.03983).
    * ``one-cycle``: cosine from 1/25 up to 1 in the first 30 % of the steps (or ``warmup``), then
      cosine down to ``final`` (Smith and Topin 2018, 1708.07120).

    ``warmup`` of the others rises in a straight line over that fraction of all steps.

    Args:
        schedule: the recipe's section.
        step: 0 for the first.
        num_steps: of the whole run, at least 1.
        steps_per_epoch: at least 1.
    """
    if schedule.name == "one-cycle":
        rise = (schedule.warmup or ONE_CYCLE_RISE) * num_steps
        if step < rise:
            return _cosine(ONE_CYCLE_START, 1.0, step / rise)
        return _cosine(1.0, schedule.final, (step - rise) / max(1, num_steps - 1 - rise))
    rise = schedule.warmup * num_steps
    if step < rise:
        return (step + 1) / (rise + 1)
    if schedule.name == "step":
        return schedule.step_factor ** (step // steps_per_epoch // schedule.step_epochs)
    if schedule.name == "linear":
        progress = (step - rise) / max(1, num_steps - rise)
        return 1.0 + (schedule.final - 1.0) * min(1.0, progress)
    if schedule.name == "cosine":
        return _cosine(1.0, schedule.final, (step - rise) / max(1, num_steps - rise))
    return 1.0


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, progress))) / 2
