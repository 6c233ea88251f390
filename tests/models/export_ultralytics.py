"""Exports of Ultralytics models, trained for a minute on drawn shapes, with what the library's own predictors find.

    python export_ultralytics.py OUT [case ...]

Every variant of an architecture is an export of one training, whose weights stay in OUT/.weights. So short a training
leaves low scores: the threshold of each case is one that some 40 findings reach. RT-DETR learns too slowly for that: its
weights are random (seed 0) and its class logits scaled. Nothing is downloaded.
"""

import functools
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
import ultralytics
import yaml
from PIL import Image
from ultralytics import RTDETR, YOLO
from ultralytics.nn.tasks import yaml_model_load

from reference import NAMES, Case, draw_shapes, images, quantise, with_half_io
from shapes import write_shapes

IOU, SIZE, EPOCHS = 0.7, 160, 24
# the lowest threshold looked at, and how many findings the chosen one lets through
LOWEST, WANTED = 0.02, 40
LIBRARY = f"ultralytics {ultralytics.__version__}"


def with_classes(name):
    """The library's architecture file for our number of classes, in a temporary folder."""
    config = yaml_model_load(name) | {"nc": len(NAMES), "names": dict(enumerate(NAMES))}
    file = Path(tempfile.mkdtemp()) / name
    file.write_text(yaml.safe_dump({k: v for k, v in config.items() if k != "yaml_file"}))
    return str(file)


@functools.cache
def data_file():
    return write_shapes(tempfile.mkdtemp(), 128)


def trained(out, architecture, task):
    """Path of the weights after a short training on one thread."""
    kept = Path(out) / ".weights" / architecture.replace(".yaml", ".pt")
    if kept.exists():
        return str(kept)
    torch.manual_seed(0)
    model = YOLO(with_classes(architecture), task=task)
    model.train(
        data=data_file(), epochs=EPOCHS, imgsz=SIZE, batch=16, device="cpu", workers=0, seed=0, amp=False, plots=False,
        val=False, optimizer="AdamW", lr0=0.003, warmup_epochs=1, mosaic=0.0, project=tempfile.mkdtemp(), verbose=False,
    )
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(model.trainer.last, kept)
    return str(kept)


def threshold_for(find):
    """A score that WANTED findings of all images reach; between two scores, so that it is none."""
    scores = sorted((float(s) for i in images() for s in find(i, LOWEST).boxes.conf), reverse=True)
    place = min(WANTED, len(scores) - 1)
    return min(0.9, round((scores[place - 1] + scores[place]) / 2, 6))


