"""Read DeepPCB-style folders and draw augmented training crops from them."""

import math
import os
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch

from boards import draw_board
from model import CLASSES, STRIDE
from register import Register
from render import binary_image, distance_to_copper_level, grey_pair, wobble
from synth import Injector

CROP = 256


@dataclass
class Pair:
    name: str
    group: str
    test: np.ndarray
    template: np.ndarray
    boxes: np.ndarray  # [n, 4] float32, px, half-open
    labels: np.ndarray  # [n] int64, 0..5


def read_grey(path):
    image = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FileNotFoundError(f"cannot read {path}; expected a grey JPEG or PNG")
    return image


@torch.no_grad()
def aligned(pair):
    """The pair with its template registered as the exported graph does it."""
    test, template = (torch.from_numpy(i)[None, None].float() / 127.5 - 1 for i in (pair.test, pair.template))
    moved = ((Register()(test, template)[0, 0] + 1) * 127.5).round().to(torch.uint8).numpy()
    return replace(pair, template=moved)


def read_pairs(folder, list_name, keep=lambda group: True):
    """All pairs named in folder/list_name whose group passes `keep`, as they lie on disk."""
    pairs = []
    with open(os.path.join(folder, list_name), encoding="utf-8") as file:
        rows = [line.split() for line in file if line.strip()]
    for image, notes in rows:
        group = image.split("/")[0].removeprefix("group")
        if not keep(group):
            continue
        base = os.path.join(folder, os.path.splitext(image)[0])
        ext = os.path.splitext(image)[1]
        found = []
        with open(os.path.join(folder, notes), encoding="utf-8") as file:
            for line in file:
                if line.strip():
                    found.append([int(v) for v in line.replace(",", " ").split()])
        found = np.array(found, np.int64).reshape(-1, 5)
        pairs.append(Pair(os.path.splitext(os.path.basename(image))[0], group,
                          read_grey(f"{base}_test{ext}"), read_grey(f"{base}_temp{ext}"),
                          found[:, :4].astype(np.float32), found[:, 4] - 1))
    return pairs


def _affine(rng, exact):
    """2x2 matrix from crop to source: one of eight dihedral transforms, scaled and turned unless exact."""
    turn = int(rng.integers(0, 4))
    c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn]
    m = np.array(((c, -s), (s, c)), np.float64)
    if rng.random() < 0.5:
        m = m @ np.diag((-1.0, 1.0))
    if exact:
        return m
    angle = math.radians(rng.uniform(-5, 5)) if rng.random() < 0.5 else 0.0
    scale = math.exp(rng.uniform(math.log(0.8), math.log(1.25)))
    ca, sa = math.cos(angle), math.sin(angle)
    return m @ np.array(((ca, -sa), (sa, ca))) / scale


