"""Reference values for the evaluation metrics, by independent programs.

    python3 -m venv venv
    venv/bin/pip install numpy scipy scikit-learn pycocotools torch torchmetrics matplotlib opencv-python-headless && venv/bin/pip install --no-deps anomalib
    venv/bin/python tests/golden/evaluation-metrics.py > tests/golden/evaluation-metrics.json
    npx prettier --write tests/golden/evaluation-metrics.json

Inputs are drawn from a fixed seed and written beside the results; the versions used are in the file.
anomalib's package imports far more than its metrics, so only the metric files are loaded. Its AUPRO is summed in
double precision instead of float, because rounding would otherwise be larger than the agreement asked for.
"""

import contextlib
import importlib.metadata
import importlib.util
import io
import json
import platform
import sys
import types

import numpy as np
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy import ndimage, stats
from sklearn import metrics as sk

rng = np.random.default_rng(20261124)


def load_anomalib():
    """The metric modules alone; `AnomalibMetric` and plotting are not needed for the numbers."""
    root = importlib.util.find_spec("anomalib").submodule_search_locations[0] + "/metrics"

    def package(name, path):
        module = types.ModuleType(name)
        module.__path__ = [path]
        sys.modules[name] = module
        return module

    package("anomalib", root + "/..")
    package("anomalib.metrics", root)
    package("anomalib.metrics.pimo", root + "/pimo")
    base = types.ModuleType("anomalib.metrics.base")
    base.AnomalibMetric = type("AnomalibMetric", (), {})
    sys.modules["anomalib.metrics.base"] = base
    utils = types.ModuleType("anomalib.metrics.utils")
    utils.plot_metric_curve = None
    sys.modules["anomalib.metrics.utils"] = utils
    # Only its function for GPUs needs kornia.
    kornia = package("kornia", "")
    kornia.contrib = types.ModuleType("kornia.contrib")
    kornia.contrib.connected_components = None
    sys.modules["kornia.contrib"] = kornia.contrib
    spec = importlib.util.spec_from_file_location("cc", root + "/../utils/cv/connected_components.py")
    components = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(components)
    pro = types.ModuleType("anomalib.metrics.pro")
    pro.connected_components_cpu = lambda t: components.connected_components_cpu(t).squeeze(1).long()
    pro.connected_components_gpu = None
    sys.modules["anomalib.metrics.pro"] = pro

    def load(name, file):
        spec = importlib.util.spec_from_file_location(name, root + "/" + file)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    aupro = load("anomalib.metrics.aupro", "aupro.py")
    load("anomalib.metrics.pimo._validate", "pimo/_validate.py")
    load("anomalib.metrics.pimo.utils", "pimo/utils.py")
    load("anomalib.metrics.pimo.binary_classification_curve", "pimo/binary_classification_curve.py")
    return aupro, load("anomalib.metrics.pimo.functional", "pimo/functional.py")


torch.Tensor.float = torch.Tensor.double
aupro_module, pimo = load_anomalib()


