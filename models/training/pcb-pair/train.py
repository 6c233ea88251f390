"""Train the pair network on CPU. Resumable: run the same command again after an interruption."""

import argparse
import copy
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from dataset import CropStream, aligned, read_pairs
from evaluate import after_nms, report
from model import CLASSES, PairNet, decode, normalise


def heat_loss(logits, heat, weight):
    """Penalty-reduced focal loss (Law & Deng 2018, CornerNet, eq. 1; alpha 2, beta 4)."""
    p = torch.sigmoid(logits).clamp(1e-5, 1 - 1e-5)
    positive = (heat == 1).float()
    gain = positive * (1 - p) ** 2 * torch.log(p)
    rest = (1 - positive) * (1 - heat) ** 4 * p ** 2 * torch.log(1 - p)
    return -((gain + rest) * weight[:, None]).sum() / positive.sum().clamp(min=1)


def side_loss(pred, goal, weight):
    """GIoU (Rezatofighi 2019) of boxes that share a centre cell, plus L1 on log distances."""
    on = weight > 0
    if not on.any():
        return pred.sum() * 0
    p, g, w = pred.permute(0, 2, 3, 1)[on], goal.permute(0, 2, 3, 1)[on], weight[on]
    low, high = torch.minimum(p, g), torch.maximum(p, g)
    area = lambda d: (d[:, 0] + d[:, 2]) * (d[:, 1] + d[:, 3])
    inter, hull = area(low), area(high)
    union = area(p) + area(g) - inter
    giou = inter / union - (hull - union) / hull
    return (((1 - giou) + 0.2 * (p.log() - g.log()).abs().sum(1)) * w).sum() / w.sum()


@torch.no_grad()
def predict(net, pairs):
    found = []
    for p in pairs:
        x = normalise(torch.from_numpy(np.stack((p.test, p.template))[None])).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            out = net(x)
        boxes, scores, labels = (t[0].numpy() for t in decode(*out))
        keep = scores > 0.02
        found.append((boxes[keep], labels[keep], scores[keep]))
    return found


def evaluate_net(net, pairs):
    net.eval()
    return report(pairs, after_nms(predict(net, pairs)), CLASSES)


def update_average(average, net, step, decay):
    keep = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for a, b in zip(average.state_dict().values(), net.state_dict().values()):
            if a.dtype.is_floating_point:
                a.lerp_(b, 1 - keep)
            else:
                a.copy_(b)


def options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", required=True, help="DeepPCB folder with train.txt and val.txt")
    p.add_argument("--extra", action="append", default=[], help="more folders in the same layout (train.txt)")
    p.add_argument("--out", required=True, help="folder for checkpoints and the log")
    p.add_argument("--start", help="checkpoint whose averaged weights to start from")
    p.add_argument("--holdout", default="", help="comma-separated groups kept out of training and scored")
    p.add_argument("--steps", type=int, default=20000)
    p.add_argument("--minutes", type=float, default=1e9, help="shorten the schedule to this wall time")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--grey", type=float, default=0.3, help="share of crops rendered as grey frames")
    p.add_argument("--seed", type=int, default=20261124)
    p.add_argument("--workers", type=int, default=1)
    p.add_argument("--check", type=int, default=1500, help="steps between evaluations")
    return p.parse_args()


def load_data(args):
    held = set(filter(None, args.holdout.split(",")))
    if held:
        train = read_pairs(args.data, "train.txt", lambda g: g not in held)
        val = [p for name in ("train.txt", "val.txt") for p in read_pairs(args.data, name, lambda g: g in held)]
    else:
        train, val = read_pairs(args.data, "train.txt"), read_pairs(args.data, "val.txt")
    extra = [p for folder in args.extra for p in read_pairs(folder, "train.txt")]
    return tuple([aligned(p) for p in pairs] for pairs in (train, val, extra))


def main():
    args = options()
    os.makedirs(args.out, exist_ok=True)
    torch.manual_seed(args.seed)
    log_file = open(os.path.join(args.out, "train.log"), "a", encoding="utf-8")

    def log(text):
        line = f"{time.strftime('%H:%M:%S')} {text}"
        print(line, flush=True)
        log_file.write(line + "\n")
        log_file.flush()

    train, val, extra = load_data(args)
    net = PairNet().to(memory_format=torch.channels_last)
    average = copy.deepcopy(net).eval()
    decayed = [q for q in net.parameters() if q.ndim > 1]
    plain = [q for q in net.parameters() if q.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0}],
                                  lr=args.lr)
    step, spent = 0, 0.0
    last = os.path.join(args.out, "last.pt")
    if os.path.exists(last):
        state = torch.load(last, weights_only=False)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
    elif args.start:
        weights = torch.load(args.start, weights_only=False)["average"]
        net.load_state_dict(weights)
        average.load_state_dict(weights)
    log(f"args seed={args.seed} batch={args.batch} lr={args.lr} steps={args.steps} minutes={args.minutes} "
        f"grey={args.grey} holdout={args.holdout or '-'} extra={len(extra)} train={len(train)} val={len(val)} "
        f"start={'yes' if args.start else 'no'} resumed_at={step}")

    def save():
        torch.save({"net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
                    "step": step, "spent": spent}, last + ".part")
        os.replace(last + ".part", last)

    # a resumed stream gets its own seed, so that it does not replay the first crops
    stream = CropStream(train, args.batch, args.seed + step, extra, args.grey)
    loader = iter(torch.utils.data.DataLoader(stream, batch_size=None, num_workers=args.workers,
                                              prefetch_factor=8 if args.workers else None))
    net.train()
    sums, count, clock = np.zeros(2), 0, time.time()
    while True:
        progress = max(step / args.steps, spent / 60 / args.minutes)
        if progress >= 1:
            break
        warm = min(1.0, (step + 1) / 300)
        rate = args.lr * warm * (0.5 * (1 + math.cos(math.pi * progress)) * 0.99 + 0.01)
        for group in optimiser.param_groups:
            group["lr"] = rate
        images, heat, side, side_weight, weight = next(loader)
        x = normalise(images).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits, distance = net(x)
        a, b = heat_loss(logits, heat, weight), side_loss(distance, side, side_weight)
        optimiser.zero_grad(set_to_none=True)
        (a + b).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        update_average(average, net, step, 0.999)
        step += 1
        sums += (a.item(), b.item())
        count += 1
        spent, clock = spent + time.time() - clock, time.time()
        if step % 100 == 0:
            log(f"step {step} heat {sums[0] / count:.4f} box {sums[1] / count:.4f} lr {rate:.6f} "
                f"spent {spent / 60:.1f} min")
            sums, count = np.zeros(2), 0
        if step % args.check == 0:
            save()
            log(f"step {step} " + json.dumps(evaluate_net(average, val)["all"]))
    save()
    log("final " + json.dumps(evaluate_net(average, val)))


if __name__ == "__main__":
    main()
