"""Where the training windows come from: sources, geometry, light, and marks such as a defect would leave."""

import glob
import math
import os

import cv2
import numpy as np

from teachers import WINDOW
from textures import draw_texture

# windows cut per image; of every set only the parts that are for training
SHARES = {"natural": 6, "casting": 3, "cookies": 12, "neu-det": 3, "bottle-caps": 4, "deeppcb": 2, "boards": 2}
TEXTURES = 2400


def list_sources(data, boards):
    """[(set, path or None for a drawn texture)], one entry per window, in a fixed order."""
    with open(os.path.join(data, "deeppcb", "train.txt"), encoding="utf-8") as file:
        pcb = [line.split()[0] for line in file if line.strip()]
    found = {
        "natural": glob.glob(f"{data}/natural/*.jpg"),
        "casting": glob.glob(f"{data}/casting/train/ok_front/*"),
        "cookies": glob.glob(f"{data}/cookies/train/good/*"),
        "neu-det": glob.glob(f"{data}/neu-det/images/*"),
        "bottle-caps": glob.glob(f"{data}/bottle-caps/images/*"),
        "deeppcb": [f"{data}/deeppcb/{os.path.splitext(p)[0]}_test.jpg" for p in pcb],
        "boards": glob.glob(f"{boards}/*/*/*_test.*"),
    }
    empty = [name for name, paths in found.items() if not paths]
    if empty:
        raise SystemExit(f"no images found for {', '.join(empty)} under {data} and {boards}")
    sources = [(name, path) for name, paths in found.items() for path in sorted(paths) for _ in range(SHARES[name])]
    return sources + [("textures", None)] * TEXTURES


def read_rgb(path):
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(f"cannot read {path}; expected a JPEG or PNG")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _cut(rng, image, natural):
    """A WINDOW x WINDOW view at 0.75 to 2.2 times the scale at which the whole image has 256 x 256 px."""
    h, w = image.shape[:2]
    scale = 256 / math.sqrt(h * w) * math.exp(rng.uniform(math.log(0.75), math.log(2.2)))
    if scale < 1:
        image = cv2.resize(image, (max(8, round(w * scale)), max(8, round(h * scale))), interpolation=cv2.INTER_AREA)
        h, w = image.shape[:2]
        scale = 1.0
    angle = math.radians(rng.uniform(-8, 8)) if rng.random() < 0.5 else 0.0
    if not natural:
        angle += math.pi / 2 * rng.integers(0, 4)
    flip = -1.0 if rng.random() < 0.5 else 1.0
    half = WINDOW / scale / 2
    cx, cy = (rng.uniform(min(half, n / 2) * 0.85, max(n - half, n / 2) + 0.15 * min(half, n / 2)) for n in (w, h))
    c, s = math.cos(angle) / scale, math.sin(angle) / scale
    back = np.array(((c * flip, -s, 0), (s * flip, c, 0)))
    back[:, 2] = (cx, cy) - back[:, :2] @ (WINDOW / 2, WINDOW / 2)
    return cv2.warpAffine(image, back, (WINDOW, WINDOW), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                          borderMode=cv2.BORDER_REFLECT_101)


def _path(rng, steps, wander):
    angle, at, points = rng.uniform(0, 2 * np.pi), rng.uniform(10, WINDOW - 10, 2), []
    for _ in range(steps):
        points.append(at.copy())
        angle += rng.normal(0, wander)
        at += rng.uniform(3, 9) * np.array((np.cos(angle), np.sin(angle)))
    return np.array(points, np.int32).reshape(-1, 1, 2)


def add_mark(rng, image):
    """One scratch, crack, blob, hole, stain, moved patch or lost piece, where chance puts it."""
    kind = rng.integers(0, 5)
    size = math.exp(rng.uniform(math.log(2), math.log(40)))
    x, y = (int(v) for v in rng.integers(8, WINDOW - 8, 2))
    mask = np.zeros((WINDOW, WINDOW), np.float32)
    if kind == 0:
        points = _path(rng, int(rng.integers(3, 30)), rng.choice((0.05, 0.5)))
        cv2.polylines(mask, [points], False, 1.0, int(rng.integers(1, 4)), cv2.LINE_AA)
    elif kind in (1, 2):
        axes = (max(1, int(size * rng.uniform(0.3, 1))), max(1, int(size * rng.uniform(0.3, 1))))
        cv2.ellipse(mask, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
        if kind == 2:
            rough = cv2.resize(rng.random((12, 12)).astype(np.float32), (WINDOW, WINDOW))
            mask *= (rough > rng.uniform(0.2, 0.6)).astype(np.float32)
    elif kind == 3:
        a, b = max(2, int(size * rng.uniform(0.3, 1.4))), max(2, int(size * rng.uniform(0.3, 1.4)))
        sx, sy = int(rng.integers(0, WINDOW - a)), int(rng.integers(0, WINDOW - b))
        tx, ty = int(rng.integers(0, WINDOW - a)), int(rng.integers(0, WINDOW - b))
        image[ty:ty + b, tx:tx + a] = image[sy:sy + b, sx:sx + a].copy()
        return image
    else:
        cv2.circle(mask, (x, y), max(2, int(size)), 1.0, -1, cv2.LINE_AA)
        mask = cv2.GaussianBlur(mask, (0, 0), max(0.5, size * 0.4))
    if rng.random() < 0.5:
        mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 1.5))
    mask = (mask * rng.uniform(0.3, 1.0))[..., None]
    level = rng.uniform(0, 255, 3 if rng.random() < 0.4 else 1)
    grain = rng.normal(0, rng.uniform(0, 25), (WINDOW, WINDOW, 1))
    return np.clip(image * (1 - mask) + mask * (level + grain), 0, 255).astype(np.uint8)


def _light(rng, image):
    x = image.astype(np.float32)
    if rng.random() < 0.2:
        x[:] = x @ np.array((0.299, 0.587, 0.114), np.float32)[:, None]
    if rng.random() < 0.7:
        mean = x.mean()
        x = (x - mean) * rng.uniform(0.6, 1.4) + mean * rng.uniform(0.7, 1.3)
        x *= 1 + rng.normal(0, 0.06, 3).astype(np.float32)
    if rng.random() < 0.03:
        x = 255 - x
    if rng.random() < 0.2:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.35:
        x += rng.normal(0, rng.uniform(1, 9), x.shape[:2] + (3 if rng.random() < 0.5 else 1,))
    x = np.clip(x, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        ok, data = cv2.imencode(".jpg", x, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))))
        x = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return x


def make_window(seed, index, source):
    """The window of one entry of `list_sources`: uint8 RGB [WINDOW, WINDOW, 3], the same for the same seed."""
    rng = np.random.default_rng((seed, index))
    name, path = source
    image = draw_texture(rng, WINDOW) if path is None else _cut(rng, read_rgb(path), name == "natural")
    if rng.random() < (0.15 if name == "natural" else 0.4):
        for _ in range(rng.integers(1, 4)):
            image = add_mark(rng, image)
    return _light(rng, image)
