"""Exports of anomalib models with anomalib's own outputs.

    [SIGHTLINE_SAMPLES=DIR] python export_anomalib.py OUT [case ...]

Where DIR holds `casting` (`train|test/ok_front|def_front`), the models are fitted on 24 of its good images and shown three
good and three bad ones; else on drawn images. Backbones and the teacher of EfficientAd are random (seed 0), so nothing is
downloaded; the decoder of Reverse Distillation is trained for STEPS steps, EfficientAd, which takes seconds a step, for 5.
`-raw` leaves the scores as they are (enable_normalization=False), the others are normalised and clamped to 0..1 by
anomalib; `-free` has a free size and its weights beside the model, as `to_onnx` writes them by itself; `-crop` cuts the
middle out inside the graph.
"""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from anomalib.models import EfficientAd, Padim, Patchcore, ReverseDistillation
from anomalib.models.image.reverse_distillation.loss import ReverseDistillationLoss
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor
from PIL import Image
from torchvision.transforms import v2

from drawn import draw
from from_anomalib import LIBRARY, describe, export, fixed, tensor
from reference import Case

SIZE, STEPS = 256, 25
CASTING = Path(os.environ.get("SIGHTLINE_SAMPLES", "")) / "casting"


def transform(normalise, crop):
    steps = [v2.Resize((SIZE, SIZE), antialias=True)]
    if crop:
        steps.append(v2.CenterCrop(crop))
    if normalise:
        steps.append(v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    return v2.Compose(steps)


def drawn(seed):
    """A part without defects: waves and noise only."""
    rng = np.random.default_rng(seed)
    waves = 120 + 40 * np.sin(np.arange(SIZE)[None, :, None] / 9 + np.arange(3))
    return np.clip(waves + rng.normal(0, 4, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)


def casting(part, label, first, count):
    files = sorted((CASTING / part / label).iterdir())[first : first + count]
    return [np.asarray(Image.open(f).convert("RGB")) for f in files]


def good_images():
    return casting("train", "ok_front", 0, 24) if CASTING.is_dir() else [drawn(s) for s in range(24)]


def shown_images():
    """Three without and three with defects."""
    if CASTING.is_dir():
        return casting("test", "ok_front", 0, 3) + casting("test", "def_front", 0, 3)
    return [drawn(s) for s in (50, 51, 52)] + [draw(*size, 100 + n) for n, size in enumerate([(200, 150), (321, 241), (96, 96)])]


def prepared(model):
    return torch.cat([model.pre_processor.transform(tensor(i)) for i in good_images()])


def fit_patchcore(model):
    net = model.model.train()
    net(prepared(model))
    net.subsample_embedding(0.02)


def fit_padim(model):
    net = model.model.train()
    for image in prepared(model):
        net(image[None])
    net.fit()


def steps(net, loss, parameters, batches, rate, count=STEPS):
    optimizer = torch.optim.Adam(parameters, lr=rate)
    for step in range(count):
        optimizer.zero_grad()
        loss(batches[step % len(batches)]).backward()
        optimizer.step()


def fit_efficient_ad(model):
    net = model.model.train()
    batch = prepared(model)
    with torch.no_grad():
        features = net.teacher(batch[:4])
        net.mean_std["mean"].copy_(features.mean((0, 2, 3), keepdim=True))
        net.mean_std["std"].copy_(features.std((0, 2, 3), keepdim=True))
    # the penalty wants everyday images; drawn ones stand for them
    other = torch.cat([model.pre_processor.transform(tensor(draw(SIZE, SIZE, 900 + n))) for n in range(4)])
    trained = [*net.student.parameters(), *net.ae.parameters()]
    steps(net, lambda b: sum(net(b, other[:1])), trained, list(batch.split(1)), 1e-3, 5)
    net.eval()
    with torch.no_grad():
        st, stae = zip(*(net.get_maps(b, normalize=False) for b in batch[:4].split(1)))
        for name, maps in [("st", torch.cat(st)), ("ae", torch.cat(stae))]:
            net.quantiles[f"qa_{name}"].fill_(float(torch.quantile(maps.flatten()[::7], 0.9)))
            net.quantiles[f"qb_{name}"].fill_(float(torch.quantile(maps.flatten()[::7], 0.995)))


def fit_reverse_distillation(model):
    net, loss = model.model.train(), ReverseDistillationLoss()
    trained = [*net.decoder.parameters(), *net.bottleneck.parameters()]
    steps(net, lambda b: loss(*net(b)), trained, list(prepared(model).split(4)), 5e-3)


def run(out, name, make, fit, normalise_input=True, raw=False, crop=None, free=False):
    torch.manual_seed(0)
    post = PostProcessor(enable_normalization=not raw)
    pre = PreProcessor(transform=transform(normalise_input, crop))
    model = make(pre_processor=pre, post_processor=post, visualizer=False, evaluator=False)
    fit(model)
    model.eval()
    shown = shown_images()
    with torch.no_grad():
        plain = [model.model(model.pre_processor.transform(tensor(i))) for i in shown]
    scores = [float(p.pred_score) for p in plain]
    peaks = [float(p.anomaly_map.max()) for p in plain]
    # thresholds between the images without and with defects, as far as the model tells them apart
    post._image_threshold.fill_((sorted(scores)[2] + sorted(scores)[3]) / 2)
    post._pixel_threshold.fill_((sorted(peaks)[2] + sorted(peaks)[3]) / 2)
    # the range of a validation set: the images shown here go beyond it, so that anomalib clamps
    post.image_min.fill_(min(scores))
    post.image_max.fill_(sorted(scores)[-2])
    post.pixel_min.fill_(min(float(p.anomaly_map.min()) for p in plain))
    post.pixel_max.fill_(sorted(peaks)[-2])
    case = Case(out, name, LIBRARY)
    # torch.export would make two images at once of its own default, batch_size
    free_size = ({2: torch.export.Dim("height"), 3: torch.export.Dim("width")},)
    if free:
        exported = model.to_onnx(case.dir / "export", dynamic_shapes=free_size)
        for file in Path(exported).parent.iterdir():
            shutil.move(file, case.dir / file.name)
        shutil.rmtree(case.dir / "export")
    else:
        export(model, case, **fixed((SIZE, SIZE)))
    print(name, "raw scores", [round(s, 4) for s in scores], flush=True)
    describe(case, model, shown)


def patchcore(**k):
    return Patchcore(backbone="resnet18", layers=("layer2", "layer3"), pre_trained=False, **k)


CASES = {
    "patchcore": lambda *a: run(*a, patchcore, fit_patchcore),
    "patchcore-raw": lambda *a: run(*a, patchcore, fit_patchcore, raw=True),
    "patchcore-crop": lambda *a: run(*a, patchcore, fit_patchcore, crop=224),
    "patchcore-free": lambda *a: run(*a, patchcore, fit_patchcore, free=True),
    "padim": lambda *a: run(*a, lambda **k: Padim(backbone="resnet18", n_features=20, pre_trained=False, **k), fit_padim),
    "efficient-ad": lambda *a: run(*a, lambda **k: EfficientAd(**k), fit_efficient_ad, normalise_input=False),
    "reverse-distillation": lambda *a: run(
        *a, lambda **k: ReverseDistillation(backbone="resnet18", pre_trained=False, **k), fit_reverse_distillation
    ),
}

if __name__ == "__main__":
    for name in sys.argv[2:] or CASES:
        CASES[name](sys.argv[1], name)
