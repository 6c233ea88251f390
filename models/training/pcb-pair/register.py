"""Align the template to the tested image by a whole-pixel shift, as plain tensor operations.

The same module prepares the training pairs and runs inside the exported graph. Search: coarse to
fine on mean-pooled images by least squared difference, up to 16 + 2 + 1 px on each axis. The shift
is taken only if it clearly explains the difference; blank or periodic boards stay where they are.
"""

import torch
from torch import nn
import torch.nn.functional as F

# A shift must bring the squared difference under this share of the unshifted one.
GAIN = 0.85


def shifted(x, dx, dy):
    """x [n,1,h,w] sampled at (col + dx, row + dy), edges repeated; dx, dy int64 [n]."""
    n, c, h, w = x.shape
    rows = (torch.arange(h)[None, :] + dy[:, None]).clamp(min=0)
    rows = torch.minimum(rows, torch.ones_like(rows) * (h - 1))
    cols = (torch.arange(w)[None, :] + dx[:, None]).clamp(min=0)
    cols = torch.minimum(cols, torch.ones_like(cols) * (w - 1))
    x = x.gather(2, rows[:, None, :, None].expand(-1, -1, -1, w))
    return x.gather(3, cols[:, None, None, :].expand(-1, -1, h, -1))


def _search(test, template, reach):
    """Mean squared difference for every shift within `reach`: [n, (2 reach + 1)^2], row major."""
    t = reach
    inner = test[:, :, t:-t, t:-t]
    costs = []
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            y_end, x_end = (dy - t) or None, (dx - t) or None
            gap = inner - template[:, :, t + dy:y_end, t + dx:x_end]
            costs.append((gap * gap).mean((1, 2, 3)))
    return torch.stack(costs, 1)


def _best(costs, reach):
    index = costs.argmin(1)
    side = 2 * reach + 1
    dy = torch.div(index, side, rounding_mode="floor")
    return index - dy * side - reach, dy - reach


class Register(nn.Module):
    """(test, template) float [n,1,h,w] -> template shifted onto the test."""

    def forward(self, test, template):
        dx, dy = _best(_search(F.avg_pool2d(test, 4), F.avg_pool2d(template, 4), 4), 4)
        dx, dy = dx * 4, dy * 4
        half = shifted(F.avg_pool2d(template, 2), dx // 2, dy // 2)
        mx, my = _best(_search(F.avg_pool2d(test, 2), half, 1), 1)
        dx, dy = dx + 2 * mx, dy + 2 * my
        costs = _search(test, shifted(template, dx, dy), 1)
        fx, fy = _best(costs, 1)
        stay = ((test - template)[:, :, 1:-1, 1:-1] ** 2).mean((1, 2, 3))
        use = (costs.min(1).values < GAIN * stay).to(dx.dtype)
        return shifted(template, (dx + fx) * use, (dy + fy) * use)
