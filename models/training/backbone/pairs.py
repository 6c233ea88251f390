"""Pairs of views of one surface, the second with marks whose place is known; `tell_apart.py` learns from them."""

import math

import cv2
import numpy as np

from textures import draw_texture

VIEW = 160  # px of the first view, the memory
JUDGED = 128  # px of the second, which lies within what the first shows
CELL = 8  # px of a cell of the map that says how much of it is marked
VISIBLE = 10  # grey levels by which a pixel must differ to count


def zoom(image, factor):
    """The middle of a VIEW x VIEW image, `factor` times enlarged: small windows of a part are enlarged like this."""
    side = max(16, int(VIEW / factor))
    at = (VIEW - side) // 2
    return cv2.resize(image[at:at + side, at:at + side], (VIEW, VIEW), interpolation=cv2.INTER_LINEAR)


def texture_twins(rng, factor):
    """Two places of one drawn surface, uint8 RGB [VIEW, VIEW, 3]: alike, and nowhere the same."""
    side, gap = int(VIEW / factor), 20
    both = draw_texture(rng, 2 * side + gap)
    first = both[:side, :side] if rng.random() < 0.5 else both[:side, side + gap:]
    return [cv2.resize(np.ascontiguousarray(part), (VIEW, VIEW), interpolation=cv2.INTER_LINEAR)
            for part in (first, both[side + gap:, side + gap:])]


def look_again(rng, image, wobble=True):
    """A JUDGED x JUDGED view of a VIEW x VIEW image: moved, a little turned and scaled, half of them bent by 2 px."""
    angle, scale = math.radians(rng.normal(0, 1.5)), math.exp(rng.normal(0, 0.02))
    room = (VIEW - JUDGED) / 2
    cx, cy = (VIEW / 2 + rng.uniform(-room, room) for _ in range(2))
    y, x = np.mgrid[0:JUDGED, 0:JUDGED].astype(np.float32) - JUDGED / 2
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    from_x, from_y = cx + c * x - s * y, cy + s * x + c * y
    if wobble and rng.random() < 0.5:
        reach = rng.uniform(0, 2)
        for axis in (from_x, from_y):
            axis += reach * cv2.resize(rng.standard_normal((4, 4)).astype(np.float32), (JUDGED, JUDGED),
                                       interpolation=cv2.INTER_CUBIC)
    return cv2.remap(image, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def relight(rng, image, strong):
    """Light, focus and noise as they differ between two good parts; `strong`: contrast too, half of it 2.5-fold.

    Returns: float32 of the image's shape
    """
    x, reach = image.astype(np.float32), 1.0
    if strong:
        mean, reach = x.mean(), 2.5 if rng.random() < 0.5 else 1.0
        x = (x - mean) * math.exp(rng.normal(0, 0.08 * reach)) + mean * math.exp(rng.normal(0, 0.06 * reach))
    else:
        x = x * rng.uniform(0.88, 1.12) + rng.normal(0, 5)
    if rng.random() < 0.4:
        slope = cv2.resize(rng.standard_normal((2, 2)).astype(np.float32), x.shape[1::-1])
        x *= 1 + (0.05 * reach if strong else 0.06) * slope[..., None]
    if rng.random() < 0.4:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.3, 0.5 + 0.3 * reach))
    if rng.random() < 0.6:
        x += rng.normal(0, rng.uniform(0.5, 3 + 2 * reach), (*x.shape[:2], 1))
    return x


