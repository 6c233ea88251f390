"""Drawn surfaces: noise, brushed metal, weave, tiles, parts on a ground; no photograph behind them."""

import cv2
import numpy as np


def _noise(rng, size, cell_x, cell_y):
    small = rng.standard_normal((max(2, size // cell_y + 2), max(2, size // cell_x + 2))).astype(np.float32)
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)


def _fractal(rng, size, stretch=1):
    out, gain = np.zeros((size, size), np.float32), 1.0
    for cell in (64, 32, 16, 8, 4, 2, 1)[rng.integers(0, 4):]:
        out += gain * _noise(rng, size, cell * stretch, cell)
        gain *= rng.uniform(0.4, 0.95)
    return out / (out.std() + 1e-6)


def _waves(rng, size):
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    out = np.zeros((size, size), np.float32)
    for _ in range(rng.integers(1, 3)):
        angle, period = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(4), np.log(60)))
        wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + rng.uniform(0, 6.3))
        out += np.sign(wave) if rng.random() < 0.4 else wave
    return out


def _parts(rng, size, grey):
    for _ in range(rng.integers(1, 12)):
        value = float(rng.uniform(-3, 3))
        x, y = (int(v) for v in rng.integers(0, size, 2))
        a, b = (int(v) for v in np.exp(rng.uniform(np.log(4), np.log(size / 3), 2)))
        kind = rng.integers(0, 4)
        if kind == 0:
            cv2.ellipse(grey, (x, y), (a, b), float(rng.uniform(0, 180)), 0, 360, value, -1, cv2.LINE_AA)
        elif kind == 1:
            cv2.rectangle(grey, (x, y), (x + a, y + b), value, -1)
        elif kind == 2:
            cv2.circle(grey, (x, y), a, value, int(rng.integers(1, 9)), cv2.LINE_AA)
        else:
            pitch = int(rng.integers(6, 40))
            for k in range(-size, size, pitch):
                cv2.line(grey, (x + k, 0), (x + k + b - a, size), value, int(rng.integers(1, max(2, pitch // 2))))
    return grey


def draw_texture(rng, size):
    """uint8 RGB [size, size, 3]."""
    grey = _fractal(rng, size, int(rng.choice((1, 1, 4, 16)))) * rng.uniform(0.05, 1.0)
    if rng.random() < 0.4:
        grey = grey + _waves(rng, size) * rng.uniform(0.2, 1.5)
    if rng.random() < 0.6:
        grey = _parts(rng, size, np.ascontiguousarray(grey))
        if rng.random() < 0.5:
            grey += _fractal(rng, size) * rng.uniform(0.02, 0.3)
    if rng.random() < 0.5:
        grey += _noise(rng, size, size // 2, size // 2) * rng.uniform(0.1, 1.0)
    if rng.random() < 0.3:
        grey = cv2.rotate(np.ascontiguousarray(grey), cv2.ROTATE_90_CLOCKWISE)
    level, spread = rng.uniform(60, 190), rng.uniform(8, 55)
    tint = 1 + rng.normal(0, 0.12, 3) * (rng.random() < 0.5)
    return np.clip((level + spread * grey)[..., None] * tint, 0, 255).astype(np.uint8)
