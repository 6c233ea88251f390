"""Export a checkpoint to ONNX: uint8 NHWC in, taps out, batch norms folded; then verify it."""

import argparse
import copy
import json
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model import STRIDES, Student, normalise


def fold(module):
    """Fold the batch norm of every (convolution, batch norm) pair into the convolution."""
    for name, child in module.named_children():
        if isinstance(child, nn.Sequential) and len(child) == 2 and isinstance(child[1], nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(child[0], child[1]))
        else:
            fold(child)
    return module


class Exported(nn.Module):
    """uint8 RGB [n, h, w, 3], sides multiples of 16 -> one float32 map per stride."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        return tuple(self.net(normalise(image)))


def load(path):
    net = Student()
    state = torch.load(path, map_location="cpu", weights_only=False)["average"]
    net.load_state_dict({k.removeprefix("0."): v for k, v in state.items() if k.startswith("0.")})
    return net.eval()


def write_onnx(wrapped, path):
    names = [f"tap{s}" for s in STRIDES]
    axes = {"image": {0: "n", 1: "h", 2: "w"}}
    axes |= {f"tap{s}": {0: "n", 2: f"h{s}", 3: f"w{s}"} for s in STRIDES}
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    torch.onnx.export(wrapped, (torch.zeros(1, 160, 192, 3, dtype=torch.uint8),), path, input_names=["image"],
                      output_names=names, dynamic_axes=axes, opset_version=17, dynamo=False)


def verify(net, path):
    """Largest difference between the unfolded torch network and ONNX Runtime, relative to each tap's spread."""
    import onnx
    import onnxruntime as ort

    onnx.checker.check_model(path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    rng, worst = np.random.default_rng(0), 0.0
    for shape in ((1, 256, 256, 3), (2, 96, 176, 3), (1, 16, 16, 3), (1, 400, 208, 3)):
        image = rng.integers(0, 256, shape, dtype=np.uint8)
        got = session.run(None, {"image": image})
        with torch.no_grad():
            want = net(normalise(torch.from_numpy(image)))
        for stride, g, w in zip(STRIDES, got, want):
            assert g.shape[2:] == (shape[1] // stride, shape[2] // stride), (shape, stride, g.shape)
            worst = max(worst, float(np.abs(g - w.numpy()).max() / w.numpy().std()))
    image, times = rng.integers(0, 256, (1, 256, 256, 3), dtype=np.uint8), []
    for _ in range(50):
        start = time.perf_counter()
        session.run(None, {"image": image})
        times.append(time.perf_counter() - start)
    return worst, 1000 * float(np.median(times)), os.path.getsize(path) / 1e6


def reference(net):
    """Mean of each tap for the image that the product's test draws, by the unfolded torch network."""
    y, x = np.mgrid[0:32, 0:48]
    image = np.stack([(x * x * 3 + y * 5 + x * y + c * 40) % 256 for c in range(3)], 2).astype(np.uint8)
    with torch.no_grad():
        taps = net(normalise(torch.from_numpy(image[None])))
    return {f"tap{s}": [round(float(v), 5) for v in (t.abs().mean(), t[0, 1, 1, 1], t[0, -1, -1, -1])]
            for s, t in zip(STRIDES, taps)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    net = load(args.checkpoint)
    write_onnx(Exported(fold(copy.deepcopy(net))).eval(), args.out)
    worst, ms, megabytes = verify(net, args.out)
    count = sum(p.numel() for p in net.parameters()) / 1e6
    print(f"parity {worst:.1e} of a standard deviation; {ms:.1f} ms per 256x256 image on one thread; "
          f"{megabytes:.2f} MB; {count:.2f} M parameters")
    print("reference", json.dumps(reference(net)))


if __name__ == "__main__":
    main()
