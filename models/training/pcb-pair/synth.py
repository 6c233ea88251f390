"""Inject the six defect types into a copper mask; the class follows from the topology of the change."""

import math

import cv2
import numpy as np

PAD = 10  # px by which the annotators' boxes exceed the changed pixels
OPEN, SHORT, MOUSEBITE, SPUR, COPPER, PINHOLE = range(6)
REMOVES = (OPEN, MOUSEBITE, PINHOLE)
K3 = np.ones((3, 3), np.uint8)
K5 = np.ones((5, 5), np.uint8)


def _polygon(rng, cx, cy, rx, ry, count):
    turn = rng.uniform(0, 2 * math.pi)
    angle = turn + np.sort(rng.uniform(0, 2 * math.pi, count))
    reach = rng.uniform(0.45, 1.1, count)
    return np.stack((cx + rx * reach * np.cos(angle), cy + ry * reach * np.sin(angle)), 1).round().astype(np.int32)


def draw_blob(rng, shape, cx, cy, radius, heading=None):
    """A hand-drawn looking mark: blob, polygon, stroke, scribble, outline or speckle. Returns a 0/1 mask.

    With a heading it is a long stroke in roughly that direction.
    """
    out = np.zeros(shape, np.uint8)
    kind = rng.integers(0, 15) if heading is None else 6
    rx, ry = radius * rng.uniform(0.55, 1.3), radius * rng.uniform(0.55, 1.3)
    centre = (int(round(cx)), int(round(cy)))
    if kind < 2:
        cv2.ellipse(out, centre, (max(2, int(rx)), max(2, int(ry))), rng.uniform(0, 180), 0, 360, 1, -1)
    elif kind < 6:
        cv2.fillPoly(out, [_polygon(rng, cx, cy, rx, ry, rng.integers(5, 10))], 1)
    elif kind < 10:
        count = rng.integers(2, 6)
        heading = rng.uniform(0, 2 * math.pi) if heading is None else heading + rng.normal(0, 0.5)
        step = 2.0 * radius / (count - 1) * rng.uniform(0.8, 1.3)
        x, y = cx - math.cos(heading) * radius, cy - math.sin(heading) * radius
        points = [(x, y)]
        for _ in range(count - 1):
            heading += rng.normal(0, 0.6 if radius < 14 else 0.3)
            x, y = x + step * math.cos(heading), y + step * math.sin(heading)
            points.append((x, y))
        width = int(rng.integers(2, max(3, min(11, int(radius))) + 1))
        cv2.polylines(out, [np.array(points).round().astype(np.int32)], False, 1, width)
    elif kind < 12:
        count = rng.integers(6, 14)
        pts = np.stack((cx + rng.uniform(-rx, rx, count), cy + rng.uniform(-ry, ry, count)), 1)
        pts = pts[np.argsort(pts[:, rng.integers(0, 2)])]
        cv2.polylines(out, [pts.round().astype(np.int32)], False, 1, int(rng.integers(1, 4)))
    elif kind < 14:
        cv2.polylines(out, [_polygon(rng, cx, cy, rx, ry, rng.integers(5, 10))], True, 1, int(rng.integers(1, 4)))
    else:
        cv2.ellipse(out, centre, (max(3, int(rx)), max(3, int(ry))), rng.uniform(0, 180), 0, 360, 1, -1)
        dots = (rng.random((shape[0] // 2 + 1, shape[1] // 2 + 1)) < rng.uniform(0.5, 0.8)).astype(np.uint8)
        out &= np.kron(dots, np.ones((2, 2), np.uint8))[:shape[0], :shape[1]]
    return out


def draw_strip(rng, shape, p, q):
    """A wiggly, sometimes hatched strip from p to q (cut or bridge)."""
    out = np.zeros(shape, np.uint8)
    p, q = np.array(p, float), np.array(q, float)
    along = q - p
    length = max(1.0, float(np.hypot(*along)))
    normal = np.array((-along[1], along[0])) / length
    count = int(rng.integers(2, 6))
    t = np.linspace(0, 1, count)
    bend = rng.normal(0, min(4.0, 0.12 * length) if rng.random() < 0.6 else 0.3, count)
    bend[[0, -1]] *= 0.4
    path = p + t[:, None] * along + bend[:, None] * normal
    width = rng.uniform(2, 5) if rng.random() < 0.45 else rng.uniform(4, 16 if rng.random() < 0.8 else 40)
    if width > 7 and rng.random() < 0.3:
        for offset in np.arange(-width / 2, width / 2, rng.uniform(2.5, 4)):
            line = path + offset * normal + rng.normal(0, 0.7, path.shape)
            cv2.polylines(out, [line.round().astype(np.int32)], False, 1, int(rng.integers(1, 3)))
        if rng.random() < 0.5:
            out = cv2.morphologyEx(out, cv2.MORPH_CLOSE, K3)
    elif rng.random() < 0.5:
        for a, b in zip(path[:-1], path[1:]):
            cv2.line(out, a.round().astype(int).tolist(), b.round().astype(int).tolist(), 1,
                     max(2, int(width * rng.uniform(0.7, 1.3))))
    else:
        cv2.polylines(out, [path.round().astype(np.int32)], False, 1, max(2, int(width)))
    return out


def _segments(ring):
    count, _, stats, _ = cv2.connectedComponentsWithStats(ring, connectivity=8)
    return int((stats[1:, cv2.CC_STAT_AREA] >= 3).sum())


def classify_change(body, own):
    """Class of changing `body` away from material `own` (1 = the material being replaced).

    Walk the ring around the change: all own -> island or hole (0); one contact with the other
    material -> bite or protrusion (1); two contacts separated by own -> cut or bridge (2); else None.
    """
    solid = cv2.morphologyEx(body, cv2.MORPH_CLOSE, K5) & own
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    solid = solid.copy()
    cv2.drawContours(solid, contours, -1, 1, -1)
    if len(contours) != 1:
        big = [c for c in contours if len(c) > 14]
        if len(big) != 1:
            return None
        solid[:] = 0
        cv2.drawContours(solid, big, -1, 1, -1)
    ring = cv2.dilate(solid, K3) & (1 - solid)
    other_contacts, own_contacts = _segments(ring & (1 - own)), _segments(ring & own)
    if other_contacts == 0:
        wide = cv2.dilate(solid, K5) & (1 - solid)
        return 0 if not (wide & (1 - own)).any() else None
    if own_contacts == 0:
        return None
    if other_contacts == 1:
        return 1
    return 2 if own_contacts >= 2 else None


class Injector:
    """Adds defects to one tested copper mask. `occupied` marks boxes that must stay as they are."""

    def __init__(self, rng, copper, occupied=None):
        self.rng = rng
        self.copper = np.ascontiguousarray(copper, np.uint8)
        self.occupied = np.zeros(copper.shape, np.uint8) if occupied is None else occupied
        self.found = []
        self._measure()

    def _measure(self):
        self.depth = (
            cv2.distanceTransform(1 - self.copper, cv2.DIST_L2, 3),
            cv2.distanceTransform(self.copper, cv2.DIST_L2, 3),
        )

    def _pick(self, mask):
        where = np.flatnonzero(mask)
        if where.size == 0:
            return None
        at = int(where[self.rng.integers(0, where.size)])
        return at % mask.shape[1], at // mask.shape[1]

    def _inward(self, depth, x, y):
        y0, y1 = max(0, y - 3), min(depth.shape[0], y + 4)
        x0, x1 = max(0, x - 3), min(depth.shape[1], x + 4)
        win = depth[y0:y1, x0:x1]
        gy, gx = np.gradient(win)
        v = np.array((gx.mean(), gy.mean()))
        norm = float(np.hypot(*v))
        return None if norm < 0.05 else v / norm

    def _march(self, own, at, heading, limit):
        """Steps from the edge pixel `at` through `own` until it ends, or None."""
        for step in range(3, limit):
            x, y = int(round(at[0] + heading[0] * step)), int(round(at[1] + heading[1] * step))
            if not (0 <= x < own.shape[1] and 0 <= y < own.shape[0]):
                return None
            if not own[y, x]:
                return step
        return None

    def _almost_through(self, own, at, inward):
        """A bite or protrusion that leaves a neck of a few px: the look-alike of a cut or bridge."""
        rng = self.rng
        width = self._march(own, at, inward, 60)
        if width is None or width < 7:
            return None
        reach = width - rng.uniform(2.0, min(6.0, 0.5 * width))
        at = np.array(at, float)
        if rng.random() < 0.5:
            middle = at + inward * reach / 2
            mark = draw_blob(rng, own.shape, *middle, max(3.5, reach * rng.uniform(0.5, 0.9)))
            ys, xs = np.nonzero(mark)
            # keep the far end clear, wherever the blob sprawls
            mark[ys, xs] = ((xs - at[0]) * inward[0] + (ys - at[1]) * inward[1]) <= reach
            return mark
        tip = at + inward * (reach - 1.5)
        return draw_strip(rng, own.shape, at - inward * 3, tip)

    def _mark(self, kind, own, depth):
        """Draw the wanted change; returns 0/1 mask or None."""
        rng, shape = self.rng, own.shape
        u = rng.random()
        radius = rng.uniform(3.5, 9) if u < 0.7 else rng.uniform(7, 16) if u < 0.9 else rng.uniform(12, 34)
        elongated = u >= 0.9
        if kind in (PINHOLE, COPPER):
            if elongated:
                at = self._pick(depth > 7)
                return None if at is None else draw_blob(rng, shape, *at, radius, rng.uniform(0, 2 * math.pi))
            at = self._pick((depth > radius + 2) if rng.random() < 0.5 else (depth > radius * 0.8 + 3))
            return None if at is None else draw_blob(rng, shape, *at, radius)
        at = self._pick((depth > 0) & (depth <= 1.5))
        if at is None:
            return None
        inward = self._inward(depth, *at)
        if inward is None:
            return None
        if kind in (MOUSEBITE, SPUR):
            if elongated:
                reach = radius * rng.uniform(0.8, 1.0)
                return draw_blob(rng, shape, at[0] + inward[0] * reach, at[1] + inward[1] * reach, radius,
                                 math.atan2(inward[1], inward[0]))
            if rng.random() < 0.4:
                return self._almost_through(own, at, inward)
            shift = radius * rng.uniform(-0.2, 0.9)
            return draw_blob(rng, shape, at[0] + inward[0] * shift, at[1] + inward[1] * shift, radius)
        turn = rng.normal(0, 0.3)
        c, s = math.cos(turn), math.sin(turn)
        heading = np.array((c * inward[0] - s * inward[1], s * inward[0] + c * inward[1]))
        limit = (45, 110, 210)[int(rng.choice(3, p=(0.6, 0.22, 0.18)))]
        step = self._march(own, at, heading, limit)
        if step is None:
            return None
        over = rng.uniform(1, 5)
        at = np.array(at, float)
        return draw_strip(rng, shape, at - heading * over, at + heading * (step + over))

    def add(self, kind):
        """Try to add one defect near `kind`; the recorded class is what the change turned out to be."""
        removes = kind in REMOVES
        own = self.copper if removes else 1 - self.copper
        mark = self._mark(kind, own, self.depth[1 if removes else 0])
        if mark is None:
            return False
        body = mark & own
        x, y, w, h = cv2.boundingRect(body)
        area = int(cv2.countNonZero(body))
        if area < 22 or max(w, h) < 6 or max(w, h) > 225:
            return False
        h_px, w_px = own.shape
        if x < 2 or y < 2 or x + w > w_px - 2 or y + h > h_px - 2:
            return False
        if self.occupied[max(0, y - 6):y + h + 6, max(0, x - 6):x + w + 6].any():
            return False
        y0, y1, x0, x1 = max(0, y - 6), y + h + 6, max(0, x - 6), x + w + 6
        level = classify_change(body[y0:y1, x0:x1].copy(), own[y0:y1, x0:x1].copy())
        if level is None:
            return False
        if level == 1:
            deepest = float(self.depth[1 if removes else 0][body > 0].max())
            if deepest < 3.0:
                return False
        label = ((PINHOLE, MOUSEBITE, OPEN) if removes else (COPPER, SPUR, SHORT))[level]
        if removes:
            self.copper = self.copper & (1 - body)
        else:
            self.copper = self.copper | body
        self._measure()
        jitter = self.rng.integers(-1, 2, 4)
        box = (max(0, x - PAD + jitter[0]), max(0, y - PAD + jitter[1]),
               min(w_px, x + w + PAD + jitter[2]), min(h_px, y + h + PAD + jitter[3]))
        self.occupied[box[1]:box[3], box[0]:box[2]] = 1
        self.found.append((*box, label))
        return True

    def add_many(self, count):
        for _ in range(count):
            kind = int(self.rng.integers(0, 6))
            for _ in range(4):
                if self.add(kind):
                    break
        return self.found
