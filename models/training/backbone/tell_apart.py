"""Go on from an exported backbone: marked cells shall lie farther from a memory of the same surface than others.

The released network before is the start and the anchor: what the features say in general shall stay.
"""

import argparse
import copy
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from export import open_export, release
from images import list_sources, make_window
from pairs import make_pair, texture_twins, zoom
from steps import descend, open_log, open_optimisers, set_rates, update_average
from teachers import MARGIN

PLAIN_SHARE = 0.02  # share of changed pixels up to which a cell counts as unmarked
MARKED_SHARE = 0.25  # share from which it counts as marked
WORST = 0.05  # as many of the unmarked cells as this share of all weigh as much as all: few decide about a part
TEXTURE_SHARE = 0.4  # share of pairs of drawn surfaces
WINDOWS = 5000  # windows kept in memory


def joined(taps, standard=None):
    """Cells [n, cells, channels] at stride 8 as teaching joins them, and the z-scores' mean and scale per image."""
    fine, coarse = (F.avg_pool2d(t, 3, 1, 1, count_include_pad=False) for t in taps[1:])
    coarse = F.interpolate(coarse, size=fine.shape[2:], mode="bilinear", align_corners=False)
    layers = [t.flatten(2).transpose(1, 2) for t in (fine, coarse)]
    if standard is None:
        standard = []
        for layer in layers:
            sd = layer.std(1, keepdim=True)
            scale = (sd + 0.05 * sd.mean(2, keepdim=True)) * math.sqrt(layer.shape[2])
            standard.append((layer.mean(1, keepdim=True), scale))
    return torch.cat([(x - mean) / scale for x, (mean, scale) in zip(layers, standard)], 2), standard


def apart(memory_taps, taps, cover, slope, offset):
    """Cost of telling marked cells from others by the distance to the memory; share found beyond 98 % of the others.

    The logarithm of the distance less its mean over unmarked cells goes through a logistic curve that is learned as
    well; both kinds of cells weigh the same.
    """
    memory, standard = joined(memory_taps)
    cells = joined(taps, standard)[0]
    square = cells.square().sum(2, keepdim=True) + memory.square().sum(2)[:, None] - 2 * cells @ memory.transpose(1, 2)
    far = 0.5 * torch.log(square.amin(2).clamp_min(1e-4))
    # what lies beside a mark sees some of it
    beside = F.max_pool2d((cover > PLAIN_SHARE).float()[:, None], 3, 1, 1)[:, 0] > 0
    marked, plain = (cover >= MARKED_SHARE).flatten(1), ~beside.flatten(1)
    enough = (plain.sum(1) > 20)[:, None]
    marked, plain = marked & enough, plain & enough
    usual = (far * plain).sum(1, keepdim=True) / plain.sum(1, keepdim=True).clamp_min(1)
    z = slope.exp() * (far - usual) - offset
    missed = (F.softplus(-z) * marked).sum() / marked.sum().clamp_min(1)
    called = (F.softplus(z) * plain).sum() / plain.sum().clamp_min(1)
    worst = z.masked_fill(~plain, -1e4).topk(max(1, int(z.shape[1] * WORST)), 1).values
    real = worst > -1e3
    called_worst = (F.softplus(worst.clamp_min(-50)) * real).sum() / real.sum().clamp_min(1)
    with torch.no_grad():
        cuts = [torch.quantile(row[p], 0.98) if p.any() else math.inf for row, p in zip(z, plain)]
        found = sum(float((row[m] > cut).sum()) for row, m, cut in zip(z, marked, cuts))
    return missed + 0.5 * (called + called_worst), found / max(1, int(marked.sum()))


def moved(taps, before, spread):
    """Mean share of the variance by which taps [n, c, h, w] have left those before."""
    return sum((x - y).square().sum(1).mean() / s for x, y, s in zip(taps, before, spread)) / len(spread)


