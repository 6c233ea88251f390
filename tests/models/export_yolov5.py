"""Export of a classic YOLOv5 model (head with objectness and anchors), with what the library's own suppression finds.

    python -m venv ENV && ENV/bin/pip install -r requirements.txt yolov5==7.0.14 'setuptools<81'
    ENV/bin/python export_yolov5.py OUT

An environment of its own, since the package wants older libraries than the other exports. Its weights are random
(seed 0), the statistics of its normalisations those of the images; the head is widened until scores differ. The threshold
is one that some 40 findings reach. Nothing is downloaded.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import yaml
import yolov5
from yolov5.models.yolo import Model
from yolov5.utils.augmentations import letterbox
from yolov5.utils.general import non_max_suppression, scale_boxes

from drawn import NAMES, images
from reference import Case

IOU, SIZE, LOWEST, WANTED = 0.45, 160, 0.02, 40
LIBRARY = "yolov5 7.0.14"


def network():
    config = yaml.safe_load((Path(yolov5.__file__).parent / "models/yolov5n.yaml").read_text())
    torch.manual_seed(0)
    model = Model(config, nc=len(NAMES))
    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None
    model.train()
    with torch.no_grad():
        model(torch.cat([feed(image)[1] for image in images()]))
    for conv in model.model[-1].m:
        conv.weight.data.normal_(0, 0.2)
        # boxes of about the size of the anchors, scores low
        conv.weight.data.view(-1, 5 + len(NAMES), *conv.weight.shape[1:])[:, :4] *= 0.02
        conv.bias.data.view(-1, 5 + len(NAMES))[:] = torch.tensor([0.0] * 4 + [-2.0] * (1 + len(NAMES)))
    model.eval()
    model.model[-1].export = True
    return model


def feed(image):
    pixels, ratio, margin = letterbox(image, SIZE, auto=False)
    return pixels, torch.from_numpy(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255), (ratio, margin)


def main(out):
    case = Case(out, "yolov5-detect", LIBRARY)
    torch.onnx.export(network(), feed(images(1)[0])[1], str(case.onnx), opset_version=17, input_names=["images"],
                      output_names=["output0"], dynamo=False)
    session = onnxruntime.InferenceSession(str(case.onnx))

    def find(image, conf):
        pixels, tensor, placed = feed(image)
        raw = torch.from_numpy(session.run(None, {"images": tensor.numpy()})[0])
        rows = non_max_suppression(raw, conf, IOU, max_det=3000)[0]
        rows[:, :4] = scale_boxes((SIZE, SIZE), rows[:, :4], image.shape, placed)
        return pixels, rows

    scores = sorted((float(s) for i in images() for s in find(i, LOWEST)[1][:, 4]), reverse=True)
    place = min(WANTED, len(scores) - 1)
    threshold = round((scores[place - 1] + scores[place]) / 2, 6)
    for image in images():
        pixels, rows = find(image, threshold)
        case.add(image, pixels, [
            {"class": NAMES[int(label)], "score": float(score), "box": [float(v) for v in box]}
            for *box, score, label in rows.tolist()
        ])
    case.close({"family": "yolo-objectness", "labels": NAMES, "size": [SIZE, SIZE], "threshold": threshold, "nmsIou": IOU})


if __name__ == "__main__":
    main(sys.argv[1])
