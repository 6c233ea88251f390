"""Weights as users have them, of untrained models whose outputs are spread, and images for the programs of models/export.

    python weights.py OUT ultralytics|torchvision|anomalib
"""

import sys
from pathlib import Path

import torch
from PIL import Image

from drawn import images


def ultralytics(out):
    from export_torchvision import fit_statistics
    from export_ultralytics import with_classes
    from torchvision.transforms import v2
    from ultralytics import YOLO

    for file, name, task in [("detect", "yolo11n", "detect"), ("segment", "yolov8n-seg", "segment"), ("classify", "yolov8n-cls", "classify")]:
        torch.manual_seed(0)
        model = YOLO(with_classes(f"{name}.yaml"), task=task)
        fit_statistics(model.model, torch.stack([v2.functional.pil_to_tensor(Image.fromarray(i).resize((96, 96))) / 255 for i in images()]))
        head = model.model.model[-1]
        for last in [head.linear] if task == "classify" else [branch[-1] for branch in head.cv3]:
            last.weight.data.normal_(0, 0.12)
            last.bias.data.fill_(-2.5)
        model.ckpt = {"train_args": {"imgsz": 96, "task": task, "model": name}}
        model.save(out / f"{file}.pt")


def torchvision(out):
    from torchvision.models import googlenet, resnet18
    from torchvision.models.segmentation import lraspp_mobilenet_v3_large

    torch.manual_seed(0)
    torch.save(resnet18(num_classes=3).state_dict(), out / "classify.pth")
    # as one that began with the library's weights
    scaling = googlenet(weights=None, num_classes=3, init_weights=False, aux_logits=False, transform_input=True)
    torch.save(scaling.state_dict(), out / "scaling.pth")
    torch.save(lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3), out / "segment.pth")


def anomalib(out):
    from anomalib.models import Padim
    from export_anomalib import drawn, fit_padim, tensor
    from lightning import Trainer

    torch.manual_seed(0)
    model = Padim(backbone="resnet18", n_features=20, pre_trained=False, visualizer=False, evaluator=False)
    fit_padim(model)
    model.eval()
    with torch.no_grad():
        good, bad = (model.model(model.pre_processor.transform(tensor(i))) for i in (drawn(50), images(1)[0]))
    # what a validation would have set
    post = model.post_processor
    post.image_min.copy_(good.pred_score.min())
    post.image_max.copy_(bad.pred_score.max())
    post._image_threshold.copy_((post.image_min + post.image_max) / 2)
    post.pixel_min.copy_(good.anomaly_map.min())
    post.pixel_max.copy_(bad.anomaly_map.max())
    post._pixel_threshold.copy_((good.anomaly_map.max() + post.pixel_max) / 2)
    trainer = Trainer(logger=False, barebones=False, accelerator="cpu", default_root_dir=out)
    trainer.strategy.connect(model)
    trainer.save_checkpoint(out / "map.ckpt")


if __name__ == "__main__":
    out = Path(sys.argv[1])
    (out / "images").mkdir(parents=True, exist_ok=True)
    for n, image in enumerate(images()):
        Image.fromarray(image).save(out / "images" / f"{n}.png")
    {"ultralytics": ultralytics, "torchvision": torchvision, "anomalib": anomalib}[sys.argv[2]](out)