def draw(rng, windows, count, strong):
    memories, views, covers = [], [], []
    for at in rng.choice(len(windows), count):
        factor = math.exp(rng.uniform(0, math.log(3))) if rng.random() < 0.5 else 1.0
        one = texture_twins(rng, factor) if rng.random() < TEXTURE_SHARE else [zoom(windows[at], factor)] * 2
        memory, view, cover = make_pair(rng, *one, windows[rng.integers(len(windows))], strong)
        memories.append(memory)
        views.append(view)
        covers.append(cover)
    return [torch.from_numpy(np.stack(x)) for x in (memories, views, covers)]


def cut_windows(data, boards, left_out, seed):
    sources = list_sources(data, boards)
    rows = [i for i, (name, _) in enumerate(sources) if name not in left_out]
    rows = np.random.default_rng(seed).permutation(rows)[:WINDOWS]
    core = slice(MARGIN, -MARGIN)
    return np.stack([make_window(seed, int(i), sources[i])[core, core] for i in rows])


def options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", required=True)
    p.add_argument("--boards", required=True)
    p.add_argument("--start", required=True, help="exported backbone to go on from")
    p.add_argument("--out", required=True, help="folder for model.onnx and the log")
    p.add_argument("--leave-out", default="", help="comma-separated sets not trained on")
    p.add_argument("--steps", type=int, default=1000000)
    p.add_argument("--minutes", type=float, default=1e9, help="shorten the schedule to this time")
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--lr", type=float, default=3e-4, help="of AdamW: depthwise filters, biases")
    p.add_argument("--matrix-lr", type=float, default=1e-3, help="of Muon: all other convolutions")
    p.add_argument("--anchor", type=float, default=1.0, help="weight of staying where the start was")
    p.add_argument("--light", choices=("mild", "strong"), default="mild", help="how much light differs between views")
    p.add_argument("--average", type=float, default=0.995, help="decay of the moving average of the weights")
    p.add_argument("--seed", type=int, default=20261126)
    p.add_argument("--threads", type=int, default=1)
    return p.parse_args()


def main():
    args = options()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    log = open_log(args.out)

    windows = cut_windows(args.data, args.boards, set(filter(None, args.leave_out.split(","))), args.seed)
    net = open_export(args.start).to(memory_format=torch.channels_last)
    before, average = copy.deepcopy(net), copy.deepcopy(net)
    slope, offset = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(1.0))
    parameters = [*net.parameters(), slope, offset]
    optimisers = open_optimisers(net, parameters, args.matrix_lr, args.lr, 0)
    with torch.no_grad():
        spread = [t.var((0, 2, 3)).sum() for t in before(torch.from_numpy(windows[:64]))]
    log(f"args {json.dumps({k: v for k, v in vars(args).items() if k not in ('data', 'boards', 'start', 'out')})} "
        f"windows={len(windows)}")

    rng = np.random.default_rng(args.seed)
    start, step, sums, count = time.time(), 0, np.zeros(4), 0
    while (progress := max(step / args.steps, (time.time() - start) / 60 / args.minutes)) < 1:
        share = set_rates(optimisers, step, progress, 50, 0.01)
        memory, view, cover = draw(rng, windows, args.batch, args.light == "strong")
        taps = net(memory), net(view)
        with torch.no_grad():
            taps_before = before(memory), before(view)
            found_before = apart(*taps_before, cover, slope, offset)[1]
        cost, found = apart(*taps, cover, slope, offset)
        left = sum(moved(x, y, spread) for x, y in zip(taps, taps_before)) / 2
        descend(cost + args.anchor * left, parameters, optimisers)
        update_average(average, net, step, args.average)
        step += 1
        count += 1
        sums += (cost.item(), left.item(), found, found_before)
        if step % 100 == 0:
            cost_mean, left_mean, *both = sums / count
            log(f"step {step} cost {cost_mean:.3f} moved {left_mean:.3f} found {both[0]:.3f} before {both[1]:.3f} "
                f"rate {share:.3f} spent {(time.time() - start) / 60:.1f} min")
            sums, count = np.zeros(4), 0

    log(f"step {step} spent {(time.time() - start) / 60:.1f} min")
    log(release(average, os.path.join(args.out, "model.onnx")))


if __name__ == "__main__":
    main()
