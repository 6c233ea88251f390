"""Exports of randomly initialised torchvision models with their outputs after torchvision's own transforms.

    python export_torchvision.py OUT [case ...]
"""

import sys

import numpy as np
import torch
import torchvision
from PIL import Image
from scipy import ndimage
from torchvision.models import mobilenet_v3_small, resnet18
from torchvision.models.segmentation import deeplabv3_mobilenet_v3_large, lraspp_mobilenet_v3_large
from torchvision.transforms import v2

from reference import Case, images, quantise

LIBRARY = f"torchvision {torchvision.__version__}"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
NORMALISE = v2.Compose([v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])


class Only(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        y = self.net(x)
        return y["out"] if isinstance(y, dict) else y


def fit_statistics(net, batch):
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None
    net.train()
    with torch.no_grad():
        net(batch)
    return net.eval()


def export(net, example, file, output):
    torch.onnx.export(
        net, example, file, input_names=["input"], output_names=[output], opset_version=17, dynamo=False
    )


def classify(out, name, make):
    torch.manual_seed(0)
    labels = ["good", "scratch", "stain"]
    # the two steps of torchvision's ImageClassification preset, at half its size
    geometry = v2.Compose([v2.Resize(128, antialias=True), v2.CenterCrop(112)])
    net = Only(make(num_classes=len(labels)))
    pictures = [geometry(Image.fromarray(i)) for i in images()]
    batch = torch.stack([NORMALISE(p) for p in pictures])
    fit_statistics(net, batch)
    with torch.no_grad():
        last = [m for m in net.modules() if isinstance(m, torch.nn.Linear)][-1]
        logits = net(batch)
        last.weight /= logits.std(0)[:, None]
        last.bias.copy_((last.bias - logits.mean(0)) / logits.std(0))
    case = Case(out, name, LIBRARY, {
        "family": "torchvision-classify", "labels": labels, "size": [112, 112], "resize": 128, "threshold": 0.5,
    })
    export(net, batch[:1], case.onnx, "logits")
    for image, picture in zip(images(), pictures):
        with torch.no_grad():
            p = net(NORMALISE(picture)[None]).softmax(1)[0]
        h, w = image.shape[:2]
        findings = [
            {"class": l, "score": float(s), "box": [0, 0, w, h], "areaPx": w * h} for l, s in zip(labels, p) if s >= 0.5
        ]
        case.add(image, np.asarray(picture), findings, {l: float(s) for l, s in zip(labels, p)})
    case.close()
    return case, batch


def segment(out, name, make):
    torch.manual_seed(0)
    labels = ["background", "scratch", "stain"]
    size = 128
    geometry = v2.Resize([size, size], antialias=True)
    net = Only(make(weights=None, weights_backbone=None, num_classes=len(labels)))
    pictures = [geometry(Image.fromarray(i)) for i in images()]
    batch = torch.stack([NORMALISE(p) for p in pictures])
    fit_statistics(net, batch)
    case = Case(out, name, LIBRARY, {
        "family": "torchvision-segment", "labels": labels, "size": [size, size], "threshold": 0.0, "background": "background",
    })
    export(net, batch[:1], case.onnx, "out")
    for image, picture in zip(images(), pictures):
        with torch.no_grad():
            p = net(NORMALISE(picture)[None]).softmax(1)[0].numpy()
        winner = p.argmax(0)
        h, w = image.shape[:2]
        findings, scores = [], {}
        for c, label in enumerate(labels):
            scores[f"{label}.areaPx"] = float((winner == c).sum()) * w * h / size**2
            if label == "background":
                continue
            regions, count = ndimage.label(winner == c, structure=np.ones((3, 3)))
            for r, (rows, columns) in enumerate(ndimage.find_objects(regions)):
                inside = regions == r + 1
                findings.append({
                    "class": label, "score": float(p[c][inside].max()), "areaPx": float(inside.sum()) * w * h / size**2,
                    "box": [columns.start * w / size, rows.start * h / size, columns.stop * w / size, rows.stop * h / size],
                })
        case.add(image, np.asarray(picture), findings, scores)
    case.close()


def classify_int8(out, name, make):
    case, batch = classify(out, name, make)
    quantise(case.onnx, case.dir / "model-int8.onnx", [b[None].numpy() for b in batch])


CASES = {
    "mobilenet-classify": lambda out: classify(out, "mobilenet-classify", mobilenet_v3_small),
    "resnet18-classify": lambda out: classify_int8(out, "resnet18-classify", resnet18),
    "lraspp-segment": lambda out: segment(out, "lraspp-segment", lraspp_mobilenet_v3_large),
    "deeplabv3-segment": lambda out: segment(out, "deeplabv3-segment", deeplabv3_mobilenet_v3_large),
}

if __name__ == "__main__":
    for name in sys.argv[2:] or CASES:
        CASES[name](sys.argv[1])