def seen(predictor, image):
    """What the network sees, HWC RGB uint8."""
    tensor = predictor.preprocess([image[..., ::-1]])
    return (tensor[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


def area_scale(image, size):
    """px of the model input for one px² of the image."""
    (h, w), (height, width) = image.shape[:2], size
    gain = min(height / h, width / w)
    return (round(w * gain) / w) * (round(h * gain) / h)


def yolo(out, name, architecture, task, family=None, size=(SIZE, SIZE), int8=False, half=False, **options):
    """`size`: height, width. `options` go to the library's export; `half`: float16 input and outputs, too."""
    model = YOLO(trained(out, architecture, task))
    case = Case(out, name, LIBRARY)
    exported = model.export(**{"format": "onnx", "imgsz": list(size), "simplify": False, "opset": 17, "verbose": False} | options)
    shutil.move(exported, case.onnx)
    # the exported graph runs in the library's own pipeline: one set of numbers, two pipelines
    reference = YOLO(str(case.onnx), task=task)

    def find(image, conf):
        return reference.predict(image[..., ::-1], conf=conf, iou=IOU, imgsz=list(size), max_det=3000, rect=False, verbose=False)[0]

    threshold = threshold_for(find)
    feeds = []
    for image in images():
        result = find(image, threshold)
        pixels = seen(reference.predictor, image)
        feeds.append(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        findings = []
        for k, (box, score, label) in enumerate(zip(result.boxes.xyxy, result.boxes.conf, result.boxes.cls)):
            f = {"class": NAMES[int(label)], "score": float(score), "box": [float(v) for v in box]}
            if result.masks is not None:
                f["areaPx"] = float(result.masks.data[k].sum()) / area_scale(image, size)
            findings.append(f)
        case.add(image, pixels, findings)
    case.close({
        "family": family or f"yolo-{task}", "labels": NAMES, "size": [size[1], size[0]], "threshold": threshold, "nmsIou": IOU,
    })
    if half:
        onnx.save(with_half_io(onnx.load(case.onnx)), case.onnx)
    if int8:
        quantise(case.onnx, case.dir / "model-int8.onnx", feeds, skip=["/model.22/", "/model.23/"])


def write_classes(root, count=60):
    """A folder per class of images with one shape each."""
    root = Path(root)
    for n in range(count):
        image, [(kind, *_)] = draw_shapes(96, 96, 5000 + n, 1)
        folder = root / ("train" if n % 6 else "val") / NAMES[kind]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{n}.png")
    return str(root)


def classify(out, name, size=64):
    """The graph ends with a softmax; the library cuts the middle out as torchvision does."""
    torch.manual_seed(0)
    model = YOLO(with_classes("yolov8n-cls.yaml"), task="classify")
    model.train(
        data=write_classes(tempfile.mkdtemp()), epochs=EPOCHS, imgsz=size, batch=16, device="cpu", workers=0, seed=0, amp=False,
        plots=False, val=False, optimizer="AdamW", lr0=0.003, warmup_epochs=1, project=tempfile.mkdtemp(), verbose=False,
    )
    case = Case(out, name, LIBRARY)
    model = YOLO(model.trainer.last)
    shutil.move(model.export(format="onnx", imgsz=size, simplify=False, opset=17, verbose=False), case.onnx)
    reference = YOLO(str(case.onnx), task="classify")
    for image in images():
        p = reference.predict(image[..., ::-1], imgsz=size, verbose=False)[0].probs.data.tolist()
        h, w = image.shape[:2]
        findings = [{"class": l, "score": s, "box": [0, 0, w, h], "areaPx": w * h} for l, s in zip(reference.names.values(), p) if s >= 0.5]
        case.add(image, seen(reference.predictor, image), findings, dict(zip(reference.names.values(), p)))
    case.close({"family": "yolo-classify", "labels": list(reference.names.values()), "size": [size, size], "threshold": 0.5})


def rtdetr(out, name="rtdetr"):
    torch.manual_seed(0)
    model = RTDETR(with_classes("yolov8n-rtdetr.yaml"))
    net = model.model
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None
    # batch statistics of the layers before the decoder, which needs labels to train
    batch = torch.from_numpy(images(1)[0].transpose(2, 0, 1).astype(np.float32) / 255)[None]
    x, saved = torch.nn.functional.interpolate(batch, (SIZE, SIZE)).repeat(2, 1, 1, 1), []
    net.train()
    with torch.no_grad():
        for layer in net.model[:-1]:
            if layer.f != -1:
                x = saved[layer.f] if isinstance(layer.f, int) else [x if j == -1 else saved[j] for j in layer.f]
            x = layer(x)
            saved.append(x)
    net.eval()
    for layer in net.model[-1].dec_score_head:
        layer.weight.data.normal_(0, 0.12)
        layer.bias.data.fill_(-2.0)
    case = Case(out, name, LIBRARY)
    shutil.move(model.export(format="onnx", imgsz=SIZE, simplify=False, opset=17, verbose=False), case.onnx)
    reference = RTDETR(str(case.onnx))

    def find(image, conf):
        return reference.predict(image[..., ::-1], conf=conf, imgsz=SIZE, max_det=300, verbose=False)[0]

    threshold = threshold_for(find)
    for image in images():
        result = find(image, threshold)
        findings = [
            {"class": NAMES[int(l)], "score": float(s), "box": [float(v) for v in b]}
            for b, s, l in zip(result.boxes.xyxy, result.boxes.conf, result.boxes.cls)
        ]
        case.add(image, seen(reference.predictor, image), findings)
    case.close({"family": "rtdetr", "labels": NAMES, "size": [SIZE, SIZE], "threshold": threshold})


V8, V11, V26 = ("yolov8n.yaml", "detect"), ("yolo11n.yaml", "detect"), ("yolo26n.yaml", "detect")
NMS = {"family": "yolo-rows", "nms": True, "conf": LOWEST, "iou": IOU}

CASES = {
    "yolov8-detect": lambda *a: yolo(*a, *V8, int8=True),
    "yolov8-dynamic": lambda *a: yolo(*a, *V8, dynamic=True, opset=20),
    "yolov8-opset12": lambda *a: yolo(*a, *V8, opset=12),
    "yolov8-wide": lambda *a: yolo(*a, *V8, size=(96, 160)),
    "yolov8-half": lambda *a: yolo(*a, *V8, quantize=16, half=True),
    "yolov8-nms": lambda *a: yolo(*a, *V8, **NMS),
    "yolov8-segment": lambda *a: yolo(*a, "yolov8n-seg.yaml", "segment"),
    "yolo11-detect": lambda *a: yolo(*a, *V11),
    "yolo11-segment": lambda *a: yolo(*a, "yolo11n-seg.yaml", "segment"),
    "yolo26-detect": lambda *a: yolo(*a, *V26),
    "yolo26-end2end": lambda *a: yolo(*a, *V26, family="yolo-rows", nms=False),
    "yolov8-classify": classify,
    "rtdetr": rtdetr,
}

if __name__ == "__main__":
    for name in sys.argv[2:] or CASES:
        CASES[name](sys.argv[1], name)
