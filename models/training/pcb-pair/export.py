"""Export a checkpoint to ONNX with normalisation, padding and peak picking inside, then verify it."""

import argparse
import copy
import os
import time

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model import CLASSES, MULTIPLE, PairNet, decode
from register import Register

TOP = 100


def fuse(module):
    """Fold every batch norm that follows a convolution in a Sequential into it."""
    for name, child in module.named_children():
        if isinstance(child, nn.Sequential):
            layers, out = list(child), []
            for layer in layers:
                if isinstance(layer, nn.BatchNorm2d) and out and isinstance(out[-1], nn.Conv2d):
                    out[-1] = fuse_conv_bn_eval(out[-1], layer)
                else:
                    out.append(layer)
            child = nn.Sequential(*out)
            setattr(module, name, child)
        fuse(child)
    return module


class Exported(nn.Module):
    """uint8 NHWC grey pair of any size -> boxes, scores, labels.

    `gain` and `bias` (one per class) map the raw logit to a calibrated one.
    """

    def __init__(self, net, gain, bias):
        super().__init__()
        self.net = net
        self.register = Register()
        self.register_buffer("gain", torch.tensor(gain, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("bias", torch.tensor(bias, dtype=torch.float32).view(1, -1, 1, 1))

    def forward(self, image, template):
        x = torch.cat((image, template), 3).permute(0, 3, 1, 2).float() / 127.5 - 1.0
        h, w = x.shape[2], x.shape[3]
        x = F.pad(x, (0, (MULTIPLE - w % MULTIPLE) % MULTIPLE, 0, (MULTIPLE - h % MULTIPLE) % MULTIPLE),
                  mode="replicate")
        test, template = x[:, :1], x[:, 1:]
        logits, side = self.net(torch.cat((test, self.register(test, template)), 1))
        boxes, scores, labels = decode(logits * self.gain + self.bias, side, TOP)
        # both ends of both axes: a distance may reach beyond the image
        # (shape as a tensor, because tracing would freeze a Python number)
        size = torch._shape_as_tensor(image)[1:3].float()
        limit = torch.stack((size[1], size[0], size[1], size[0])).view(1, 1, 4)
        return torch.minimum(boxes.clamp(min=0.0), limit), scores, labels


def load(path):
    net = PairNet()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=False)["average"])
    return net.eval()


def write_onnx(wrapped, path):
    sample = (torch.zeros(1, 200, 248, 1, dtype=torch.uint8), torch.zeros(1, 200, 248, 1, dtype=torch.uint8))
    axes = {name: {0: "n", 1: "h", 2: "w"} for name in ("image", "template")}
    axes |= {name: {0: "n"} for name in ("boxes", "scores", "labels")}
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    torch.onnx.export(wrapped, sample, path, input_names=["image", "template"],
                      output_names=["boxes", "scores", "labels"], dynamic_axes=axes,
                      opset_version=17, dynamo=False)


def verify(wrapped, path, pairs):
    """Largest difference between torch and ONNX Runtime over real pairs and one odd-sized crop."""
    import onnx
    import onnxruntime as ort

    onnx.checker.check_model(path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = [(p.test, p.template) for p in pairs] + [(pairs[0].test[:333, :415], pairs[0].template[:333, :415])]
    worst = {"boxes": 0.0, "scores": 0.0, "labels": 0}
    for test, template in inputs:
        feed = {"image": np.ascontiguousarray(test[None, :, :, None]),
                "template": np.ascontiguousarray(template[None, :, :, None])}
        got = session.run(None, feed)
        with torch.no_grad():
            want = [t.numpy() for t in wrapped(*(torch.from_numpy(v) for v in feed.values()))]
        strong = want[1] > 0.05
        worst["scores"] = max(worst["scores"], float(np.abs(got[1] - want[1]).max()))
        if strong.any():
            worst["boxes"] = max(worst["boxes"], float(np.abs(got[0] - want[0])[strong].max()))
            worst["labels"] += int((got[2] != want[2])[strong].sum())
    feed = {"image": pairs[0].test[None, :, :, None], "template": pairs[0].template[None, :, :, None]}
    times = []
    for _ in range(15):
        start = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - start)
    return worst, 1000 * float(np.median(times)), os.path.getsize(path) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--data", required=True, help="DeepPCB folder, for verification")
    parser.add_argument("--gain", type=float, nargs=len(CLASSES), default=[1.0] * len(CLASSES))
    parser.add_argument("--bias", type=float, nargs=len(CLASSES), default=[0.0] * len(CLASSES))
    args = parser.parse_args()
    from dataset import read_pairs

    wrapped = Exported(fuse(copy.deepcopy(load(args.checkpoint))), args.gain, args.bias).eval()
    write_onnx(wrapped, args.out)
    worst, ms, megabytes = verify(wrapped, args.out, read_pairs(args.data, "val.txt")[:12])
    print(f"parity {worst}; {ms:.1f} ms per 640x640 pair on one thread; {megabytes:.2f} MB")


if __name__ == "__main__":
    main()
