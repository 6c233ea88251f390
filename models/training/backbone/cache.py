"""Cut the training windows once and keep the teachers' answers, so that a training step costs the student alone.

Resumable: run the same command again until it says `complete`.
"""

import argparse
import json
import os
import time

import numpy as np

from images import list_sources, make_window
from teachers import CORE, MARGIN, TARGETS, cells, features, fit_projection, name_of, open_teachers

BATCH = 16
FIT_WINDOWS = 640  # windows behind means and principal axes


def open_arrays(folder, count, mode):
    shapes = {"crops": ((count, CORE, CORE, 3), np.uint8)}
    for target in TARGETS:
        side = cells(target[2])
        shapes[name_of(target)] = ((count, side, side, target[3]), np.float16)
    return {name: np.lib.format.open_memmap(os.path.join(folder, f"{name}.npy"), mode, dtype, shape)
            if mode == "w+" else np.load(os.path.join(folder, f"{name}.npy"), mmap_mode=mode)
            for name, (shape, dtype) in shapes.items()}


def read_index(folder):
    with open(os.path.join(folder, "index.json"), encoding="utf-8") as file:
        return json.load(file)


def write_index(folder, index):
    path = os.path.join(folder, "index.json")
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(index, file)
    os.replace(path + ".part", path)


def fit(folder, seed, order, sources, sessions):
    """Means and axes of each target from cells of the first windows (the order is shuffled: they are of every set)."""
    rng = np.random.default_rng(seed)
    samples = {name_of(t): [] for t in TARGETS}
    for start in range(0, FIT_WINDOWS, BATCH):
        windows = np.stack([make_window(seed, i, sources[i]) for i in order[start:start + BATCH]])
        for name, y in features(sessions, windows).items():
            flat = y.reshape(-1, y.shape[-1])
            samples[name].append(flat[rng.choice(len(flat), min(len(flat), 60 * BATCH), replace=False)])
    axes = {}
    for target in TARGETS:
        name = name_of(target)
        mean, scale, vectors, kept = fit_projection(np.concatenate(samples[name]).astype(np.float64), target[3])
        axes |= {f"{name}/mean": mean, f"{name}/scale": scale, f"{name}/axes": vectors}
        print(f"{name}: {vectors.shape[1]} of {len(mean)} axes hold {kept:.3f} of the variance", flush=True)
    np.savez(os.path.join(folder, "axes.npz"), **axes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder with natural, casting, cookies, ... and backbones")
    parser.add_argument("--boards", required=True, help="folder written by `sightline sample-boards`")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after this time; run again to go on")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    end = time.time() + args.seconds
    sources = list_sources(args.data, args.boards)
    order = np.random.default_rng(args.seed).permutation(len(sources))
    sessions = open_teachers(os.path.join(args.data, "backbones"), args.threads, args.out)
    if not os.path.exists(os.path.join(args.out, "index.json")):
        fit(args.out, args.seed, order, sources, sessions)
        open_arrays(args.out, len(sources), "w+")
        write_index(args.out, {"seed": args.seed, "done": 0, "sets": [sources[i][0] for i in order],
                               "images": [sources[i][1] and os.path.basename(sources[i][1]) for i in order]})
    index = read_index(args.out)
    arrays = open_arrays(args.out, len(sources), "r+")
    axes = np.load(os.path.join(args.out, "axes.npz"))
    while index["done"] < len(order) and time.time() < end:
        at = index["done"]
        windows = np.stack([make_window(args.seed, i, sources[i]) for i in order[at:at + BATCH]])
        arrays["crops"][at:at + BATCH] = windows[:, MARGIN:MARGIN + CORE, MARGIN:MARGIN + CORE]
        for name, y in features(sessions, windows).items():
            z = (y - axes[f"{name}/mean"]) / axes[f"{name}/scale"]
            arrays[name][at:at + BATCH] = z @ axes[f"{name}/axes"]
        index["done"] = min(at + BATCH, len(order))
        if index["done"] % (40 * BATCH) == 0:
            write_index(args.out, index)
    for array in arrays.values():
        array.flush()
    write_index(args.out, index)
    print(f"{'complete' if index['done'] == len(order) else 'partial'}: {index['done']} of {len(order)} windows")


if __name__ == "__main__":
    main()