def _blob(rng):
    size = math.exp(rng.uniform(math.log(4), math.log(36)))
    mask = np.zeros((JUDGED, JUDGED), np.float32)
    centre = tuple(int(v) for v in rng.uniform(0, JUDGED, 2))
    axes = tuple(max(2, int(size * v)) for v in rng.uniform(0.4, 1, 2))
    cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
    if rng.random() < 0.6:
        count = max(2, JUDGED // max(2, int(size / rng.uniform(1, 4))))
        rough = cv2.resize(rng.standard_normal((count, count)).astype(np.float32), (JUDGED, JUDGED),
                           interpolation=cv2.INTER_CUBIC)
        mask *= rough > rng.uniform(-0.5, 0.7)
    return mask


def _line(rng):
    angle, at, points = rng.uniform(0, 2 * np.pi), rng.uniform(0, JUDGED, 2), []
    wander = rng.choice((0.03, 0.15, 0.5))
    for _ in range(int(rng.integers(3, 30))):
        points.append(at)
        angle += rng.normal(0, wander)
        at = at + rng.uniform(2, 8) * np.array((np.cos(angle), np.sin(angle)))
    mask = np.zeros((JUDGED, JUDGED), np.float32)
    cv2.polylines(mask, [np.array(points, np.int32).reshape(-1, 1, 2)], False, 1.0, int(rng.integers(1, 4)),
                  cv2.LINE_AA)
    return mask


def _grain(rng, cell):
    count = JUDGED // cell + 1
    return cv2.resize(rng.standard_normal((count, count)).astype(np.float32), (JUDGED, JUDGED))[..., None]


def _push(rng, x, mask):
    """Content moved by 3 to 10 px where the mask is: a dent, a swelling."""
    soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(3, 8))
    soft *= rng.uniform(3, 10) / (soft.max() + 1e-6)
    toward = rng.uniform(0, 2 * np.pi)
    row, column = np.mgrid[0:JUDGED, 0:JUDGED].astype(np.float32)
    return cv2.remap(x, column + soft * math.cos(toward), row + soft * math.sin(toward), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REFLECT_101)


def add_defect(rng, x, other):
    """One of seven changes within a drawn line or blob. `other`: float32 of x's shape, another surface."""
    mask = _line(rng) if rng.random() < 0.35 else _blob(rng)
    if rng.random() < 0.6:
        mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 2.5))
    kind, full = rng.integers(0, 7), mask[..., None]
    part = full * rng.uniform(0.35, 1)
    if kind == 0:  # another level: stain, hole, foreign body
        here = x[mask > 0.5].mean() if (mask > 0.5).any() else x.mean()
        tint = rng.normal(0, 15, 3) if rng.random() < 0.4 else 0
        level = here + rng.choice((-1, 1)) * rng.uniform(15, 110) + tint
        return x * (1 - part) + part * (level + rng.normal(0, rng.uniform(0, 12), (JUDGED, JUDGED, 1)))
    if kind == 1:  # darker or brighter, the surface shows through
        return x * (1 + part * rng.choice((-1, 1)) * rng.uniform(0.2, 0.7))
    if kind == 2:  # another surface
        return x * (1 - part) + part * (other - other.mean() + x.mean() if rng.random() < 0.5 else other)
    if kind == 3:  # the same surface from elsewhere
        moved = np.roll(x, tuple(rng.integers(-JUDGED // 2, JUDGED // 2, 2)), (0, 1))
        if rng.random() < 0.5:
            moved = np.rot90(moved, rng.integers(1, 4))
        return x * (1 - full) + full * moved
    if kind == 4:  # smeared
        return x * (1 - full) + full * cv2.GaussianBlur(x, (0, 0), rng.uniform(2, 6))
    if kind == 5:  # roughened
        return x + part * _grain(rng, int(rng.integers(1, 5))) * rng.uniform(12, 60)
    return _push(rng, np.ascontiguousarray(x, np.float32), mask)


def make_pair(rng, first, second, other, strong):
    """A memory and a view to judge.

    Args:
        first, second: uint8 RGB [VIEW, VIEW, 3] of one surface, or twice the same image
        other: the same of another surface
        strong: see `relight`
    Returns:
        first; uint8 RGB [JUDGED, JUDGED, 3] made of `second` with one to three defects; float32 map of the share of
        changed pixels per cell, 0..1
    """
    clean = relight(rng, look_again(rng, second), strong)
    marked = clean
    for _ in range(int(rng.integers(1, 4))):
        marked = add_defect(rng, marked, look_again(rng, other, wobble=False).astype(np.float32))
    clean, marked = np.clip(clean, 0, 255), np.clip(marked, 0, 255)
    changed = np.abs(marked - clean).max(2) > VISIBLE
    count = JUDGED // CELL
    return first, marked.astype(np.uint8), changed.reshape(count, CELL, count, CELL).mean((1, 3), dtype=np.float32)
