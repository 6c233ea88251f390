"""What every phase of training does at each step: log, rates, update, moving average."""

import math
import os
import time

import torch
from torch import nn

from muon import Muon


def open_log(folder):
    """Makes the folder; returns a function that prints a line with the time and appends it to `train.log` there."""
    os.makedirs(folder, exist_ok=True)
    file = open(os.path.join(folder, "train.log"), "a", encoding="utf-8")

    def log(text):
        line = f"{time.strftime('%H:%M:%S')} {text}"
        print(line, flush=True)
        file.write(line + "\n")
        file.flush()

    return log


def open_optimisers(net, parameters, matrix_rate, rate, decay):
    """[(optimiser, rate)]: Muon for dense and 1x1 convolutions of `net`, AdamW for the rest of `parameters`.

    Weight decay is for what has more than one axis.
    """
    matrices = [m.weight for m in net.modules() if isinstance(m, nn.Conv2d) and m.groups == 1]
    known = {id(q) for q in matrices}
    rest = [q for q in parameters if id(q) not in known]
    others = torch.optim.AdamW([{"params": [q for q in rest if q.ndim > 1], "weight_decay": decay},
                                {"params": [q for q in rest if q.ndim <= 1], "weight_decay": 0}])
    return [(Muon(matrices, matrix_rate), matrix_rate), (others, rate)]


def set_rates(optimisers, step, progress, warm_steps, least):
    """Cosine from 1 to `least` of each rate over a progress of 0..1, after a linear warm-up; returns the share."""
    share = min(1.0, (step + 1) / warm_steps) * (0.5 * (1 + math.cos(math.pi * progress)) * (1 - least) + least)
    for optimiser, rate in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate * share
    return share


def descend(cost, parameters, optimisers):
    for optimiser, _ in optimisers:
        optimiser.zero_grad(set_to_none=True)
    cost.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 2.0)
    for optimiser, _ in optimisers:
        optimiser.step()


@torch.no_grad()
def update_average(average, net, step, decay):
    keep = min(decay, (1 + step) / (10 + step))
    for a, b in zip(average.state_dict().values(), net.state_dict().values()):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - keep)
        else:
            a.copy_(b)
