"""ONNX export of an Ultralytics model, and what the library finds in images, for `sightline models import`.

    python from_ultralytics.py --weights best.pt --images DIR --out NEW_DIR

For the tasks detect, segment and classify, and for RT-DETR. Wants `pip install ultralytics onnx`.
"""

import shutil
import tempfile

import numpy as np
import ultralytics
from ultralytics import YOLO
from ultralytics.utils import DEFAULT_CFG_DICT

from reference import classes, opened, parser, say_import, sides

LIBRARY = f"ultralytics {ultralytics.__version__}"
IOU = 0.7
MOST = 3000
# 8.4 has the graph of YOLO26 choose its rows where this is not said; rows with masks are of no family
UNCHOSEN = {"end2end": False} if "end2end" in DEFAULT_CFG_DICT else {}


def export(model, case, size, **options):
    """`size`: width, height. The library writes it beside the weights first, over what lies there."""
    usual = {"format": "onnx", "imgsz": [size[1], size[0]], "simplify": False, "opset": 17, "verbose": False}
    shutil.move(model.export(**usual | options), case.onnx)


def find(model, image, conf, size, iou=IOU, most=MOST):
    # rect: a model that takes any size would get the image without its margins
    given = {"imgsz": [size[1], size[0]], "rect": False, "device": "cpu", "verbose": False}
    if model.task == "segment":
        given |= UNCHOSEN
    return model.predict(image[..., ::-1], conf=conf, iou=iou, max_det=most, **given)[0]


def seen(predictor, image):
    """What the network sees, HWC RGB uint8."""
    tensor = predictor.preprocess([image[..., ::-1]])
    return (tensor[0].permute(1, 2, 0).float().numpy() * 255).round().astype(np.uint8)


def area_scale(image, size):
    """px of the model input for one px² of the image."""
    (h, w), (width, height) = image.shape[:2], size
    gain = min(height / h, width / w)
    return (round(w * gain) / w) * (round(h * gain) / h)


def describe(case, model, family, images, size, threshold, iou=IOU, most=MOST):
    """What `model`, the weights or their export, finds in `images`, `most` in each; `size`: width, height."""
    labels = [model.names[n] for n in range(len(model.names))]
    for image in images:
        result = find(model, image, threshold, size, iou, most)
        pixels = seen(model.predictor, image)
        if family == "yolo-classify":
            scores = dict(zip(labels, result.probs.data.tolist()))
            case.add(image, pixels, classes(image, scores, threshold), scores)
            continue
        findings = []
        for k, (box, score, label) in enumerate(zip(result.boxes.xyxy, result.boxes.conf, result.boxes.cls)):
            f = {"class": labels[int(label)], "score": float(score), "box": [float(v) for v in box]}
            if result.masks is not None:
                f["areaPx"] = float(result.masks.data[k].sum()) / area_scale(image, size)
            findings.append(f)
        case.add(image, pixels, findings)
    case.close({"family": family, "labels": labels, "size": list(size), "threshold": threshold, "nmsIou": iou})


def family_of(model, onnx_file):
    """By task and head, and the most findings in an image; rows that the graph itself has chosen end with score and class."""
    if "RTDETR" in type(model).__name__:
        return "rtdetr", MOST
    if model.task != "detect":
        return f"yolo-{model.task}", MOST
    import onnx

    dims = onnx.load(onnx_file, load_external_data=False).graph.output[0].type.tensor_type.shape.dim
    return ("yolo-rows", dims[1].dim_value) if dims[-1].dim_value == 6 else ("yolo-detect", MOST)


def main():
    p = parser(__doc__)
    p.add_argument("--size", type=sides, help="SIDE or WIDTHxHEIGHT of the model's input; that of the training by default")
    p.add_argument("--threshold", type=float, help="score from which a finding counts: 0.25, and 0.5 of a classifier, by default")
    p.add_argument("--iou", type=float, default=IOU, help="overlap from which a box is suppressed")
    o = p.parse_args()
    case, images = opened(o, LIBRARY)
    model = YOLO(str(o.weights))
    if model.task not in ("detect", "segment", "classify"):
        raise SystemExit(f"{o.weights}: expected a model for detect, segment or classify, found one for {model.task}")
    trained = model.overrides.get("imgsz", 640)
    size = o.size or (sides(str(trained)) if isinstance(trained, int) else tuple(trained[::-1]))
    threshold = (0.5 if model.task == "classify" else 0.25) if o.threshold is None else o.threshold
    with tempfile.TemporaryDirectory() as folder:
        export(YOLO(shutil.copy(o.weights, folder)), case, size, **(UNCHOSEN if model.task == "segment" else {}))
    family, most = family_of(model, case.onnx)
    describe(case, model, family, images, size, threshold, o.iou, most)
    say_import(case)


if __name__ == "__main__":
    main()
