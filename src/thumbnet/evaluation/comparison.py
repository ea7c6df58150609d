"""Statistics of a comparison: means, paired differences and ratios, McNemar's test, corrections.

Pure functions of numbers. Two sides are compared seed by seed: what a seed has in common (initial
weights where the networks agree, order of the images, split) then cancels.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from thumbnet.errors import DataError

CONFIDENCE = 0.95
# Differences of fractions that are equal but for rounding are equal.
_DECIMALS = 12


@dataclass(frozen=True)
class Estimate:
    """A mean over independent values, with what its t-interval needs ("Student" 1908).

    Attributes:
        value: the mean.
        standard_error: of the mean; None for a single value.
        num_values: how many values.
    """

    value: float
    standard_error: float | None
    num_values: int

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
        """Return the two-sided t-interval ``(low, high)``; None for a single value."""
        if self.standard_error is None:
            return None
        quantile = float(stats.t.ppf((1 + confidence) / 2, self.num_values - 1))
        half_width = quantile * self.standard_error
        return self.value - half_width, self.value + half_width

    @property
    def p_value(self) -> float | None:
        """Of the two-sided t-test that the mean is 0; None where the values have no spread."""
        if not self.standard_error:
            return None
        ratio = abs(self.value) / self.standard_error
        return float(2 * stats.t.sf(ratio, self.num_values - 1))


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of independent values.

    Raises:
        DataError: there is no value, or one is not finite.
    """
    if not values or not all(map(math.isfinite, values)):
        raise DataError("a mean needs finite values", got=list(values), expected="at least one")
    value = math.fsum(values) / len(values)
    if len(values) == 1:
        return Estimate(value, None, 1)
    deviation = round(statistics.stdev(values), _DECIMALS)
    return Estimate(value, deviation / math.sqrt(len(values)), len(values))


def paired_difference(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """Return the mean of ``a[i] - b[i]``, where both belong to the same seed.

    Raises:
        DataError: not as many values on both sides, none, or one is not finite.
    """
    _check_pairs(a, b)
    return estimate([round(x - y, _DECIMALS) for x, y in zip(a, b, strict=True)])


def paired_log_ratio(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """Return the mean of ``log(a[i] / b[i])``: its exponential is the geometric mean ratio.

    Raises:
        DataError: as for ``paired_difference``, or a value is not positive.
    """
    _check_pairs(a, b)
    if min([*a, *b], default=1.0) <= 0:
        raise DataError("a ratio needs positive values", got=min(*a, *b))
    return estimate([math.log(x / y) for x, y in zip(a, b, strict=True)])


def _check_pairs(a: Sequence[float], b: Sequence[float]) -> None:
    if len(a) != len(b):
        raise DataError(
            "a paired comparison needs as many values on both sides", got=f"{len(a)} and {len(b)}"
        )


@dataclass(frozen=True)
class McNemar:
    """Two models on the same images: where they differ, who is right (McNemar 1947).

    Attributes:
        only_a, only_b: images that only one of the models gets right.
        p_exact: two-sided, of the binomial test that a disagreement favours either alike.
        p_mid: likewise with half of the probability of what was seen (Fagerland et al. 2013):
            closer to the nominal level, which the exact test stays below.
    """

    only_a: int
    only_b: int
    p_exact: float
    p_mid: float


def mcnemar(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> McNemar:
    """Test two models' right answers, bool ``(N,)`` each, on the same images in the same order.

    Raises:
        DataError: the shapes differ.
    """
    if right_a.shape != right_b.shape:
        raise DataError(
            "two models can be compared on the same images only",
            got=f"{right_a.shape} and {right_b.shape}",
        )
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    fewer, total = min(only_a, only_b), only_a + only_b
    if not total:
        return McNemar(0, 0, 1.0, 1.0)
    at_most, exactly = stats.binom.cdf(fewer, total, 0.5), stats.binom.pmf(fewer, total, 0.5)
    is_even = only_a == only_b
    p_mid = 1 - exactly / 2 if is_even else 2 * at_most - exactly
    return McNemar(only_a, only_b, min(1.0, 2 * float(at_most)), float(p_mid))


def combined_p(p_values: Sequence[float]) -> float:
    """Return twice the median, at most 1: valid however the tests depend on each other.

    The models of several seeds are tested on the same images, so that their p-values may neither be
    multiplied nor their counts added (Rüger 1978; Vovk and Wang 2020, 1212.4966).
    """
    return min(1.0, 2 * statistics.median_low(p_values))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for their number, step by step (Holm 1979), in given order.

    Claiming those at most α then makes any wrong claim with probability at most α.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, (len(p_values) - rank) * p_values[index])
        adjusted[index] = min(1.0, largest)
    return adjusted


def median_time_to(times: Sequence[float | None]) -> float | None:
    """Return the time by which half of the runs had arrived; None if fewer ever did.

    ``None`` in ``times`` is a run that had not arrived when it ended. It counts as later than all
    that had: leaving such runs out would make the side that fails more look faster. This is the
    median of Kaplan and Meier (1958) for runs that end at the same time.
    """
    arrived = sorted(time for time in times if time is not None)
    needed = math.ceil(len(times) / 2)
    return arrived[needed - 1] if times and len(arrived) >= needed else None


def mean_curve(curves: Sequence[Sequence[float]]) -> list[Estimate]:
    """Return the mean over runs at every epoch that all of them have."""
    return [estimate(values) for values in zip(*curves, strict=False)]


def pack_bits(right: Any) -> str:
    """Return booleans ``(N,)`` as hexadecimal text, eight to a byte, the last one padded."""
    return np.packbits(np.asarray(right, dtype=bool)).tobytes().hex()


def unpack_bits(text: str, count: int) -> NDArray[np.bool_]:
    """Return the ``count`` booleans that ``pack_bits`` wrote."""
    packed = np.frombuffer(bytes.fromhex(text), dtype=np.uint8)
    return np.unpackbits(packed, count=count).astype(bool)
