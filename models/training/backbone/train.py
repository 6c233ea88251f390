"""Distil the student on CPU from cached teacher features. Resumable: run the same command again."""

import argparse
import copy
import json
import os
import queue
import threading
import time

import numpy as np
import torch
from torch import nn

from cache import open_arrays, read_index
from model import STRIDES, WIDTHS, Student, normalise
from probe import probe, read_sets
from steps import descend, open_log, open_optimisers, set_rates, update_average
from teachers import CORE, KEEP_EVERY, TARGETS, name_of

# the taps that served best as a memory of good images count most
WEIGHTS = {"mobilenet_v1-t24": 1.0, "mobilenet_v1-t32": 1.0, "mobilenet_v2-t37": 0.8, "mobilenet_v2-t77": 0.8}
OTHER_WEIGHT = 0.3
VALIDATED = 640  # windows at most behind a validation figure


class Heads(nn.Module):
    """One 1x1 convolution per target, thrown away after training."""

    def __init__(self):
        super().__init__()
        self.by_target = nn.ModuleList(nn.Conv2d(WIDTHS[STRIDES.index(t[2])], t[3], 1) for t in TARGETS)

    def forward(self, taps):
        out = []
        for target, head in zip(TARGETS, self.by_target):
            every = KEEP_EVERY[target[2]]
            out.append(head(taps[STRIDES.index(target[2])][:, :, ::every, ::every]))
        return out


class Batches(threading.Thread):
    """Reads shuffled batches ahead of the training step."""

    def __init__(self, arrays, rows, batch, seed):
        super().__init__(daemon=True)
        self.arrays, self.rows, self.batch = arrays, rows, batch
        self.rng = np.random.default_rng(seed)
        self.crop_rng = np.random.default_rng(seed + 1)
        self.ready = queue.Queue(4)
        self.start()

    def run(self):
        while True:
            order = self.rng.permutation(self.rows)
            for at in range(0, len(order) - self.batch + 1, self.batch):
                self.ready.put(fetch(self.arrays, np.sort(order[at:at + self.batch])))


def fetch(arrays, rows):
    return {name: torch.from_numpy(array[rows]) for name, array in arrays.items()}


