"""ONNX export of an anomalib model, and what the library makes of images, for `sightline models import`.

    python from_anomalib.py --weights model.ckpt --model Patchcore --images DIR --out NEW_DIR

Takes the checkpoint that Engine.fit writes, with the class of the model, or the .pt of Engine.export. The thresholds are
those that anomalib set with its validation images. Wants `pip install anomalib onnx onnxscript`.
"""

import math
import shutil
from pathlib import Path

import anomalib
import anomalib.models
import numpy as np
import onnx
import torch
from torchvision.transforms import v2

from reference import opened, parser, regions, say_import

LIBRARY = f"anomalib {anomalib.__version__}"


def tensor(image):
    return torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32) / 255)[None]


def geometry(transform):
    """Height and width of the model's input, and the side of the middle that the graph itself cuts out of it, or None."""
    steps = list(transform.transforms) if isinstance(transform, v2.Compose) else [transform]
    resize, *rest = steps
    crops = [s for s in rest if isinstance(s, v2.CenterCrop)]
    others = [s for s in rest if not isinstance(s, (v2.CenterCrop, v2.Normalize))]
    size = getattr(resize, "size", [])
    square = all(len(set(c.size)) == 1 for c in crops)
    if not isinstance(resize, v2.Resize) or len(size) != 2 or others or len(crops) > 1 or (crops and not square):
        raise SystemExit(f"expected the steps Resize((H, W)), CenterCrop(side) or not, Normalize or not; found {transform}")
    return tuple(size), crops[0].size[0] if crops else None


def export(model, case, **options):
    exported = Path(model.to_onnx(case.dir / "export", **options))
    onnx.save(onnx.load(exported), case.onnx)
    shutil.rmtree(case.dir / "export")


def fixed(size):
    """One image of one size: torch.export would make two images at once of anomalib's own default."""
    return {"input_size": size, "opset_version": 18, "dynamic_axes": {}, "dynamic_shapes": None}


def describe(case, model, images):
    post = model.post_processor
    (height, width), crop = geometry(model.pre_processor.transform)
    threshold, image_threshold = float(post.normalized_pixel_threshold), float(post.normalized_image_threshold)
    if math.isnan(threshold) or math.isnan(image_threshold):
        raise SystemExit("the model has no thresholds: expected one that Engine.fit validated with good and bad images")
    for image in images:
        # as Engine.predict does it: transform with antialias (`model(image)` is the export's path, without), network,
        # post-processing; all in float, so the pixels in 8 bits are half a level off
        resized = v2.functional.resize(tensor(image), [height, width], antialias=True)[0]
        pixels = (resized.permute(1, 2, 0).numpy() * 255).round().clip(0, 255).astype(np.uint8)
        with torch.no_grad():
            plain = model.model(model.pre_processor.transform(tensor(image)))
            shown = post(plain)
        if shown.anomaly_map is None or shown.pred_score is None:
            raise SystemExit("expected a model that gives an anomaly map and a score, found one without")
        values = shown.anomaly_map[0].squeeze().numpy()
        scores = {"score": float(shown.pred_score)}
        if post.enable_normalization:
            spread = float(post.image_max - post.image_min)
            scores["unclamped"] = (float(plain.pred_score) - float(post.image_threshold)) / spread + 0.5
        covers = (crop / width, crop / height) if crop else (1, 1)
        found = regions("anomaly", values >= threshold, values, image.shape[1::-1], covers)
        case.add(image, pixels, found, scores)
    case.close({
        "family": "anomalib", "labels": ["anomaly"], "size": [width, height], "threshold": threshold,
        "imageThreshold": image_threshold,
    } | ({"centreCrop": [crop, crop]} if crop else {}))


def network(file, name):
    if file.suffix == ".pt":
        # a file of the one who trained it: whole models are pickled
        return torch.load(file, map_location="cpu", weights_only=False)["model"]
    kind = getattr(anomalib.models, name or "", None)
    if kind is None:
        raise SystemExit(f"{file}: expected --model with a class of anomalib.models, as Patchcore; found {name}")
    try:
        return kind.load_from_checkpoint(file, map_location="cpu")
    except RuntimeError as error:
        raise SystemExit(f"{file}: expected a checkpoint of {name}; {error}") from None


def main():
    p = parser(__doc__)
    p.add_argument("--model", help="class in anomalib.models, where the weights are a checkpoint")
    o = p.parse_args()
    case, images = opened(o, LIBRARY)
    model = network(o.weights, o.model).eval()
    size, _ = geometry(model.pre_processor.transform)
    export(model, case, **fixed(size))
    describe(case, model, images)
    say_import(case)


if __name__ == "__main__":
    main()
