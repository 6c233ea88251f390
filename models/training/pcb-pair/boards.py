"""Procedurally drawn copper layouts, so that the net does not learn the few real ones by heart."""

import math

import cv2
import numpy as np


def _trace(rng, out, size):
    width = int(rng.choice((4, 6, 8, 10, 14, 20, 30)))
    x, y = rng.integers(0, size, 2)
    heading = int(rng.integers(0, 8))
    points = [(int(x), int(y))]
    for _ in range(rng.integers(2, 6)):
        step = rng.uniform(25, 140)
        x = x + step * math.cos(heading * math.pi / 4)
        y = y + step * math.sin(heading * math.pi / 4)
        points.append((int(x), int(y)))
        heading += int(rng.choice((-1, 1, -2, 2, 0)))
    cv2.polylines(out, [np.array(points)], False, 0, width + 2 * int(rng.integers(5, 14)))
    cv2.polylines(out, [np.array(points)], False, 1, width)
    for end in (points[0], points[-1]):
        if rng.random() < 0.6:
            _pad(rng, out, *end)


def _pad(rng, out, x, y):
    r = int(rng.integers(8, 26))
    if rng.random() < 0.5:
        cv2.circle(out, (x, y), r + int(rng.integers(5, 12)), 0, -1)
        cv2.circle(out, (x, y), r, 1, -1)
    else:
        s = int(r * rng.uniform(0.5, 2.2))
        cv2.rectangle(out, (x - r, y - s), (x + r, y + s), 1, -1)
    if rng.random() < 0.4:
        cv2.circle(out, (x, y), max(3, int(r * rng.uniform(0.25, 0.6))), 0, -1)


def _bus(rng, out, size):
    width, gap = int(rng.integers(4, 18)), int(rng.integers(5, 18))
    count = int(rng.integers(3, 12))
    start = int(rng.integers(-20, size - 40))
    lo, hi = sorted(rng.integers(-50, size + 50, 2).tolist())
    if hi - lo < 80:
        lo, hi = 0, size
    horizontal = rng.random() < 0.5
    span = slice(max(0, lo), max(0, hi))
    band = slice(max(0, start - gap), max(0, start + count * (width + gap)))
    if horizontal:
        out[band, span] = 0
    else:
        out[span, band] = 0
    for i in range(count):
        at = start + i * (width + gap)
        part = slice(max(0, at), max(0, at + width))
        if horizontal:
            out[part, span] = 1
        else:
            out[span, part] = 1


def _pour(rng, out, size):
    cx, cy = rng.integers(0, size, 2)
    count = int(rng.integers(4, 8))
    angle = np.sort(rng.uniform(0, 2 * math.pi, count))
    reach = rng.uniform(40, 170, count)
    pts = np.stack((cx + reach * np.cos(angle), cy + reach * np.sin(angle)), 1).astype(np.int32)
    cv2.fillPoly(out, [pts], 1)
    for _ in range(rng.integers(0, 4)):
        x, y = rng.integers(0, size, 2).tolist()
        r = int(rng.integers(5, 22))
        if out[min(size - 1, y), min(size - 1, x)]:
            cv2.circle(out, (x, y), r, 0, -1)
            if r > 13 and rng.random() < 0.6:
                cv2.circle(out, (x, y), r - int(rng.integers(5, 9)), 1, -1)


def _text(rng, out, size):
    word = "".join(rng.choice(list("ABCDEFGHKLMNPRSTUVX0123456789"), rng.integers(1, 6)))
    cv2.putText(out, word, (int(rng.integers(0, size)), int(rng.integers(20, size))),
                cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.8, 2.5), 1, int(rng.integers(3, 7)))


def draw_board(rng, size):
    """A random copper mask (0/1), size x size."""
    out = np.zeros((size, size), np.uint8)
    steps = ((_pour, rng.integers(0, 3)), (_bus, rng.integers(0, 3)), (_trace, rng.integers(1, 7)))
    for step, times in steps:
        for _ in range(times):
            step(rng, out, size)
    for _ in range(rng.integers(0, 6)):
        _pad(rng, out, *rng.integers(0, size, 2).tolist())
    if rng.random() < 0.25:
        _text(rng, out, size)
    if rng.random() < 0.06:
        out = 1 - out
    return out
