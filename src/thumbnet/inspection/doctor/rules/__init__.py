"""The mistakes that are looked for in scripts, a file for each theme."""

from __future__ import annotations

from thumbnet.inspection.doctor.rules import (
    choosing,
    loading,
    losses,
    modes,
    optimizers,
    pictures,
    running,
    splits,
    steps,
)
from thumbnet.inspection.doctor.rules.script import Rule

RULES: tuple[Rule, ...] = (
    choosing.test_used_for_choosing,
    modes.no_eval_mode,
    modes.no_train_mode_again,
    loading.no_shuffle,
    loading.label_changing_augmentation,
    loading.augmented_evaluation,
    loading.resize_argument,
    splits.test_statistics,
    splits.duplicates_across_splits,
    pictures.channel_order,
    pictures.polarity,
    pictures.large_stem,
    pictures.unnormalised_at_inference,
    losses.softmax_before_cross_entropy,
    losses.last_batch_loss,
    losses.loss_accumulates_graph,
    losses.wrong_loss_average,
    losses.argmax_dimension,
    steps.no_zero_grad,
    optimizers.wrong_optimizer_parameters,
    steps.scheduler_before_optimizer,
    running.unseeded,
    running.pickle_weights,
)
