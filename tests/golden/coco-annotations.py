"""Reference values for COCO's run lengths and crowds, by pycocotools.

    python3 -m venv venv && venv/bin/pip install numpy pycocotools
    venv/bin/python tests/golden/coco-annotations.py > tests/golden/coco-annotations.json
    npx prettier --write tests/golden/coco-annotations.json
"""

import contextlib
import importlib.metadata
import io
import json

import numpy as np
from pycocotools import mask as api
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

rng = np.random.default_rng(20261125)


def runs(mask):
    """Uncompressed counts of a mask, column by column, the first run outside."""
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return [0, *counts] if flat[0] else counts


def mask_case(height, width, kind):
    mask = np.zeros((height, width), np.uint8)
    if kind == "noise":
        mask = (rng.random((height, width)) < 0.4).astype(np.uint8)
    if kind == "block":
        mask[height // 3 : height // 2, width // 4 : width // 2] = 1
    if kind == "full":
        mask[:] = 1
    if kind == "columns":
        mask[:, 1 : width - 1] = 1
    rle = api.encode(np.asfortranarray(mask))
    again = api.frPyObjects({"size": [height, width], "counts": runs(mask)}, height, width)
    assert again == rle
    return {
        "size": [height, width],
        "text": rle["counts"].decode(),
        "counts": runs(mask),
        "bbox": [float(v) for v in api.toBbox(rle)],
        "area": int(api.area(rle)),
        "rows": ["".join(map(str, r)) for r in mask],
    }


CLASSES = ["open", "short"]


def crowd_case():
    images, gts, dts = [], [], []
    for n in range(30):
        truths, calls = [], []
        for _ in range(rng.integers(0, 6)):
            w, h = np.exp(rng.uniform(np.log(6), np.log(200), 2)).round(1)
            x, y = rng.uniform(0, 400, 2).round(1)
            cls, crowd = int(rng.integers(0, 2)), bool(rng.random() < 0.35)
            truths.append((cls, [x, y, x + w, y + h], crowd))
            for _ in range(rng.integers(0, 4)):
                jitter = rng.normal(0, 0.07, 4) * np.array([w, h, w, h])
                box = np.array([x, y, x + w, y + h]) + jitter
                if crowd and rng.random() < 0.7:
                    part = rng.uniform(0.2, 0.6, 2)
                    box = np.array([x, y, x + w * part[0], y + h * part[1]])
                box = box.round(1)
                if box[2] <= box[0] or box[3] <= box[1]:
                    continue
                said = cls if rng.random() < 0.85 else 1 - cls
                calls.append((said, round(float(rng.integers(20, 100)) / 100, 2), box.tolist()))
        images.append({
            "id": f"image-{n}",
            "truths": [{"class": CLASSES[c], "box": [float(v) for v in b], **({"crowd": True} if k else {})}
                       for c, b, k in truths],
            "detections": [{"class": CLASSES[c], "score": s, "box": [float(v) for v in b]} for c, s, b in calls],
        })
        for c, b, k in truths:
            w, h = b[2] - b[0], b[3] - b[1]
            gts.append({"id": len(gts) + 1, "image_id": n + 1, "category_id": c + 1, "iscrowd": int(k),
                        "bbox": [b[0], b[1], w, h], "area": w * h})
        for c, s, b in calls:
            dts.append({"image_id": n + 1, "category_id": c + 1, "score": s,
                        "bbox": [b[0], b[1], b[2] - b[0], b[3] - b[1]]})
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = {
            "images": [{"id": n + 1} for n in range(30)],
            "categories": [{"id": n + 1, "name": c} for n, c in enumerate(CLASSES)],
            "annotations": gts,
        }
        gt.createIndex()
        run = COCOeval(gt, gt.loadRes(dts), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    names = ["ap", "ap50", "ap75", "apSmall", "apMedium", "apLarge",
             "ar1", "ar10", "ar100", "arSmall", "arMedium", "arLarge"]
    return {"images": images, "stats": dict(zip(names, [float(v) for v in run.stats]))}


print(json.dumps({
    "versions": {p: importlib.metadata.version(p) for p in ["numpy", "pycocotools"]},
    "masks": [mask_case(5, 7, "noise"), mask_case(9, 4, "noise"), mask_case(300, 200, "block"),
              mask_case(3, 6, "full"), mask_case(4, 6, "columns"), mask_case(4, 3, "empty")],
    "crowds": crowd_case(),
}))
