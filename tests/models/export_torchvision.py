"""Exports of randomly initialised torchvision models with their outputs after torchvision's own transforms.

    python export_torchvision.py OUT [case ...]
"""

import sys

import numpy as np
import torch
from PIL import Image
from torchvision.models import mobilenet_v3_small, resnet18
from torchvision.models.segmentation import deeplabv3_mobilenet_v3_large, lraspp_mobilenet_v3_large
from torchvision.transforms import v2

from drawn import SIZES, draw, images, quantise
from from_torchvision import LIBRARY, MEAN, STD, Only, describe_classes, describe_places, geometry, normalised
from reference import Case

NORMALISE = normalised()


def fit_statistics(net, batch):
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None
    net.train()
    with torch.no_grad():
        net(batch)
    return net.eval()


def export(net, example, file, output, modern=False):
    """`modern`: torch's own defaults, newest operator set, weights beside the model, free batch, height and width."""
    names = {"input_names": ["input"], "output_names": [output]}
    if modern:
        free = torch.export.Dim.DYNAMIC
        torch.onnx.export(net, (torch.cat([example, example]),), file, dynamic_shapes=[{0: free, 2: free, 3: free}], **names)
    else:
        torch.onnx.export(net, example, file, opset_version=17, dynamo=False, **names)


def classify(out, name, make, inside=False, modern=False):
    torch.manual_seed(0)
    labels = ["good", "scratch", "stain"]
    # the two steps of torchvision's ImageClassification preset, at half its size
    place = geometry((112, 112), 128)
    net = Only(make(num_classes=len(labels)))
    prepare = normalised([0, 0, 0], [1, 1, 1]) if inside else NORMALISE
    pictures = [place(Image.fromarray(i)) for i in images()]
    batch = torch.stack([NORMALISE(p) for p in pictures])
    fit_statistics(net, batch)
    with torch.no_grad():
        last = [m for m in net.modules() if isinstance(m, torch.nn.Linear)][-1]
        logits = net(batch)
        last.weight /= logits.std(0)[:, None]
        last.bias.copy_((last.bias - logits.mean(0)) / logits.std(0))
    if inside:
        net = torch.nn.Sequential(v2.Normalize(MEAN, STD), net).eval()
    case = Case(out, name, LIBRARY)
    export(net, prepare(pictures[0])[None], case.onnx, "logits", modern)
    describe_classes(case, net, labels, images(), place, prepare, {
        "size": [112, 112], "resize": 128, "threshold": 0.5,
    } | ({"mean": [0, 0, 0], "std": [255, 255, 255]} if inside else {}))
    return case, batch


def segment(out, name, make):
    torch.manual_seed(0)
    labels = ["background", "scratch", "stain"]
    size = 128
    place = geometry((size, size))
    net = Only(make(weights=None, weights_backbone=None, num_classes=len(labels)))
    fit_statistics(net, torch.stack([NORMALISE(place(Image.fromarray(i))) for i in images()]))

    def probabilities(picture):
        with torch.no_grad():
            return net(NORMALISE(picture)[None]).softmax(1)[0].numpy()

    def decided(size, seed):
        """The first image from `seed` on with no place where two classes are equal but for the last digits."""
        image = draw(*size, seed)
        best, second = np.sort(probabilities(place(Image.fromarray(image))), axis=0)[:-3:-1]
        return image if (best - second).min() > 1e-5 else decided(size, seed + 100)

    shown = [decided(s, 100 + n) for n, s in enumerate(SIZES)]
    case = Case(out, name, LIBRARY)
    export(net, NORMALISE(place(Image.fromarray(shown[0])))[None], case.onnx, "out")
    arguments = {"size": [size, size], "threshold": 0.0, "background": "background"}
    describe_places(case, net, labels, shown, place, NORMALISE, arguments)


def classify_int8(out, name, make):
    case, batch = classify(out, name, make)
    quantise(case.onnx, case.dir / "model-int8.onnx", [b[None].numpy() for b in batch])


CASES = {
    "mobilenet-classify": lambda out: classify(out, "mobilenet-classify", mobilenet_v3_small),
    "mobilenet-inside": lambda out: classify(out, "mobilenet-inside", mobilenet_v3_small, inside=True),
    "resnet18-modern": lambda out: classify(out, "resnet18-modern", resnet18, modern=True),
    "resnet18-classify": lambda out: classify_int8(out, "resnet18-classify", resnet18),
    "lraspp-segment": lambda out: segment(out, "lraspp-segment", lraspp_mobilenet_v3_large),
    "deeplabv3-segment": lambda out: segment(out, "deeplabv3-segment", deeplabv3_mobilenet_v3_large),
}

if __name__ == "__main__":
    for name in sys.argv[2:] or CASES:
        CASES[name](sys.argv[1])
