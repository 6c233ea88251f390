"""Turn a pair of soft copper masks (1 = copper) into images: binarised scans or grey camera frames.

Copper is dark, substrate bright, as in DeepPCB.
"""

import cv2
import numpy as np


def _smooth_field(rng, shape, cells, amount):
    small = rng.normal(0, amount, (cells, cells)).astype(np.float32)
    return cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def wobble(rng, soft, amount):
    """Shift edges by a low-frequency displacement of about `amount` px."""
    h, w = soft.shape
    xs, ys = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    cells = int(rng.integers(3, 12))
    return cv2.remap(soft, xs + _smooth_field(rng, soft.shape, cells, amount),
                     ys + _smooth_field(rng, soft.shape, cells, amount),
                     cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def ragged(rng, soft):
    """Re-binarise with a noisy threshold: edges gain or lose a pixel here and there, like a real scan."""
    out = cv2.GaussianBlur(soft, (0, 0), rng.uniform(0.5, 1.1))
    h, w = soft.shape
    scale = int(rng.integers(1, 4))
    noise = rng.normal(0, rng.uniform(0.02, 0.22), (h // scale + 1, w // scale + 1)).astype(np.float32)
    noise = cv2.resize(noise, (w, h), interpolation=cv2.INTER_LINEAR)
    return (out + noise > 0.5 + rng.uniform(-0.12, 0.12)).astype(np.float32)


def binary_image(rng, soft, exact):
    """0/255 image; `exact` keeps the pixels, otherwise edges get scan noise."""
    if not exact:
        soft = ragged(rng, soft) if rng.random() < 0.6 else (soft > 0.5).astype(np.float32)
    out = (1.0 - soft) * 255.0
    if not exact and rng.random() < 0.1:
        hit = rng.random(soft.shape) < rng.uniform(0.0002, 0.003)
        out[hit] = 255.0 - out[hit]
    return np.clip(out, 0, 255).astype(np.uint8)


def _distractors(rng, shape):
    """A grey-level layer present on both images: silkscreen, solder mask shades."""
    layer = np.zeros(shape, np.float32)
    for _ in range(rng.integers(0, 4)):
        x, y = rng.integers(0, shape[1]), rng.integers(0, shape[0])
        size, level = int(rng.integers(6, 70)), float(rng.uniform(-35, 35))
        if rng.random() < 0.5:
            cv2.circle(layer, (int(x), int(y)), size, level, -1 if rng.random() < 0.5 else 3)
        else:
            cv2.rectangle(layer, (int(x), int(y)), (int(x) + size, int(y) + size // 2), level, -1)
    return layer


def grey_pair(rng, test, template):
    """Two camera frames of the same board: shared levels, slightly different light, blur and noise."""
    shape = test.shape
    copper = rng.uniform(5, 120)
    substrate = min(250.0, copper + rng.uniform(50, 170))
    layer = _distractors(rng, shape) if rng.random() < 0.5 else None
    texture = _smooth_field(rng, shape, 24, rng.uniform(0, 6)) if rng.random() < 0.5 else None
    blur, noise = rng.uniform(0.3, 1.3), rng.uniform(0, 9)
    frames = []
    for soft in (test, template):
        own = cv2.GaussianBlur(soft, (0, 0), blur * rng.uniform(0.85, 1.15) + 0.05)
        img = substrate + (copper - substrate) * own
        if layer is not None:
            img = img + layer
        if texture is not None:
            img = img + texture
        if rng.random() < 0.6:
            img = img * (1.0 + _smooth_field(rng, shape, 3, 0.06))
        img = img * rng.uniform(0.92, 1.08) + rng.uniform(-8, 8)
        if noise > 0.5:
            img = img + rng.standard_normal(shape, dtype=np.float32) * noise
        frames.append(np.clip(img, 0, 255).astype(np.uint8))
    return frames


def distance_to_copper_level(image):
    """Soft copper mask in 0..1 of a dark-copper image."""
    return 1.0 - image.astype(np.float32) / 255.0