def _warp(image, m, centre, exact, nudge=(0.0, 0.0), tilt=0.0):
    """Crop of CROP px around `centre` (source px) under the crop-to-source matrix m."""
    if tilt:
        ct, st = math.cos(tilt), math.sin(tilt)
        m = m @ np.array(((ct, -st), (st, ct)))
    half = (CROP - 1) / 2.0
    shift = np.array(centre) - m @ np.array((half, half)) + np.array(nudge)
    full = np.concatenate((m, shift[:, None]), 1)
    return cv2.warpAffine(image, full, (CROP, CROP),
                          flags=(cv2.INTER_NEAREST if exact else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP,
                          borderMode=cv2.BORDER_REPLICATE)


def _move_boxes(boxes, m, centre):
    inverse = np.linalg.inv(m)
    half = CROP / 2.0
    x1, y1, x2, y2 = boxes.T
    corners = np.stack((x1, y1, x2, y1, x2, y2, x1, y2), 1).reshape(-1, 4, 2)
    # pixel centres sit at +0.5 in box coordinates
    moved = (corners - (np.array(centre) + 0.5)) @ inverse.T + half
    return np.concatenate((moved.min(1), moved.max(1)), 1)


class Sampler:
    """Draws (pair uint8 [2, CROP, CROP], boxes, labels, ignored boxes)."""

    def __init__(self, pairs, seed, extra=(), grey_share=0.3):
        self.rng = np.random.default_rng(seed)
        self.pairs, self.extra, self.grey_share = pairs, list(extra), grey_share

    def sample(self):
        u = self.rng.random()
        if self.extra and u < 0.2:
            return self._real(self.extra[self.rng.integers(0, len(self.extra))], keep_look=True)
        if u > 0.87:
            return self._drawn()
        if u > 0.62:
            return self._template_only()
        return self._real(self.pairs[self.rng.integers(0, len(self.pairs))])

    def _centre(self, pair):
        rng = self.rng
        h, w = pair.test.shape
        if len(pair.boxes) and rng.random() < 0.85:
            b = pair.boxes[rng.integers(0, len(pair.boxes))]
            x, y = (b[0] + b[2]) / 2 + rng.uniform(-110, 110), (b[1] + b[3]) / 2 + rng.uniform(-110, 110)
        else:
            x, y = rng.uniform(0, w), rng.uniform(0, h)
        low, x_high, y_high = CROP / 2, w - CROP / 2, h - CROP / 2
        # CROP is even: a centre at .5 keeps the pixel grid
        return (math.floor(min(max(x, low), x_high)) - 0.5, math.floor(min(max(y, low), y_high)) - 0.5)

    def _misregister(self):
        """Shift and tilt of the template: mostly under 2 px, sometimes what registration leaves on a turned board."""
        rng = self.rng
        u = rng.random()
        if u < 0.4:
            return (0.0, 0.0), 0.0
        if u < 0.88:
            return tuple(np.clip(rng.normal(0, 0.9, 2), -2.5, 2.5)), math.radians(rng.uniform(-0.3, 0.3))
        reach = rng.uniform(2, 8)
        return tuple(rng.uniform(-reach, reach, 2)), math.radians(rng.uniform(-0.8, 0.8))

    def _real(self, pair, keep_look=False):
        rng = self.rng
        exact = rng.random() < 0.5
        m, centre = _affine(rng, exact), self._centre(pair)
        nudge, tilt = self._misregister()
        if exact:
            nudge, tilt = tuple(np.round(nudge)), 0.0
            if rng.random() < 0.4:
                nudge = (0.0, 0.0)
        test = _warp(pair.test, m, centre, exact)
        template = _warp(pair.template, m, centre, exact, nudge, tilt)
        boxes = _move_boxes(pair.boxes, m, centre)
        kept, labels, ignored = _clip(boxes, pair.labels)
        if keep_look:
            return np.stack((test, template)), kept, labels, ignored
        soft_test, soft_template = distance_to_copper_level(test), distance_to_copper_level(template)
        if rng.random() < 0.4:
            occupied = np.zeros(test.shape, np.uint8)
            for x1, y1, x2, y2 in np.concatenate((kept, ignored)).round().astype(int):
                occupied[max(0, y1):max(0, y2), max(0, x1):max(0, x2)] = 1
            soft_test, kept, labels = self._inject(soft_test, occupied, kept, labels)
        return self._look(soft_test, soft_template, exact), kept, labels, ignored

    def _template_only(self):
        rng = self.rng
        pair = self.pairs[rng.integers(0, len(self.pairs))]
        exact = rng.random() < 0.25
        m = _affine(rng, exact)
        h, w = pair.template.shape
        centre = tuple(math.floor(rng.uniform(CROP / 2, side - CROP / 2)) - 0.5 for side in (w, h))
        return self._from_template(distance_to_copper_level(_warp(pair.template, m, centre, exact)))

    def _drawn(self):
        soft = cv2.GaussianBlur(draw_board(self.rng, CROP).astype(np.float32), (0, 0), self.rng.uniform(0.4, 2.0))
        return self._from_template((soft > 0.5).astype(np.float32))

    def _from_template(self, template):
        rng = self.rng
        test = template
        if rng.random() < 0.5:
            nudge, tilt = self._misregister()
            half = (CROP - 1) / 2.0
            test = _warp(test, np.eye(2), (half, half), False, nudge, tilt)
        if rng.random() < 0.5:
            test = wobble(rng, test, rng.uniform(0.3, 1.3) if rng.random() < 0.85 else rng.uniform(1.3, 3.0))
        none = np.zeros((0, 4))
        test, boxes, labels = self._inject(test, np.zeros(test.shape, np.uint8), none, np.zeros(0, np.int64), 6)
        return self._look(test, template, False), boxes, labels, none

    def _inject(self, soft, occupied, boxes, labels, most=4):
        before = (soft > 0.5).astype(np.uint8)
        injector = Injector(self.rng, before, occupied)
        found = injector.add_many(int(self.rng.integers(1, most + 1)))
        if not found:
            return soft, boxes, labels
        after, soft = injector.copper, soft.copy()
        soft[(after == 1) & (before == 0)] = 1.0
        soft[(after == 0) & (before == 1)] = 0.0
        found = np.array(found)
        return soft, np.concatenate((boxes, found[:, :4])), np.concatenate((labels, found[:, 4]))

    def _dirty(self, template):
        """Flaws of the template alone are no defects of the part: changes without a label."""
        dirt = Injector(self.rng, (template > 0.5).astype(np.uint8))
        for _ in range(int(self.rng.integers(1, 4))):
            dirt.add(int(self.rng.integers(2, 6)))
        changed = dirt.copper != (template > 0.5)
        return np.where(changed, dirt.copper, template).astype(np.float32)

    def _look(self, test, template, exact):
        if self.rng.random() < 0.06:
            template = self._dirty(template)
        if self.rng.random() < self.grey_share:
            return np.stack(grey_pair(self.rng, test, template))
        return np.stack((binary_image(self.rng, test, exact), binary_image(self.rng, template, exact)))


def _clip(boxes, labels):
    """Clip to the crop; boxes that lose too much become ignored regions."""
    if len(boxes) == 0:
        return np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros((0, 4))
    clipped = boxes.clip(0, CROP)
    size = (clipped[:, 2:] - clipped[:, :2]).clip(0)
    whole = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    share = size.prod(1) / np.maximum(whole, 1)
    keep, gone = share >= 0.75, share <= 0.0
    return clipped[keep], labels[keep], clipped[~keep & ~gone]


def targets(boxes, labels, ignored):
    """Heat [6,h,w], side distances [4,h,w], side weight [h,w], heat weight [h,w] at stride 8."""
    n = CROP // STRIDE
    heat = np.zeros((len(CLASSES), n, n), np.float32)
    side, side_weight = np.ones((4, n, n), np.float32), np.zeros((n, n), np.float32)
    weight = np.ones((n, n), np.float32)
    at = (np.arange(n) + 0.5) * STRIDE
    for x1, y1, x2, y2 in ignored:
        weight[np.ix_((at > y1 - 4) & (at < y2 + 4), (at > x1 - 4) & (at < x2 + 4))] = 0
    for (x1, y1, x2, y2), label in zip(boxes, labels):
        cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
        sigma = float(np.clip(min(x2 - x1, y2 - y1) / 6, 5.0, 9.0))
        g = np.exp(-((at[None, :] - cx) ** 2 + (at[:, None] - cy) ** 2) / (2 * sigma * sigma))
        g[g < 0.02] = 0
        row, col = min(n - 1, int(cy // STRIDE)), min(n - 1, int(cx // STRIDE))
        near = (g > 0.3) & (g > side_weight)
        near[row, col] = True
        rows, cols = np.nonzero(near)
        side[:, rows, cols] = np.stack((at[cols] - x1, at[rows] - y1, x2 - at[cols], y2 - at[rows])).clip(1, 320)
        side_weight[rows, cols] = np.maximum(g[rows, cols], 0.3)
        g[row, col] = 1
        side_weight[row, col] = 1
        heat[label] = np.maximum(heat[label], g)
        weight[row, col] = 1
    return heat, side, side_weight, weight


class CropStream(torch.utils.data.IterableDataset):
    """Endless stream of ready batches."""

    def __init__(self, pairs, batch, seed, extra=(), grey_share=0.3):
        self.args, self.batch, self.seed = (pairs, extra, grey_share), batch, seed

    def __iter__(self):
        cv2.setNumThreads(1)
        info = torch.utils.data.get_worker_info()
        pairs, extra, grey_share = self.args
        sampler = Sampler(pairs, (self.seed, info.id if info else 0), extra, grey_share)
        while True:
            images, rest = [], []
            for _ in range(self.batch):
                image, boxes, labels, ignored = sampler.sample()
                images.append(image)
                rest.append(targets(boxes, labels, ignored))
            yield (torch.from_numpy(np.stack(images)), *(torch.from_numpy(np.stack(r)) for r in zip(*rest)))
