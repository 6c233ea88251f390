"""What the features are for: defects found by distance to a memory of good images, without gradient training.

The probe is fixed, so that numbers of two backbones compare: sides multiples of 16 near 256 x 256 px in area, 3x3
means of the taps at stride 8 and 16, z-scores, 128 principal axes, greedy k-centre memory, distance to the nearest
member, with and without mean and spread of that distance per place (from good images kept out of the memory);
score = mean of the highest percent. After PatchCore (Roth et al. 2022) with a calibration per place.
"""

import argparse
import glob
import json
import math
import os

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from images import read_rgb

GRID = 24
TEACHERS = {
    "mobilenet_v1 t24+t32": ("mobilenet_v1", ["t24", "t32"]),
    "mobilenet_v1 s8+s16": ("mobilenet_v1", ["t24", "t48"]),
    "mobilenet_v2": ("mobilenet_v2", ["t37", "t77"]),
    "squeezenet": ("squeezenet", ["feat_s8", "feat_s16"]),
}


def fit_size(image):
    h, w = image.shape[:2]
    scale = 256 / math.sqrt(h * w)
    size = tuple(max(16, round(n * scale / 16) * 16) for n in (w, h))
    shrinks = size[0] < w
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def read_sets(data):
    """{name: (good for memory, good for test, bad for test, masks of bad or None)}, images at working size."""
    def some(pattern):
        paths = sorted(glob.glob(os.path.join(data, pattern)))
        if not paths:
            raise SystemExit(f"no images match {os.path.join(data, pattern)}")
        return paths

    def load(paths):
        return [fit_size(read_rgb(p)) for p in paths]

    cracked = some("cookies/train/cracked/*.jpg")
    masks = [cv2.imread(p.replace("train", "ground_truth").replace(".jpg", ".png"))[..., 0] > 0 for p in cracked]
    return {
        "casting": (load(some("casting/train/ok_front/*")), load(some("casting/test/ok_front/*")),
                    load(some("casting/test/def_front/*")), None),
        "cookies": (load(some("cookies/train/good/*")), load(some("cookies/test/good/*")), load(cracked), masks),
    }


def onnx_extractor(path, tensors, threads, nchw):
    """Function from a uint8 RGB image to its two taps [c, h, w]."""
    import onnx
    import onnxruntime as ort

    model = onnx.load(path)
    have = {o.name for o in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=t) for t in tensors if t not in have)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name

    def extract(image):
        feed = image.transpose(2, 0, 1)[None].astype(np.float32) if nchw else image[None]
        return [torch.from_numpy(y[0]) for y in session.run(tensors, {entry: feed})]

    return extract


def patches(extract, image):
    """float32 [rows * columns, channels] at stride 8, and (rows, columns)."""
    fine, coarse = (F.avg_pool2d(t[None], 3, 1, 1, count_include_pad=False) for t in extract(image))
    coarse = F.interpolate(coarse, size=fine.shape[2:], mode="bilinear", align_corners=False)
    return [t[0].flatten(1).T for t in (fine, coarse)], fine.shape[2:]


class Space:
    """z-scores, one weight per tap, 128 principal axes; fitted on good patches."""

    def __init__(self, layers):
        self.mean = [x.mean(0) for x in layers]
        self.scale = []
        for x in layers:
            sd = x.std(0)
            self.scale.append((sd + 0.05 * sd.mean()) * math.sqrt(x.shape[1]))
        z = self.standard(layers)
        values, vectors = torch.linalg.eigh(z.T @ z / len(z))
        self.axes = vectors[:, values.argsort(descending=True)[:128]]

    def standard(self, layers):
        return torch.cat([(x - m) / s for x, m, s in zip(layers, self.mean, self.scale)], 1)

    def __call__(self, layers):
        return self.standard(layers) @ self.axes


def k_centres(points, count, generator):
    """Greedy k-centre choice (Gonzalez 1985) among at most 24,000 of the points."""
    if len(points) > 24000:
        points = points[torch.randperm(len(points), generator=generator)[:24000]]
    square = (points * points).sum(1)
    chosen, nearest = [0], torch.full((len(points),), math.inf)
    for _ in range(min(count, len(points)) - 1):
        last = points[chosen[-1]]
        torch.minimum(nearest, square - 2 * (points @ last) + last @ last, out=nearest)
        chosen.append(int(nearest.argmax()))
    return points[chosen]


