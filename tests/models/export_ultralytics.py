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
import yaml
from PIL import Image
from ultralytics import RTDETR, YOLO
from ultralytics.nn.tasks import yaml_model_load

from drawn import NAMES, draw_shapes, images, quantise, with_half_io
from from_ultralytics import IOU, LIBRARY, describe, export, find
from reference import Case
from shapes import write_shapes

SIZE, EPOCHS = 160, 24
# the lowest threshold looked at, and how many findings the chosen one lets through
LOWEST, WANTED = 0.02, 40


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


def threshold_for(model, size):
    """A score that WANTED findings of all images reach; between two scores, so that it is none."""
    scores = sorted((float(s) for i in images() for s in find(model, i, LOWEST, size).boxes.conf), reverse=True)
    place = min(WANTED, len(scores) - 1)
    return min(0.9, round((scores[place - 1] + scores[place]) / 2, 6))


def yolo(out, name, architecture, task, family=None, size=(SIZE, SIZE), int8=False, half=False, **options):
    """`size`: width, height. `options` go to the library's export; `half`: float16 input and outputs, too."""
    model = YOLO(trained(out, architecture, task))
    case = Case(out, name, LIBRARY)
    export(model, case, size, **options)
    # the exported graph runs in the library's own pipeline: one set of numbers, two pipelines
    reference = YOLO(str(case.onnx), task=task)
    describe(case, reference, family or f"yolo-{task}", images(), size, threshold_for(reference, size))
    if half:
        onnx.save(with_half_io(onnx.load(case.onnx)), case.onnx)
    if int8:
        pixels = [np.fromfile(case.dir / i["input"], np.uint8).reshape(1, size[1], size[0], 3) for i in case.items]
        feeds = [p.transpose(0, 3, 1, 2).astype(np.float32) / 255 for p in pixels]
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
    export(model, case, (size, size))
    describe(case, YOLO(str(case.onnx), task="classify"), "yolo-classify", images(), (size, size), 0.5)


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
    export(model, case, (SIZE, SIZE))
    reference = RTDETR(str(case.onnx))
    describe(case, reference, "rtdetr", images(), (SIZE, SIZE), threshold_for(reference, (SIZE, SIZE)))


V8, V11, V26 = ("yolov8n.yaml", "detect"), ("yolo11n.yaml", "detect"), ("yolo26n.yaml", "detect")
NMS = {"family": "yolo-rows", "nms": True, "conf": LOWEST, "iou": IOU}

CASES = {
    "yolov8-detect": lambda *a: yolo(*a, *V8, int8=True),
    "yolov8-dynamic": lambda *a: yolo(*a, *V8, dynamic=True, opset=20),
    "yolov8-opset12": lambda *a: yolo(*a, *V8, opset=12),
    "yolov8-wide": lambda *a: yolo(*a, *V8, size=(160, 96)),
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
