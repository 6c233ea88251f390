"""Raw outputs and what the original libraries' own postprocessing makes of them.

    pip install -r tests/models/requirements.txt
    python tests/golden/models-postprocess.py > tests/golden/models-postprocess.json
"""

import json
import sys
from types import SimpleNamespace

import anomalib
import cv2
import numpy as np
import torch
import ultralytics
from anomalib.data import InferenceBatch
from anomalib.post_processing import PostProcessor
from scipy import ndimage
from ultralytics.models.rtdetr.predict import RTDETRPredictor
from ultralytics.utils import ops
from ultralytics.utils.nms import non_max_suppression

torch.manual_seed(7)
rng = np.random.default_rng(7)
IMAGE, MODEL = (96, 128), (64, 64)  # height, width


def flat(t):
    return [round(float(v), 5) for v in np.asarray(t, np.float32).reshape(-1)]


def rounded(t):
    return torch.tensor(flat(t)).reshape(t.shape)


def segmentation():
    classes, masks, anchors = 2, 4, 12
    centre = torch.rand(2, anchors) * 40 + 12
    size = torch.rand(2, anchors) * 22 + 8
    head = rounded(torch.cat([centre, size, torch.rand(classes, anchors), torch.randn(masks, anchors)])[None])
    prototypes = rounded(torch.randn(1, masks, 16, 16))
    found = non_max_suppression(head, 0.25, 0.5, nc=classes)[0]
    area = ops.process_mask(prototypes[0], found[:, 6:], found[:, :4], MODEL, upsample=True).sum((1, 2))
    boxes = ops.scale_boxes(MODEL, found[:, :4].clone(), (*IMAGE, 3))
    return {
        "head": flat(head), "prototypes": flat(prototypes),
        "findings": [
            {"label": int(r[5]), "score": float(r[4]), "box": flat(b), "maskPx": int(a)} for r, b, a in zip(found, boxes, area)
        ],
    }


def rows():
    k = 8
    output = rounded(torch.cat([torch.rand(k, 2), torch.rand(k, 2) * 0.3, torch.rand(k, 1), torch.randint(0, 2, (k, 1))], 1)[None])
    me = SimpleNamespace(args=SimpleNamespace(conf=0.25, classes=None, max_det=300), batch=[["x"]], model=SimpleNamespace(names={0: "a", 1: "b"}))
    result = RTDETRPredictor.postprocess(me, output.clone(), None, [np.zeros((*IMAGE, 3), np.uint8)])[0]
    return {
        "output": flat(output),
        "findings": [{"label": int(c), "score": float(s), "box": flat(b)} for b, s, c in zip(result.boxes.xyxy, result.boxes.conf, result.boxes.cls)],
    }


def classes():
    logits = rounded(torch.randn(1, 3, 8, 10) * 2)
    p = logits.softmax(1)[0].numpy()
    winner = p.argmax(0)
    findings = []
    for c in (1, 2):
        regions, count = ndimage.label(winner == c, structure=np.ones((3, 3)))
        for r in range(count):
            inside = regions == r + 1
            findings.append({"label": c, "score": float(p[c][inside].max()), "cells": int(inside.sum())})
    return {"logits": flat(logits), "findings": sorted(findings, key=lambda f: -f["score"]), "cells": [int((winner == c).sum()) for c in range(3)]}


def anomaly():
    post = PostProcessor()
    for name, value in [("_image_threshold", 3.0), ("_pixel_threshold", 2.0), ("image_min", 0.0), ("image_max", 6.0), ("pixel_min", 0.0), ("pixel_max", 5.0)]:
        getattr(post, name).fill_(value)
    values = torch.rand(1, 1, 8, 8) * 1.5
    values[0, 0, 2:5, 3:7] += 3
    batch = post(InferenceBatch(pred_score=values.amax((-2, -1)), anomaly_map=values))
    return {"map": flat(batch.anomaly_map), "score": flat(batch.pred_score), "label": bool(batch.pred_label), "maskCells": int(batch.pred_mask.sum())}


def rectangles():
    out = []
    for _ in range(6):
        angle = rng.uniform(-0.6, 0.6)
        points = rng.uniform(-1, 1, (30, 2)) * [40, 9] @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]] + 60
        points = points.astype(np.float32)
        (cx, cy), size, _ = cv2.minAreaRect(points)
        out.append({"points": flat(points), "centre": [cx, cy], "sides": sorted(size)})
    return out


json.dump({
    "libraries": f"ultralytics {ultralytics.__version__}, anomalib {anomalib.__version__}, OpenCV {cv2.__version__}, torch {torch.__version__}",
    "segmentation": segmentation(), "rows": rows(), "classes": classes(), "anomaly": anomaly(), "rectangles": rectangles(),
}, sys.stdout)
print()
