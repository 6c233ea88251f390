"""Score detections by the DeepPCB protocol, independently of the product's own scorer.

A detection is correct when its IoU with a still unmatched box of the same class exceeds 0.33;
detections are taken by falling confidence. AP is the mean precision at the correct detections
over all true boxes (no envelope, the stricter reading); `ap_envelope` is the area under the
monotone precision-recall curve (VOC 2010). F is taken at one threshold for all classes.
"""

import argparse
import json

import numpy as np

IOU = 0.33
NMS_IOU = 0.5


def iou_matrix(a, b):
    x1 = np.maximum(a[:, None, 0], b[None, :, 0])
    y1 = np.maximum(a[:, None, 1], b[None, :, 1])
    x2 = np.minimum(a[:, None, 2], b[None, :, 2])
    y2 = np.minimum(a[:, None, 3], b[None, :, 3])
    inter = (x2 - x1).clip(0) * (y2 - y1).clip(0)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(1), (b[:, 2:] - b[:, :2]).prod(1)
    return inter / np.maximum(area_a[:, None] + area_b[None] - inter, 1e-9)


def suppress(boxes, scores, labels, iou=NMS_IOU, per_class=True):
    """Greedy non-maximum suppression, within each class unless told otherwise. Returns kept indices."""
    order, kept = np.argsort(-scores, kind="stable"), []
    overlap = iou_matrix(boxes, boxes)
    for i in order:
        if all(overlap[i, j] <= iou or (per_class and labels[i] != labels[j]) for j in kept):
            kept.append(i)
    return np.array(kept, int)


def match(truth, found):
    """Flag each detection. truth, found: lists per image of (boxes, labels[, scores])."""
    rows = []
    for image, ((gt, gt_labels), (boxes, labels, scores)) in enumerate(zip(truth, found)):
        used = np.zeros(len(gt), bool)
        overlap = iou_matrix(boxes, gt) if len(gt) and len(boxes) else np.zeros((len(boxes), len(gt)))
        for i in np.argsort(-scores, kind="stable"):
            free = np.where((gt_labels == labels[i]) & ~used, overlap[i], 0.0) if len(gt) else np.zeros(0)
            j = int(free.argmax()) if len(free) else -1
            hit = j >= 0 and free[j] > IOU
            if hit:
                used[j] = True
            rows.append((float(scores[i]), int(labels[i]), bool(hit), image))
    rows.sort(key=lambda r: -r[0])
    return rows


def average_precision(hits, total):
    hits = np.asarray(hits, float)
    precision = hits.cumsum() / np.arange(1, len(hits) + 1)
    plain = float((precision * hits).sum() / total)
    envelope = float((np.maximum.accumulate(precision[::-1])[::-1] * hits).sum() / total) if len(hits) else 0.0
    return plain, envelope


def f_score(rows, total, threshold):
    kept = [r for r in rows if r[0] >= threshold]
    good = sum(r[2] for r in kept)
    precision, recall = good / max(1, len(kept)), good / max(1, total)
    return 2 * precision * recall / max(1e-9, precision + recall), precision, recall


def score(truth, found, classes, threshold=None):
    rows = match(truth, found)
    totals = np.bincount(np.concatenate([t[1] for t in truth]), minlength=len(classes))
    ap = {n: average_precision([r[2] for r in rows if r[1] == c], totals[c])
          for c, n in enumerate(classes) if totals[c]}
    if threshold is None:
        grid = np.arange(0.1, 0.9, 0.01)
        values = np.array([f_score(rows, totals.sum(), t)[0] for t in grid])
        # middle of the plateau, so that the choice does not hang on one detection
        threshold = float(np.median(grid[values >= values.max() - 1e-9]))
    f, precision, recall = f_score(rows, totals.sum(), threshold)
    return {
        "map": float(np.mean([a[0] for a in ap.values()])),
        "map_envelope": float(np.mean([a[1] for a in ap.values()])),
        "ap": {n: round(a[0], 4) for n, a in ap.items()},
        "f": f, "precision": precision, "recall": recall, "threshold": threshold,
        "boxes": int(totals.sum()),
    }


def run_onnx(path, pairs, threads=1):
    """Detections of an exported model on every pair, after suppression."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    found = []
    for pair in pairs:
        boxes, scores, labels = session.run(["boxes", "scores", "labels"], {
            "image": pair.test[None, :, :, None], "template": pair.template[None, :, :, None]})
        keep = scores[0] > 0.02
        found.append((boxes[0][keep], labels[0][keep], scores[0][keep]))
    return found


def after_nms(found, iou=NMS_IOU, per_class=True):
    out = []
    for boxes, labels, scores in found:
        k = suppress(boxes, scores, labels, iou, per_class)
        out.append((boxes[k], labels[k], scores[k]))
    return out


def report(pairs, found, classes, threshold=None):
    """Overall and per-group scores; groups share the overall threshold."""
    truth = [(p.boxes, p.labels) for p in pairs]
    result = {"all": score(truth, found, classes, threshold)}
    for group in sorted({p.group for p in pairs}):
        index = [i for i, p in enumerate(pairs) if p.group == group]
        result[group] = score([truth[i] for i in index], [found[i] for i in index], classes,
                              result["all"]["threshold"])
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--list", default="val.txt")
    parser.add_argument("--model", required=True, help="exported ONNX file")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--nms", type=float, default=NMS_IOU)
    parser.add_argument("--agnostic", action="store_true", help="suppress across classes")
    args = parser.parse_args()
    from dataset import read_pairs
    from model import CLASSES

    pairs = read_pairs(args.data, args.list)
    found = after_nms(run_onnx(args.model, pairs), args.nms, not args.agnostic)
    print(json.dumps(report(pairs, found, CLASSES, args.threshold), indent=1))


if __name__ == "__main__":
    main()
