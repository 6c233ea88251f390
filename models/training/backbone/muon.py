"""Muon (Jordan et al. 2024): momentum whose update is made orthogonal, for weights that are matrices."""

import torch


def orthogonal(gradient, rounds=4):
    """Nearest orthogonal matrix, roughly, by a quintic Newton-Schulz iteration; coefficients as published."""
    x = gradient / (gradient.norm() + 1e-7)
    flip = x.shape[0] > x.shape[1]
    if flip:
        x = x.T
    for _ in range(rounds):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.T if flip else x


class Muon(torch.optim.Optimizer):
    """Convolution weights are taken as matrices [out, in * rows * columns]."""

    def __init__(self, params, lr, momentum=0.95):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                moving = state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(moving, group["momentum"])
                update = orthogonal(ahead.flatten(1))
                gain = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
                weight.add_(update.view_as(weight), alpha=-group["lr"] * gain)
