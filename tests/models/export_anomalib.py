"""Exports of anomalib models, fitted in seconds on drawn images over random backbones, with anomalib's own outputs.

    python export_anomalib.py OUT [case ...]

Backbones are random (seed 0), so nothing is downloaded; EfficientAd keeps a random teacher. `-raw` cases leave the
scores as they are (enable_normalization=False), the others are normalised and clamped to 0..1 by anomalib.
"""

import sys

import anomalib
import numpy as np
import onnx
import torch
from anomalib.data import InferenceBatch
from anomalib.models import EfficientAd, Padim, Patchcore, ReverseDistillation
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor
from PIL import Image
from scipy import ndimage
from torchvision.transforms import v2

from reference import Case, draw, images

LIBRARY = f"anomalib {anomalib.__version__}"
SIZE = 256


def transform(normalise):
    steps = [v2.Resize((SIZE, SIZE), antialias=True)]
    if normalise:
        steps.append(v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    return v2.Compose(steps)


def good(seed):
    """The part without defects: shading and noise only."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    image = np.stack([120 + 40 * np.sin(x / 9 + c) for c in range(3)], -1) + rng.normal(0, 4, (SIZE, SIZE, 3)) + y[..., None] * 0
    return np.clip(image, 0, 255).astype(np.uint8)


def tensor(image):
    return torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32) / 255)[None]


def prepared(model, seeds):
    return torch.cat([model.pre_processor.transform(tensor(good(s))) for s in seeds])


def fit_patchcore(model):
    net = model.model.train()
    net(prepared(model, range(8)))
    net.subsample_embedding(0.05)


def fit_padim(model):
    net = model.model.train()
    for s in range(24):
        net(prepared(model, [s]))
    net.fit()


def fit_efficient_ad(model):
    net = model.model
    batch = prepared(model, range(8))
    with torch.no_grad():
        features = net.teacher(batch)
        net.mean_std["mean"].copy_(features.mean((0, 2, 3), keepdim=True))
        net.mean_std["std"].copy_(features.std((0, 2, 3), keepdim=True))
        net.quantiles["qb_st"].fill_(1.0)
        net.quantiles["qb_ae"].fill_(1.0)


def fit_reverse_distillation(model):
    net = model.model.train()
    with torch.no_grad():
        net(prepared(model, range(8)))


def run(out, name, make, fit, normalise_input=True, raw=False):
    torch.manual_seed(0)
    post = PostProcessor(enable_normalization=not raw)
    model = make(pre_processor=PreProcessor(transform=transform(normalise_input)), post_processor=post, visualizer=False, evaluator=False)
    fit(model)
    model.eval()
    shown = [good(50), good(51)] + images(4)
    with torch.no_grad():
        plain = [model.model(model.pre_processor.transform(tensor(i))) for i in shown]
    scores = torch.tensor([float(p.pred_score) for p in plain])
    peaks = [float(p.anomaly_map.max()) for p in plain]
    # a threshold between the parts without and with shapes, as F1AdaptiveThreshold would learn
    post._image_threshold.fill_(float(scores.sort().values[1:3].mean()))
    post._pixel_threshold.fill_(sorted(peaks)[1] * 0.5 + sorted(peaks)[2] * 0.5)
    post.image_min.fill_(float(scores.min()))
    post.image_max.fill_(float(scores.max()))
    post.pixel_min.fill_(min(float(p.anomaly_map.min()) for p in plain))
    post.pixel_max.fill_(max(peaks))
    image_threshold = float(post.normalized_image_threshold)
    pixel_threshold = float(post.normalized_pixel_threshold)
    case = Case(out, name, LIBRARY, {
        "family": "anomalib", "labels": ["anomaly"], "size": [SIZE, SIZE],
        "threshold": pixel_threshold, "imageThreshold": image_threshold,
    })
    exported = model.to_onnx(case.dir / "export", input_size=(SIZE, SIZE), opset_version=18, dynamic_axes={}, dynamic_shapes=None)
    # the exporter puts weights beside the model; a package holds them inside
    onnx.save(onnx.load(exported), case.onnx)
    for extra in sorted((case.dir / "export").rglob("*"), reverse=True):
        extra.unlink() if extra.is_file() else extra.rmdir()
    for image in shown:
        with torch.no_grad():
            batch: InferenceBatch = model(tensor(image))
        # the score is of anomalib's own path, which resizes floats; the map of the same pixels in 8 bits
        resized = v2.functional.resize(tensor(image), [SIZE, SIZE], antialias=True)[0]
        pixels = (resized.permute(1, 2, 0).numpy() * 255).round().clip(0, 255).astype(np.uint8)
        h, w = image.shape[:2]
        with torch.no_grad():
            values = model(tensor(pixels)).anomaly_map[0].squeeze().numpy()
        regions, _ = ndimage.label(values >= pixel_threshold, structure=np.ones((3, 3)))
        findings = []
        for r, (rows, columns) in enumerate(ndimage.find_objects(regions)):
            inside = regions == r + 1
            findings.append({
                "class": "anomaly", "score": float(values[inside].max()), "areaPx": float(inside.sum()) * w * h / SIZE**2,
                "box": [columns.start * w / SIZE, rows.start * h / SIZE, columns.stop * w / SIZE, rows.stop * h / SIZE],
            })
        case.add(image, pixels, findings, {"score": float(batch.pred_score)})
    case.close()


CASES = {
    "patchcore": lambda out: run(out, "patchcore", lambda **k: Patchcore(backbone="resnet18", layers=("layer2", "layer3"), pre_trained=False, **k), fit_patchcore),
    "patchcore-raw": lambda out: run(out, "patchcore-raw", lambda **k: Patchcore(backbone="resnet18", layers=("layer2", "layer3"), pre_trained=False, **k), fit_patchcore, raw=True),
    "padim": lambda out: run(out, "padim", lambda **k: Padim(backbone="resnet18", n_features=20, pre_trained=False, **k), fit_padim),
    "efficient-ad": lambda out: run(out, "efficient-ad", lambda **k: EfficientAd(**k), fit_efficient_ad, normalise_input=False),
    "reverse-distillation": lambda out: run(out, "reverse-distillation", lambda **k: ReverseDistillation(backbone="resnet18", pre_trained=False, **k), fit_reverse_distillation),
}

if __name__ == "__main__":
    for name in sys.argv[2:] or CASES:
        CASES[name](sys.argv[1])
