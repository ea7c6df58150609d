"""Muon: momentum whose direction is made orthogonal, for convolution filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

# The polynomial x ↦ 3.4445 x − 4.775 x³ + 2.0315 x⁵ moves singular values towards 1 as fast as a
# fifth-degree one can while it stays bounded (Jordan et al. 2024, "Muon").
_LINEAR, _CUBIC, _QUINTIC = 3.4445, -4.7750, 2.0315
NUM_ITERATIONS = 3


class Muon(torch.optim.Optimizer):
    """Muon for filters, Nesterov SGD for all other parameters (Jordan et al. 2024).

    A filter bank ``(C_out, C_in, k, k)`` is a matrix ``(C_out, C_in·k²)``. Its step is the Nesterov
    momentum with all singular values moved near 1; before each step the filters are scaled to the
    Frobenius norm √C_out, so that the learning rate alone says how far they turn.

    Args:
        filters: convolution weights, 4-d.
        others: linear layers.
        biases: biases and what else is a vector: their gradients are small behind a batch norm, and
            cifar10-airbench (Jordan 2024, 2404.00498) gives them a rate many times as large.
        learning_rate: of the filters; the other rates stay in the ratio that is fixed here.
        momentum: of the filters.
        other_learning_rate: of the others.
        bias_learning_rate: of the biases.
        other_momentum: of the others and of the biases.
        weight_decay: share of the others and of the biases that a step at the peak rate adds to
            their velocity, whatever that rate is; filters have a fixed norm and need none.
        bf16: make the directions orthogonal in bfloat16, which takes half the time where bf16 is
            fast; the weights and the momentum stay in float32.
    """

    def __init__(
        self,
        filters: Iterable[nn.Parameter],
        others: Iterable[nn.Parameter],
        biases: Iterable[nn.Parameter],
        learning_rate: float,
        momentum: float,
        other_learning_rate: float,
        bias_learning_rate: float,
        other_momentum: float,
        weight_decay: float = 0.0,
        bf16: bool = False,
    ) -> None:
        self.dtype = torch.bfloat16 if bf16 else torch.float32
        groups: list[dict[str, Any]] = [
            {
                "params": list(parameters),
                "lr": rate,
                "momentum": momentum if orthogonal else other_momentum,
                "orthogonal": orthogonal,
                "rate_factor": rate / learning_rate,
                "weight_decay": 0.0 if orthogonal else weight_decay / rate,
            }
            for parameters, rate, orthogonal in (
                (filters, learning_rate, True),
                (others, other_learning_rate, False),
                (biases, bias_learning_rate, False),
            )
        ]
        super().__init__([group for group in groups if group["params"]], {})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Do one step; ``closure`` is not supported."""
        assert closure is None
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            if group["orthogonal"]:
                for parameter in parameters:
                    self._turn(parameter, group)
            else:
                self._descend(parameters, group)

    def _turn(self, parameter: Tensor, group: dict[str, Any]) -> None:
        gradient, velocity = parameter.grad, self._velocity(parameter)
        assert gradient is not None
        velocity.lerp_(gradient, 1 - group["momentum"])
        direction = gradient.lerp(velocity, group["momentum"])
        parameter.mul_(len(parameter) ** 0.5 / parameter.norm().clamp_min(1e-12))
        matrix = direction.reshape(len(direction), -1).to(self.dtype)
        step = orthogonalise(matrix).to(parameter.dtype)
        parameter.add_(step.reshape(parameter.shape), alpha=-group["lr"])

    def _descend(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        momentum = group["momentum"]
        velocities = [self._velocity(parameter) for parameter in parameters]
        gradients = [p.grad for p in parameters if p.grad is not None]
        changes = torch._foreach_add(gradients, parameters, alpha=group["weight_decay"])
        torch._foreach_mul_(velocities, momentum)
        torch._foreach_add_(velocities, changes)
        torch._foreach_add_(changes, velocities, alpha=momentum)
        torch._foreach_add_(parameters, changes, alpha=-group["lr"])

    def _velocity(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(parameter)
        velocity: Tensor = state["velocity"]
        return velocity


def orthogonalise(matrix: Tensor, num_iterations: int = NUM_ITERATIONS) -> Tensor:
    """Return ``matrix`` ``(m, n)`` with its singular values moved near 1, by Newton-Schulz.

    Three iterations bring values that are not tiny to about 0.7 to 1.2, which is all that Muon
    needs; a singular value decomposition would take many times as long.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    result = matrix.T if tall else matrix
    result = result / (result.norm() + 1e-7)
    for _ in range(num_iterations):
        gram = result @ result.T
        polynomial = torch.addmm(gram, gram, gram, beta=_CUBIC, alpha=_QUINTIC)
        result = torch.addmm(result, polynomial, result, beta=_LINEAR)
    return result.T if tall else result