def distances(memory, points):
    square = (memory * memory).sum(1)
    best = torch.cat([(square - 2 * (p @ memory.T)).amin(1) for p in points.split(4096)])
    return (best + (points * points).sum(1)).clamp(min=0).sqrt()


def top_percent(values):
    return float(values.topk(max(1, round(0.01 * len(values)))).values.mean())


def auroc(good, bad):
    values = np.concatenate((good, bad))
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((rank[len(good):].sum() - len(bad) * (len(bad) + 1) / 2) / (len(good) * len(bad)))


def aupro(good_maps, bad_maps, masks, limit=0.3):
    """Mean overlap per connected region over false-positive rates up to `limit` (Bergmann et al. 2021), 0..1."""
    big, regions = [], []
    for values, mask in zip(bad_maps, masks):
        big.append(cv2.resize(values, mask.shape[::-1], interpolation=cv2.INTER_LINEAR))
        count, labels = cv2.connectedComponents(mask.astype(np.uint8))
        regions += [np.sort(big[-1][labels == k]) for k in range(1, count)]
    shape = masks[0].shape[::-1]
    clean = [cv2.resize(m, shape, interpolation=cv2.INTER_LINEAR).ravel() for m in good_maps]
    clean = np.sort(np.concatenate(clean + [b[~m] for b, m in zip(big, masks)]))
    rates = np.linspace(0, limit, 61)
    cuts = clean[np.clip((len(clean) * (1 - rates)).astype(int), 0, len(clean) - 1)]
    overlap = [np.mean([1 - np.searchsorted(r, c) / len(r) for r in regions]) for c in cuts]
    return float(np.trapezoid(overlap, rates) / limit)


def probe_set(extract, good, test_good, test_bad, masks, memory_size, seed):
    generator = torch.Generator().manual_seed(seed)
    held = max(6, len(good) // 4)
    order = torch.randperm(len(good), generator=generator).tolist()
    layers = [patches(extract, good[i])[0] for i in order]
    together = [torch.cat(parts) for parts in zip(*layers[held:])]
    pick = torch.randperm(len(together[0]), generator=generator)[:20000]
    space = Space([x[pick] for x in together])
    memory = k_centres(space(together), memory_size, generator)

    def raw_map(image):
        parts, shape = patches(extract, image)
        return distances(memory, space(parts)).reshape(tuple(shape))

    def resize(values, size):
        return F.interpolate(values[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]

    calibration = torch.stack([resize(raw_map(good[i]), (GRID, GRID)) for i in order[:held]])
    mean, sd = calibration.mean(0), calibration.std(0)
    sd = sd + 0.3 * sd.median()
    result = {}
    maps = {part: [raw_map(i) for i in images] for part, images in (("good", test_good), ("bad", test_bad))}
    for name in ("plain", "per place"):
        if name == "per place":
            maps = {part: [(m - resize(mean, m.shape)) / resize(sd, m.shape) for m in all_maps]
                    for part, all_maps in maps.items()}
        scores = {part: np.array([top_percent(m.flatten()) for m in all_maps]) for part, all_maps in maps.items()}
        result[name] = {"auroc": round(100 * auroc(scores["good"], scores["bad"]), 2)}
        if masks is not None:
            numpy_maps = {part: [m.numpy() for m in all_maps] for part, all_maps in maps.items()}
            result[name]["aupro"] = round(100 * aupro(numpy_maps["good"], numpy_maps["bad"], masks), 2)
    return result


@torch.no_grad()
def probe(extract, sets, memory_size=3000, seed=7):
    return {name: probe_set(extract, *parts, memory_size, seed) for name, parts in sets.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", action="append", default=[], help="exported student; may be given several times")
    parser.add_argument("--teachers", action="store_true", help="the teachers too")
    parser.add_argument("--memory", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, action="append", help="default 7; several are averaged by hand")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sets = read_sets(args.data)
    jobs = [(path, onnx_extractor(path, ["tap8", "tap16"], args.threads, False)) for path in args.model]
    if args.teachers:
        jobs += [(name, onnx_extractor(os.path.join(args.data, "backbones", f"{file}.onnx"), taps, args.threads, True))
                 for name, (file, taps) in TEACHERS.items()]
    for name, extract in jobs:
        for seed in args.seed or [7]:
            print(name, f"seed {seed}", json.dumps(probe(extract, sets, args.memory, seed)), flush=True)


if __name__ == "__main__":
    main()