def ranking(scores, bad):
    precision, recall, thresholds = sk.precision_recall_curve(bad, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    at = int(np.argmax(f1))
    fpr, tpr, cuts = sk.roc_curve(bad, scores, drop_intermediate=False)
    return {
        "auroc": float(sk.roc_auc_score(bad, scores)),
        "ap": float(sk.average_precision_score(bad, scores)),
        "f1": float(f1[at]),
        "f1Threshold": float(thresholds[at]),
        "far": float(fpr[np.argmax(tpr >= 1)]),
        "detection": {str(x): float(tpr[fpr <= x].max()) for x in (0.01, 0.05)},
    }


def image_case(n, decimals, shift):
    bad = rng.random(n) < 0.35
    scores = np.round(rng.normal(0, 1, n) + shift * bad, decimals)
    return {"scores": scores.tolist(), "bad": bad.tolist(), **ranking(scores, bad)}


def pixel_case(decimals, shift):
    height, width, count = 20, 26, 9
    masks = np.zeros((count, height, width), int)
    for n in range(3, count):
        for _ in range(rng.integers(1, 4)):
            y, x = rng.integers(0, height - 6), rng.integers(0, width - 7)
            masks[n, y : y + rng.integers(1, 6), x : x + rng.integers(1, 7)] = 1
    maps = rng.normal(0, 1, masks.shape) + shift * masks
    written = np.round(ndimage.gaussian_filter(maps, (0, 0.7, 0.7)), decimals)
    maps = written.astype(np.float32).astype(np.float64)
    flat, bad = maps.ravel(), masks.ravel().astype(bool)
    threshold = float(np.float32(0.6))
    said = flat >= threshold
    m = aupro_module._AUPRO(fpr_limit=0.3)
    m.fpr_limit = torch.tensor(0.3, dtype=torch.float64)
    m.update(torch.from_numpy(maps), torch.from_numpy(masks))
    fpr, pro = m._compute()
    *_, aupimos, points = pimo.aupimo_scores(
        torch.from_numpy(maps), torch.from_numpy(masks), num_thresholds=20_000, fpr_bounds=(1e-2, 1e-1)
    )
    return {
        "widthPx": width,
        "heightPx": height,
        "maps": [a.ravel().tolist() for a in written],
        "masks": ["".join(map(str, a.ravel())) for a in masks],
        "auroc": float(sk.roc_auc_score(bad, flat)),
        "ap": float(sk.average_precision_score(bad, flat)),
        "f1": ranking(flat, bad)["f1"],
        "aupro": float(m.compute()),
        "threshold": threshold,
        "iou": float(sk.jaccard_score(bad, said)),
        "dice": float(sk.f1_score(bad, said)),
        "pimo": {
            "thresholds": 20_000,
            "bounds": [1e-2, 1e-1],
            "points": points,
            "perImage": [None if np.isnan(v) else float(v) for v in aupimos],
        },
    }


CLASSES = ["open", "short", "spur"]


def coco_case():
    images, gts, dts = [], [], []
    for n in range(40):
        truths, calls = [], []
        for _ in range(rng.integers(0, 7)):
            w, h = np.exp(rng.uniform(np.log(6), np.log(200), 2)).round(1)
            x, y = rng.uniform(0, 400, 2).round(1)
            cls = int(rng.integers(0, 3))
            truths.append((cls, [x, y, x + w, y + h]))
            for _ in range(rng.integers(0, 3)):
                jitter = rng.normal(0, 0.07, 4) * np.array([w, h, w, h])
                box = (np.array([x, y, x + w, y + h]) + jitter).round(1)
                if box[2] <= box[0] or box[3] <= box[1]:
                    continue
                said = cls if rng.random() < 0.85 else int(rng.integers(0, 3))
                calls.append((said, round(float(rng.integers(20, 100)) / 100, 2), box.tolist()))
        for _ in range(rng.integers(0, 9 if n else 130)):
            w, h = np.exp(rng.uniform(np.log(6), np.log(200), 2)).round(1)
            x, y = rng.uniform(0, 400, 2).round(1)
            calls.append((int(rng.integers(0, 3)), round(float(rng.integers(1, 90)) / 100, 2), [x, y, x + w, y + h]))
        images.append(
            {
                "id": f"image-{n}",
                "truths": [{"class": CLASSES[c], "box": [float(v) for v in b]} for c, b in truths],
                "detections": [{"class": CLASSES[c], "score": s, "box": [float(v) for v in b]} for c, s, b in calls],
            }
        )
        for c, b in truths:
            w, h = b[2] - b[0], b[3] - b[1]
            gts.append({"id": len(gts) + 1, "image_id": n + 1, "category_id": c + 1, "iscrowd": 0,
                        "bbox": [b[0], b[1], w, h], "area": w * h})
        for c, s, b in calls:
            dts.append({"image_id": n + 1, "category_id": c + 1, "score": s,
                        "bbox": [b[0], b[1], b[2] - b[0], b[3] - b[1]]})
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = {
            "images": [{"id": n + 1} for n in range(40)],
            "categories": [{"id": n + 1, "name": c} for n, c in enumerate(CLASSES)],
            "annotations": gts,
        }
        gt.createIndex()
        run = COCOeval(gt, gt.loadRes(dts), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    precision = run.eval["precision"][:, :, :, 0, 2]
    names = ["ap", "ap50", "ap75", "apSmall", "apMedium", "apLarge",
             "ar1", "ar10", "ar100", "arSmall", "arMedium", "arLarge"]
    return {
        "images": images,
        "stats": dict(zip(names, [float(v) for v in run.stats])),
        "perClass": {c: {"ap": float(precision[:, :, k].mean()), "ap50": float(precision[0, :, k].mean())}
                     for k, c in enumerate(CLASSES)},
    }


def class_case():
    labels = ["good", "crack", "hole", "stain"]
    truth = rng.integers(0, 3, 90)
    said = np.where(rng.random(90) < 0.7, truth, rng.integers(0, 4, 90))
    p, r, f, n = sk.precision_recall_fscore_support(truth, said, labels=range(4), zero_division=np.nan)
    null = lambda a: [None if np.isnan(v) else float(v) for v in a]
    return {
        "labels": labels,
        "truth": [labels[i] for i in truth],
        "called": [labels[i] for i in said],
        "accuracy": float(sk.accuracy_score(truth, said)),
        "balanced": float(sk.balanced_accuracy_score(truth, said)),
        "precision": null(p),
        "recall": null(r),
        "f1": null(f),
        "support": n.tolist(),
        "confusion": sk.confusion_matrix(truth, said, labels=range(4)).tolist(),
    }


def mcnemar(b, c):
    return {"onlyFirst": b, "onlySecond": c, "p": float(stats.binomtest(b, b + c, 0.5).pvalue) if b + c else 1.0}


def bootstrap_case():
    a = rng.normal(0.4, 1, 45)
    b = a * 0.6 + rng.normal(0, 0.7, 45)
    done = stats.bootstrap((a - b,), np.mean, n_resamples=100_000, method="percentile", random_state=1)
    ci = done.confidence_interval
    return {"a": a.tolist(), "b": b.tolist(), "low": float(ci.low), "high": float(ci.high),
            "standardError": float(done.standard_error)}


packages = ["numpy", "scipy", "scikit-learn", "pycocotools", "torch", "torchmetrics", "opencv-python-headless",
            "anomalib"]
print(json.dumps({
    "versions": {"python": platform.python_version(), **{p: importlib.metadata.version(p) for p in packages}},
    "image": [image_case(60, 6, 1.0), image_case(200, 1, 0.8), image_case(300, 0, 1.5), image_case(40, 6, 9.0)],
    "pixel": [pixel_case(6, 1.2), pixel_case(1, 0.9), pixel_case(6, 3.0)],
    "coco": coco_case(),
    "classes": class_case(),
    "mcnemar": [mcnemar(b, c) for b, c in [(0, 0), (1, 0), (5, 1), (3, 12), (40, 41), (130, 90), (0, 20)]],
    "bootstrap": bootstrap_case(),
}))
