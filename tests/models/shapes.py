"""Drawn shapes as a data set for Ultralytics, so that exported detectors have been trained and their scores spread."""

import math
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from drawn import NAMES, draw_shapes

SIDE = 160


def polygon(kind, cx, cy, rx, ry):
    """Outline in fractions of the side, cut at the border."""
    corners = (
        [(math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * math.pi, 24, endpoint=False)]
        if kind == 0
        else [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    )
    return [min(max(v, 0), 1) for u, w in corners for v in ((cx + rx * u) / SIDE, (cy + ry * w) / SIDE)]


def write_shapes(root, count):
    """Images and polygon labels in Ultralytics' layout; returns the data file. The polygons give the boxes, too."""
    root = Path(root)
    for folder in ["images", "labels"]:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for n in range(count):
        image, shapes = draw_shapes(SIDE, SIDE, 10_000 + n, 3)
        Image.fromarray(image).save(root / "images" / f"{n:04d}.png")
        lines = [" ".join([str(s[0]), *(f"{v:.5f}" for v in polygon(*s))]) for s in shapes]
        (root / "labels" / f"{n:04d}.txt").write_text("\n".join(lines) + "\n")
    file = root / "shapes.yaml"
    file.write_text(yaml.safe_dump({"path": str(root), "train": "images", "val": "images", "names": dict(enumerate(NAMES))}))
    return str(file)