def part_of(batch, side, rng):
    """One random square of all windows, `side` px, on whole cells of the coarsest stride."""
    x, y = (int(v) * 16 for v in rng.integers(0, (CORE - side) // 16 + 1, 2))
    out = {"crops": batch["crops"][:, y:y + side, x:x + side]}
    for target in TARGETS:
        step = target[2] * KEEP_EVERY[target[2]]
        rows, columns = (slice(n // step, (n + side) // step) for n in (y, x))
        out[name_of(target)] = batch[name_of(target)][:, rows, columns]
    return out


def errors(predictions, batch, total):
    """Unexplained share of each target's variance (1 - R^2), differentiable."""
    out = []
    for target, y in zip(TARGETS, predictions):
        goal = batch[name_of(target)].float()
        out.append((y.permute(0, 2, 3, 1) - goal).square().sum(3).mean() / total[name_of(target)])
    return torch.stack(out)


def as_input(batch):
    return normalise(batch["crops"]).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def validate(net, heads, arrays, rows, total):
    net.eval()
    parts = [errors(heads(net(as_input(b))), b, total)
             for b in (fetch(arrays, rows[at:at + 32]) for at in range(0, len(rows), 32))]
    return {name_of(t): round(1 - float(e), 4) for t, e in zip(TARGETS, torch.stack(parts).mean(0))}


def as_extractor(net):
    net.eval()

    def extract(image):
        return [t[0].contiguous() for t in net(as_input({"crops": torch.from_numpy(image[None])}))[1:]]

    return extract


def options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--cache", required=True, help="folder written by cache.py")
    p.add_argument("--out", required=True, help="folder for checkpoints and the log")
    p.add_argument("--data", help="folder with casting and cookies, for the probe; none: no probe")
    p.add_argument("--start", help="checkpoint whose averaged weights to start from")
    p.add_argument("--leave-out", default="", help="comma-separated sets not trained on")
    p.add_argument("--steps", type=int, default=20000)
    p.add_argument("--minutes", type=float, default=1e9, help="shorten the schedule to this training time")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--side", type=int, default=CORE, help="px of a training crop, a multiple of 16")
    p.add_argument("--lr", type=float, default=2e-3, help="of AdamW: depthwise filters, batch norms, heads")
    p.add_argument("--matrix-lr", type=float, default=0.02, help="of Muon: all other convolutions")
    p.add_argument("--decay", type=float, default=0.02, help="weight decay")
    p.add_argument("--average", type=float, default=0.999, help="decay of the moving average of the weights")
    p.add_argument("--seed", type=int, default=20261124)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--check", type=int, default=1500, help="steps between probes")
    p.add_argument("--pause-file", help="training waits while this file exists")
    return p.parse_args()


def split(index, left_out):
    """Rows to train on, and rows of images never trained on (one in thirty)."""
    rows = np.array([i for i in range(index["done"]) if index["sets"][i] not in left_out])
    held = np.array([sum(map(ord, index["images"][i] or str(i))) % 30 == 0 for i in rows])
    return rows[~held], rows[held][:VALIDATED]


def main():
    args = options()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    log = open_log(args.out)

    index = read_index(args.cache)
    arrays = open_arrays(args.cache, len(index["sets"]), "r")
    train_rows, held_rows = split(index, set(filter(None, args.leave_out.split(","))))
    some = np.sort(np.random.default_rng(args.seed).choice(train_rows, min(512, len(train_rows)), replace=False))
    total = {name_of(t): float(np.square(arrays[name_of(t)][some].astype(np.float32)).sum(3).mean()) for t in TARGETS}
    sets = read_sets(args.data) if args.data else None
    weights = torch.tensor([WEIGHTS.get(name_of(t), OTHER_WEIGHT) for t in TARGETS])

    both = nn.ModuleList((Student(), Heads())).to(memory_format=torch.channels_last)
    average = copy.deepcopy(both).eval()
    optimisers = open_optimisers(both[0], both.parameters(), args.matrix_lr, args.lr, args.decay)
    step, spent = 0, 0.0
    last = os.path.join(args.out, "last.pt")
    if os.path.exists(last):
        state = torch.load(last, weights_only=False)
        both.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        for (optimiser, _), kept in zip(optimisers, state["optimisers"]):
            optimiser.load_state_dict(kept)
        step, spent = state["step"], state["spent"]
    elif args.start:
        weights_of_start = torch.load(args.start, weights_only=False)["average"]
        both.load_state_dict(weights_of_start)
        average.load_state_dict(weights_of_start)
    log(f"args seed={args.seed} batch={args.batch} side={args.side} lr={args.lr} matrix_lr={args.matrix_lr} steps={args.steps} minutes={args.minutes} "
        f"leave_out={args.leave_out or '-'} rows={len(train_rows)} held={len(held_rows)} "
        f"start={'yes' if args.start else 'no'} resumed_at={step}")

    def save():
        torch.save({"net": both.state_dict(), "average": average.state_dict(),
                    "optimisers": [optimiser.state_dict() for optimiser, _ in optimisers],
                    "step": step, "spent": spent}, last + ".part")
        os.replace(last + ".part", last)

    def check():
        save()
        log(f"step {step} r2 {json.dumps(validate(*average, arrays, held_rows, total))}")
        if sets:
            log(f"step {step} probe {json.dumps(probe(as_extractor(average[0]), sets))}")
        average.eval()

    # a resumed stream gets its own seed, so that it does not replay the first batches
    batches = Batches(arrays, train_rows, args.batch, args.seed + step)
    both.train()
    sums, count = np.zeros(len(TARGETS)), 0
    while True:
        progress = max(step / args.steps, spent / 60 / args.minutes)
        if progress >= 1:
            break
        while args.pause_file and os.path.exists(args.pause_file):
            time.sleep(1)
        clock = time.time()
        share = set_rates(optimisers, step, progress, 200, 0.005)
        batch = part_of(batches.ready.get(), args.side, batches.crop_rng)
        missed = errors(both[1](both[0](as_input(batch))), batch, total)
        descend((missed * weights).sum(), both.parameters(), optimisers)
        update_average(average, both, step, args.average)
        step += 1
        sums += missed.detach().numpy()
        count += 1
        spent += time.time() - clock
        if step % 100 == 0:
            log(f"step {step} r2 {' '.join(f'{1 - s / count:.3f}' for s in sums)} rate {share:.3f} "
                f"spent {spent / 60:.1f} min")
            sums, count = np.zeros(len(TARGETS)), 0
        if step % 300 == 0:
            save()
        if step % args.check == 0:
            check()
    check()
    log("done")


if __name__ == "__main__":
    main()
