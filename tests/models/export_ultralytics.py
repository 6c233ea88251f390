"""Exports of randomly initialised Ultralytics models with what the library's own predictors find.

    python export_ultralytics.py OUT [case ...]

Weights are random (seed 0); batch statistics are measured on the images, and the class logits are scaled so that
scores spread over 0..1. No trained weights are downloaded or written.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import ultralytics
import yaml
from ultralytics import RTDETR, YOLO
from ultralytics.nn.tasks import yaml_model_load

from reference import Case, images, quantise

CONF, IOU, SIZE = 0.25, 0.7, 160
LIBRARY = f"ultralytics {ultralytics.__version__}"
NAMES = ["scratch", "dent", "stain"]


def with_classes(name):
    """The library's architecture file for our number of classes, in a temporary folder."""
    config = yaml_model_load(name) | {"nc": len(NAMES), "names": dict(enumerate(NAMES))}
    file = Path(tempfile.mkdtemp()) / name
    file.write_text(yaml.safe_dump({k: v for k, v in config.items() if k != "yaml_file"}))
    return str(file)


def calibrate(model, batch, heads, share):
    """Batch statistics from `batch`; then the affine of the class logits so that `share` of them exceed CONF."""
    net = model.model
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None
    net.train()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, torch.nn.Dropout):
                m.p = 0.0
        x = batch
        saved = []
        for layer in net.model[:-1]:
            if layer.f != -1:
                x = saved[layer.f] if isinstance(layer.f, int) else [x if j == -1 else saved[j] for j in layer.f]
            x = layer(x)
            saved.append(x)
        net.eval()
    for logits, weight, bias in heads(net, saved):
        spread = logits.std()
        weight.data /= spread / 0.6
        cut = torch.quantile((logits / (spread / 0.6)).flatten()[:100000], 1 - share)
        bias.data = bias.data / (spread / 0.6) - cut + np.log(CONF / (1 - CONF))


def yolo_heads(net, saved):
    head = net.model[-1]
    features = [saved[j] for j in head.f]
    with torch.no_grad():
        for branch, feature in zip(head.cv3, features):
            branch.train()
            hidden = branch[:-1](feature)
            branch.eval()
            yield branch[-1](hidden), branch[-1].weight, branch[-1].bias


def letterboxed(predictor, image):
    """What the network sees, HWC RGB uint8."""
    tensor = predictor.preprocess([image[..., ::-1]])
    return (tensor[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


def tensor_of(pixels):
    return torch.from_numpy(pixels.transpose(2, 0, 1).astype(np.float32) / 255)[None]


def yolo(out, name, architecture, task, int8=False, nms=False):
    torch.manual_seed(0)
    model = YOLO(with_classes(architecture), task=task)
    square = torch.cat([tensor_of(i[:150, :150].copy()) for i in images(5) if min(i.shape[:2]) >= 150])
    square = torch.nn.functional.interpolate(square, (SIZE, SIZE))
    calibrate(model, square, yolo_heads, 0.01)
    case = Case(out, name, LIBRARY, {
        "family": "yolo-rows" if nms else f"yolo-{task}", "labels": NAMES, "size": [SIZE, SIZE],
        "threshold": CONF, "nmsIou": IOU,
    })
    options = {"nms": True, "conf": CONF, "iou": IOU} if nms else {}
    exported = model.export(format="onnx", imgsz=SIZE, simplify=False, opset=17, verbose=False, **options)
    shutil.move(exported, case.onnx)
    # the exported graph runs in the library's own pipeline: one set of numbers, two pipelines
    reference = YOLO(str(case.onnx), task=task)
    feeds = []
    for image in images():
        result = reference.predict(image[..., ::-1], conf=CONF, iou=IOU, imgsz=SIZE, max_det=3000, rect=False, verbose=False)[0]
        pixels = letterboxed(reference.predictor, image)
        feeds.append(tensor_of(pixels).numpy())
        findings = []
        for k, (box, score, label) in enumerate(zip(result.boxes.xyxy, result.boxes.conf, result.boxes.cls)):
            f = {"class": NAMES[int(label)], "score": float(score), "box": [float(v) for v in box]}
            if result.masks is not None:
                h, w = image.shape[:2]
                gain = min(SIZE / h, SIZE / w)
                scale = (round(w * gain) / w) * (round(h * gain) / h)
                f["areaPx"] = float(result.masks.data[k].sum()) / scale
            findings.append(f)
        case.add(image, pixels, findings)
    case.close()
    if int8:
        quantise(case.onnx, case.dir / "model-int8.onnx", feeds, skip=["/model.22/", "/model.23/"])


def rtdetr(out):
    torch.manual_seed(0)
    model = RTDETR(with_classes("yolov8n-rtdetr.yaml"))
    square = torch.nn.functional.interpolate(tensor_of(images(1)[0]), (SIZE, SIZE)).repeat(2, 1, 1, 1)
    calibrate(model, square, lambda *_: [], 0)
    head = model.model.model[-1].dec_score_head
    for layer in head:
        layer.weight.data.normal_(0, 0.12)
        layer.bias.data.fill_(-2.0)
    case = Case(out, "rtdetr", LIBRARY, {"family": "rtdetr", "labels": NAMES, "size": [SIZE, SIZE], "threshold": CONF})
    shutil.move(model.export(format="onnx", imgsz=SIZE, simplify=False, opset=17, verbose=False), case.onnx)
    reference = RTDETR(str(case.onnx))
    for image in images():
        result = reference.predict(image[..., ::-1], conf=CONF, imgsz=SIZE, max_det=300, verbose=False)[0]
        findings = [
            {"class": NAMES[int(l)], "score": float(s), "box": [float(v) for v in b]}
            for b, s, l in zip(result.boxes.xyxy, result.boxes.conf, result.boxes.cls)
        ]
        case.add(image, letterboxed(reference.predictor, image), findings)
    case.close()


CASES = {
    "yolov8-detect": lambda out: yolo(out, "yolov8-detect", "yolov8n.yaml", "detect", int8=True),
    "yolo11-detect": lambda out: yolo(out, "yolo11-detect", "yolo11n.yaml", "detect"),
    "yolov8-segment": lambda out: yolo(out, "yolov8-segment", "yolov8n-seg.yaml", "segment"),
    "yolo11-segment": lambda out: yolo(out, "yolo11-segment", "yolo11n-seg.yaml", "segment"),
    "yolo26-detect": lambda out: yolo(out, "yolo26-detect", "yolo26n.yaml", "detect"),
    "yolov8-nms": lambda out: yolo(out, "yolov8-nms", "yolov8n.yaml", "detect", nms=True),
    "rtdetr": rtdetr,
}

if __name__ == "__main__":
    for name in sys.argv[2:] or CASES:
        CASES[name](sys.argv[1])
