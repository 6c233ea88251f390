"""Scores of taught models, and the raw map of a golden template, by onnxruntime and numpy of Python.

    taught_scores.py DIR

DIR/order.json: side, numbers of models, good images and images to judge. Writes DIR/answer.json.
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

CELL = 8

folder = Path(sys.argv[1])
order = json.loads((folder / "order.json").read_text())
side = order["side"]


def images(name):
    return np.fromfile(folder / name, np.uint8).reshape(-1, side, side, 3)


def planes(pictures):
    """Means over 2 x 2 px, each colour in the light of its image: [image, cell, numbers]."""
    half = side // 2
    x = pictures.reshape(-1, half, 2, half, 2, 3).astype(np.float64).mean((2, 4))
    x -= x.mean((1, 2), keepdims=True)
    x /= np.sqrt((x * x).mean((1, 2), keepdims=True)) + 1
    cells, points = side // CELL, CELL // 2
    x = x.reshape(-1, cells, points, cells, points, 3).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(len(pictures), cells * cells, -1)


judged = images("judged.u8")
scores = {}
for name in order["models"]:
    session = onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    scores[name] = [float(session.run(["score"], {entry: image[None]})[0][0]) for image in judged]

good = planes(images("good.u8"))
part = np.arange(len(good)) % order["folds"]
# what an image differs by from the median of the other parts
away = np.concatenate([np.abs(good[part == f] - np.median(good[part != f], 0)) for f in range(order["folds"])])
spread = 1.4826 * np.median(away, 0)
raw = np.abs(planes(judged) - np.median(good, 0)) / (spread + 0.3 * spread.mean())
answer = {"scores": scores, "template": raw.max(2).tolist()}
(folder / "answer.json").write_text(json.dumps(answer))
