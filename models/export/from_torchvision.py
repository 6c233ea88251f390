"""ONNX export of a torchvision classifier or segmentation, and what it makes of images, for `sightline models import`.

    python from_torchvision.py --weights FILE --labels good,crack,stain --images DIR --out NEW_DIR

FILE is of torch.save(model, FILE), or of torch.save(model.state_dict(), FILE) with --model NAME. Give the steps that
the model was trained with: --resize 256 --size 224 for Resize(256) and CenterCrop(224), --size 224 alone for
Resize((224, 224)), --mean and --std of Normalize (those of ImageNet by default). Wants `pip install torchvision onnx`.
"""

import inspect

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision.transforms import InterpolationMode, v2

from reference import classes, opened, parser, regions, say_import, sides

LIBRARY = f"torchvision {torchvision.__version__}"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class Only(torch.nn.Module):
    """The one output of `net`."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        y = self.net(x)
        return y["out"] if isinstance(y, dict) else y


def normalised(mean=MEAN, std=STD):
    return v2.Compose([v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])


def geometry(size, resize=None, bicubic=False):
    """`size`: width, height; `resize`: the shorter side before the middle is cut out, else both sides are given."""
    how = {"interpolation": InterpolationMode.BICUBIC if bicubic else InterpolationMode.BILINEAR, "antialias": True}
    both = [size[1], size[0]]
    return v2.Resize(both, **how) if resize is None else v2.Compose([v2.Resize(resize, **how), v2.CenterCrop(both)])


def describe_classes(case, net, labels, images, place, prepare, arguments):
    for image in images:
        picture = place(Image.fromarray(image))
        with torch.no_grad():
            p = net(prepare(picture)[None]).softmax(1)[0]
        scores = {l: float(s) for l, s in zip(labels, p)}
        case.add(image, np.asarray(picture), classes(image, scores, arguments["threshold"]), scores)
    case.close({"family": "torchvision-classify", "labels": labels} | arguments)


def describe_places(case, net, labels, images, place, prepare, arguments):
    for image in images:
        picture = place(Image.fromarray(image))
        with torch.no_grad():
            p = net(prepare(picture)[None]).softmax(1)[0].numpy()
        winner = p.argmax(0)
        h, w = image.shape[:2]
        findings, scores = [], {}
        for c, label in enumerate(labels):
            scores[f"{label}.areaPx"] = float((winner == c).sum()) * w * h / winner.size
            if label != arguments.get("background"):
                findings += regions(label, winner == c, p[c], (w, h))
        case.add(image, np.asarray(picture), findings, scores)
    case.close({"family": "torchvision-segment", "labels": labels} | arguments)


def network(file, name, count):
    # a file of the one who trained it: whole models are pickled
    saved = torch.load(file, map_location="cpu", weights_only=False)
    if isinstance(saved, torch.nn.Module):
        return saved.eval()
    weights = next((saved[k] for k in ("model", "state_dict", "model_state_dict") if k in saved), saved)
    if name is None:
        raise SystemExit(f"{file}: holds weights without their model: expected --model NAME, as resnet18")
    if name not in torchvision.models.list_models():
        raise SystemExit(f"--model: expected one of {', '.join(torchvision.models.list_models())}; found {name}")
    taken = inspect.signature(torchvision.models.get_model_builder(name)).parameters
    given = {"weights_backbone": None, "aux_loss": any(k.startswith("aux_classifier.") for k in weights)}
    net = torchvision.models.get_model(name, weights=None, num_classes=count, **{k: v for k, v in given.items() if k in taken})
    if hasattr(net, "transform_input"):
        # it scales its inputs itself where it began with the library's weights: export and reference would agree without
        raise SystemExit(f"{file}: weights of {name} do not say whether it had transform_input; expected the whole model, torch.save(model, FILE)")
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise SystemExit(f"{file}: expected weights of {name} with {count} labels; {error}") from None
    return net.eval()


def main():
    numbers = lambda text: [float(v) for v in text.split(",")]
    p = parser(__doc__)
    p.add_argument("--labels", required=True, help="classes in the order of the outputs, A,B,...; ImageFolder sorts by name")
    p.add_argument("--model", help="name in torchvision, where FILE is a state_dict")
    p.add_argument("--size", type=sides, default=(224, 224), help="SIDE or WIDTHxHEIGHT of the model's input, 224 by default")
    p.add_argument("--resize", type=int, help="shorter side before the middle of --size is cut out; none: both sides are scaled")
    p.add_argument("--bicubic", action="store_true", help="where the model was trained with InterpolationMode.BICUBIC")
    p.add_argument("--mean", type=numbers, default=MEAN, help="R,G,B in 0..1")
    p.add_argument("--std", type=numbers, default=STD, help="R,G,B in 0..1")
    p.add_argument("--threshold", type=float, help="score from which a class or place is a finding: 0.5 and 0 by default")
    p.add_argument("--background", help="segmentation: the label that is no finding, the first by default")
    o = p.parse_args()
    labels = o.labels.split(",")
    case, images = opened(o, LIBRARY)
    net = network(o.weights, o.model, len(labels))
    example = torch.zeros(1, 3, o.size[1], o.size[0])
    with torch.no_grad():
        y = net(example)
    if isinstance(y, (list, tuple)):
        raise SystemExit(f"{o.weights}: expected a classifier or segmentation; detectors of torchvision are not taken")
    net = Only(net).eval()
    with torch.no_grad():
        y = net(example)
    if y.ndim not in (2, 4) or y.shape[1] != len(labels):
        raise SystemExit(f"{o.weights}: expected outputs of {len(labels)} labels, found {list(y.shape)}")
    places = y.ndim == 4
    if places and (o.resize is not None or len(labels) == 1):
        raise SystemExit("a segmentation has two labels or more, and both sides of its images are scaled: no --resize")
    torch.onnx.export(net, example, str(case.onnx), opset_version=17, dynamo=False, input_names=["input"], output_names=["scores"])
    arguments = {
        "size": list(o.size), "threshold": o.threshold if o.threshold is not None else 0.0 if places else 0.5,
        "mean": [v * 255 for v in o.mean], "std": [v * 255 for v in o.std],
    }
    if o.bicubic:
        arguments["resample"] = "pillow-bicubic"
    if places:
        arguments["background"] = labels[0] if o.background is None else o.background
    else:
        arguments |= {"fit": "stretch"} if o.resize is None else {"resize": o.resize}
    describe = describe_places if places else describe_classes
    describe(case, net, labels, images, geometry(o.size, o.resize, o.bicubic), normalised(o.mean, o.std), arguments)
    say_import(case)


if __name__ == "__main__":
    main()
