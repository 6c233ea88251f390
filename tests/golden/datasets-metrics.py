"""Reference values for datasets/metrics, by an independent program.

    python3 tests/golden/datasets-metrics.py > tests/golden/datasets-metrics.json
    npx prettier --write tests/golden/datasets-metrics.json

Made with Python 3.11, numpy 2, scipy 1.17. Inputs are drawn from a fixed seed and written beside the results.
"""

import json

import numpy as np
from scipy.special import betainc
from scipy.stats import binomtest, mannwhitneyu

CLASSES = ["open", "short", "mousebite"]
rng = np.random.default_rng(20260)


def draw_box():
    x, y = rng.integers(0, 560, 2)
    w, h = rng.integers(20, 60, 2)
    return [int(x), int(y), int(x + w), int(y + h)]


def draw_image(n):
    truths, detections = [], []
    for _ in range(rng.integers(0, 6)):
        box = draw_box()
        cls = CLASSES[rng.integers(0, 3)]
        truths.append({"class": cls, "box": box})
        for _ in range(rng.integers(0, 3)):
            jitter = rng.integers(-14, 15, 4)
            moved = [int(v + j) for v, j in zip(box, jitter)]
            if moved[2] <= moved[0] or moved[3] <= moved[1]:
                continue
            said = cls if rng.random() < 0.85 else CLASSES[rng.integers(0, 3)]
            # Scores on a grid, so that ties happen between images too.
            detections.append({"class": said, "score": float(rng.integers(20, 100)) / 100, "box": moved})
    for _ in range(rng.integers(0, 3)):
        detections.append(
            {"class": CLASSES[rng.integers(0, 3)], "score": float(rng.integers(1, 80)) / 100, "box": draw_box()}
        )
    return {"id": f"image-{n}", "truths": truths, "detections": detections}


def iou(a, b):
    a, b = np.asarray(a, float), np.asarray(b, float)
    side = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    if (side <= 0).any():
        return 0.0
    inter = side.prod()
    return inter / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inter)


def match(image, above, same_class, floor=-np.inf):
    """Greedy by score (stable), best free truth above the limit."""
    dets = [d for d in image["detections"] if d["score"] >= floor]
    free = list(range(len(image["truths"])))
    got = [None] * len(dets)
    for i in np.argsort([-d["score"] for d in dets], kind="stable"):
        d = dets[i]
        cands = [(iou(image["truths"][t]["box"], d["box"]), -t) for t in free
                 if not same_class or image["truths"][t]["class"] == d["class"]]
        cands = [c for c in cands if c[0] > above]
        if cands:
            t = -max(cands)[1]
            got[i] = t
            free.remove(t)
    return dets, got, free


def ap_of(images, cls, above):
    score, hit = [], []
    for im in images:
        dets, got, _ = match(im, above, True)
        for d, g in zip(dets, got):
            if d["class"] == cls:
                score.append(d["score"])
                hit.append(g is not None)
    npos = sum(t["class"] == cls for im in images for t in im["truths"])
    order = np.argsort(-np.asarray(score), kind="stable")
    tp = np.asarray(hit, float)[order]
    rec = np.cumsum(tp) / npos
    pre = np.cumsum(tp) / np.arange(1, len(tp) + 1)
    # Pascal VOC 2010 form: sentinel points, monotone envelope, sum over the steps of recall.
    mrec = np.concatenate([[0.0], rec, [1.0]])
    mpre = np.concatenate([[0.0], pre, [0.0]])
    mpre = np.maximum.accumulate(mpre[::-1])[::-1]
    step = np.where(mrec[1:] != mrec[:-1])[0]
    area = float(((mrec[step + 1] - mrec[step]) * mpre[step + 1]).sum())
    return area, float((pre * tp).sum() / npos), npos


def micro(images, above, threshold):
    right = called = truths = 0
    for im in images:
        dets, got, _ = match(im, above, True, threshold)
        called += len(dets)
        right += sum(g is not None for g in got)
        truths += len(im["truths"])
    p, r = right / called, right / truths
    return {"threshold": threshold, "precision": p, "recall": r, "f1": 2 * p * r / (p + r)}


def defects(images, above, threshold):
    labels = CLASSES + ["-"]
    counts = np.zeros((4, 4), int)
    for im in images:
        dets, got, free = match(im, above, False, threshold)
        for d, g in zip(dets, got):
            counts[3 if g is None else labels.index(im["truths"][g]["class"]), labels.index(d["class"])] += 1
        for t in free:
            counts[labels.index(im["truths"][t]["class"]), 3] += 1
    return counts.tolist()


def share(k, n, level):
    wil = binomtest(k, n).proportion_ci(level, "wilson")
    exact = binomtest(k, n).proportion_ci(level, "exact")
    return {"k": k, "n": n, "level": level,
            "wilson": [float(wil.low), float(wil.high)], "exact": [float(exact.low), float(exact.high)]}


images = [draw_image(n) for n in range(60)]
scores = sorted({d["score"] for im in images for d in im["detections"]})
best = max((micro(images, 0.33, s) for s in scores), key=lambda m: (m["f1"], m["threshold"]))
values = np.round(rng.normal(0, 1, 80), 1)
bad = rng.random(80) < 0.4
values[bad] += 0.8
values = np.round(values, 1)
auc = mannwhitneyu(values[bad], values[~bad]).statistic / (bad.sum() * (~bad).sum())

print(json.dumps({
    "classes": CLASSES,
    "images": images,
    "ap": {c: dict(zip(["ap", "apPlain", "truths"], ap_of(images, c, 0.33))) for c in CLASSES},
    "ap50": {c: ap_of(images, c, 0.5)[0] for c in CLASSES},
    "operating": micro(images, 0.33, 0.5),
    "best": best,
    "confusion": defects(images, 0.33, 0.5),
    "auroc": {"scores": values.tolist(), "bad": bad.tolist(), "value": float(auc)},
    "intervals": [share(k, n, level) for k, n in [(0, 10), (0, 5000), (1, 1), (3, 50), (10, 10), (49, 50), (500, 1000),
                                                  (7, 20000), (19000, 20000)] for level in (0.9, 0.95, 0.99)],
    "betainc": [{"x": x, "a": a, "b": b, "value": float(betainc(a, b, x))}
                for x, a, b in [(0.1, 0.5, 0.5), (0.3, 2.5, 3.7), (0.9, 2.5, 3.7), (0.5, 100.0, 90.0), (0.02, 3.0, 250.5)]],
}))
