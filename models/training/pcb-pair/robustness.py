"""Score an exported model on validation pairs under disturbances: grey frames, shift, turn, scan noise."""

import argparse
import math
from dataclasses import replace

import cv2
import numpy as np

from dataset import read_pairs
from evaluate import after_nms, report, run_onnx
from model import CLASSES
from render import distance_to_copper_level, grey_pair, ragged


def _moved(image, dx=0.0, dy=0.0, degrees=0.0):
    h, w = image.shape
    m = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1.0)
    m[:, 2] += dx, dy
    return cv2.warpAffine(image, m, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _grey(rng, pair):
    test, template = grey_pair(rng, distance_to_copper_level(pair.test), distance_to_copper_level(pair.template))
    return replace(pair, test=test, template=template)


def _noisy(rng, pair):
    test = 255 * (1 - ragged(rng, distance_to_copper_level(pair.test)))
    return replace(pair, test=test.astype(np.uint8))


def disturbances(rng):
    def shift(pair):
        angle, reach = rng.uniform(0, 2 * math.pi), rng.uniform(0, 15)
        return replace(pair, template=_moved(pair.template, round(reach * math.cos(angle)), round(reach * math.sin(angle))))

    def turn(pair):
        return replace(pair, template=_moved(pair.template, degrees=rng.uniform(-0.4, 0.4)))

    return {
        "as is": lambda p: p,
        "template shifted up to 15 px": shift,
        "template turned up to 0.4 degrees": turn,
        "ragged edges": lambda p: _noisy(rng, p),
        "grey frames": lambda p: _grey(rng, p),
        "grey frames, shifted": lambda p: _grey(rng, shift(p)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--list", default="val.txt")
    parser.add_argument("--model", required=True)
    parser.add_argument("--threshold", type=float, required=True)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    pairs = read_pairs(args.data, args.list)
    for name, disturb in disturbances(np.random.default_rng(args.seed)).items():
        changed = [disturb(p) for p in pairs]
        r = report(changed, after_nms(run_onnx(args.model, changed)), CLASSES, args.threshold)["all"]
        print(f"{name:36s} mAP {r['map']:.4f}  F {r['f']:.4f}  precision {r['precision']:.4f}  "
              f"recall {r['recall']:.4f}", flush=True)
    clean = [replace(p, test=p.template, boxes=p.boxes[:0], labels=p.labels[:0]) for p in pairs]
    found = after_nms(run_onnx(args.model, clean))
    print(f"false detections on {len(pairs)} templates against themselves:",
          sum(int((s >= args.threshold).sum()) for _, _, s in found))


if __name__ == "__main__":
    main()
