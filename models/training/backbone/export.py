"""Export a checkpoint to ONNX: uint8 NHWC in, taps out, batch norms folded; then verify it."""

import argparse
import copy
import json
import math
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model import STRIDES, WIDTHS, Student, normalise
from teachers import TARGETS
from train import Heads

# teachers whose geometry the taps have; SqueezeNet's at stride 8 and 16 served least as a memory of good images
SEEN_THROUGH = {4: ("mobilenet_v1", "squeezenet"), 8: ("mobilenet_v1", "mobilenet_v2"),
                16: ("mobilenet_v1", "mobilenet_v2")}


def fold(module):
    """Fold the batch norm of every (convolution, batch norm) pair into the convolution."""
    for name, child in module.named_children():
        if isinstance(child, nn.Sequential) and len(child) == 2 and isinstance(child[1], nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(child[0], child[1]))
        else:
            fold(child)
    return module


def lens(heads, stride, generator):
    """Matrix [c, c] under which distances between taps are distances between predicted teacher features.

    With W the stacked heads and W = QR, |W x| = |R x|. The random turn afterwards spreads the variance over the
    channels, so that a consumer's z-scores change little of it.
    """
    weight = torch.cat([h.weight.detach()[:, :, 0, 0] for t, h in zip(TARGETS, heads.by_target)
                        if t[2] == stride and t[0] in SEEN_THROUGH[stride]])
    turn = torch.linalg.qr(torch.randn(weight.shape[1], weight.shape[1], generator=generator))[0]
    return turn @ torch.linalg.qr(weight)[1]


class Exported(nn.Module):
    """uint8 RGB [n, h, w, 3], sides multiples of 16 -> one float32 map per stride."""

    def __init__(self, net, lenses):
        super().__init__()
        self.net = net
        self.lenses = nn.ModuleList(nn.Conv2d(width, width, 1, bias=False) for width in WIDTHS)
        for conv, weight in zip(self.lenses, lenses):
            conv.weight.data = weight[:, :, None, None]

    @classmethod
    def seen_through(cls, net, heads):
        generator = torch.Generator().manual_seed(0)
        return cls(net, [lens(heads, stride, generator) for stride in STRIDES])

    @classmethod
    def blank(cls):
        """Of the right shape, for weights from elsewhere."""
        return cls(Student(), [])

    def forward(self, image):
        return tuple(look(tap) for look, tap in zip(self.lenses, self.net(normalise(image))))


def load(path):
    both = nn.ModuleList((Student(), Heads()))
    both.load_state_dict(torch.load(path, map_location="cpu", weights_only=False)["average"])
    return Exported.seen_through(*both).eval()


def open_export(path):
    """The network of an exported file, batch norms folded: each is left as the bias that it became."""
    import onnx
    from onnx import numpy_helper

    values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in onnx.load(path).graph.initializer}
    net = Exported.blank()
    for name, part in net.named_modules():
        if isinstance(part, nn.Sequential) and len(part) == 2 and isinstance(part[1], nn.BatchNorm2d):
            convolution, norm = part
            convolution.weight.data = values[f"{name}.weight"]
            norm.running_mean.zero_()
            norm.running_var.fill_(1)
            norm.weight.data.fill_(math.sqrt(1 + norm.eps))
            norm.bias.data = values[f"{name}.bias"]
    for at, lens in enumerate(net.lenses):
        lens.weight.data = values[f"lenses.{at}.weight"]
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
            want = net(torch.from_numpy(image))
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
    """Mean magnitude and two values of each tap for the image that the product's test draws, unfolded torch network."""
    y, x = np.mgrid[0:32, 0:48]
    image = np.stack([(x * x * 3 + y * 5 + x * y + c * 40) % 256 for c in range(3)], 2).astype(np.uint8)
    with torch.no_grad():
        taps = net(torch.from_numpy(image[None]))
    return {f"tap{s}": [round(float(v), 5) for v in (t.abs().mean(), t[0, 1, 1, 1], t[0, -1, -1, -1])]
            for s, t in zip(STRIDES, taps)}


def release(net, path):
    """Writes the network, batch norms folded, and says what was verified and the figures of the product's test."""
    net = net.to(memory_format=torch.contiguous_format)
    write_onnx(fold(copy.deepcopy(net)), path)
    worst, ms, megabytes = verify(net, path)
    count = sum(p.numel() for p in net.parameters()) / 1e6
    return (f"parity {worst:.1e} of a standard deviation; {ms:.1f} ms per 256x256 image on one thread; "
            f"{megabytes:.2f} MB; {count:.2f} M parameters; reference {json.dumps(reference(net))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    print(release(load(args.checkpoint), args.out))


if __name__ == "__main__":
    main()
