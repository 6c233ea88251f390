"""PatchCore of anomalib on the images of the teach benchmark: with its own ResNet-18 (untrained where the weights of
torchvision are not in the cache of torch; the work is the same), or with the network of a backbone package.

    python3 tests/bench/teach_anomalib.py FOLDER THREADS [MODEL.ONNX TAP...]

FOLDER holds images.bin (uint8 [n, 256, 256, 3]) and images.json {"teach", "good", "bad"}: so many of each, in this
order. One JSON line with the result.
"""

import importlib.metadata
import json
import os
import sys
import time

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from anomalib.models.image.patchcore.torch_model import PatchcoreModel

folder, threads = sys.argv[1], int(sys.argv[2])
onnx_file, taps = (sys.argv[3], sys.argv[4:]) if len(sys.argv) > 3 else (None, [])
torch.manual_seed(0)
torch.set_num_threads(threads)
counts = json.load(open(os.path.join(folder, "images.json"), encoding="utf-8"))
images = np.fromfile(os.path.join(folder, "images.bin"), np.uint8).reshape(-1, 256, 256, 3)
mean, sd = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def tensor(image):
    if onnx_file:
        # models/training/backbone/model.py, `normalise`
        return torch.from_numpy((image / np.float32(127.5) - 1).transpose(2, 0, 1)[None])
    return torch.from_numpy(((image / np.float32(255) - mean) / sd).transpose(2, 0, 1)[None])


def cached():
    cache = os.path.join(torch.hub.get_dir(), "checkpoints")
    return os.path.isdir(cache) and any(name.startswith("resnet18") for name in os.listdir(cache))


class Network(torch.nn.Module):
    """The convolutions of a backbone package on normalised images, tap name -> map; weights as in the file."""

    def __init__(self):
        super().__init__()
        graph = onnx.load(onnx_file).graph
        self.nodes = [n for n in graph.node if n.op_type in ("Conv", "Relu", "Add")]
        self.weights = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in graph.initializer}
        made = {name for n in self.nodes for name in n.output}
        # what the first convolution reads: the normalised image
        self.source = next(n.input[0] for n in self.nodes if n.input[0] not in made)

    def forward(self, image):
        values = {self.source: image}
        for n in self.nodes:
            inputs = [values.get(name, self.weights.get(name)) for name in n.input]
            values[n.output[0]] = self.step(n, inputs)
        return {tap: values[tap] for tap in taps}

    def step(self, node, inputs):
        if node.op_type == "Relu":
            return torch.relu(inputs[0])
        if node.op_type == "Add":
            return inputs[0] + inputs[1]
        a = {i.name: onnx.helper.get_attribute_value(i) for i in node.attribute}
        bias = inputs[2] if len(inputs) > 2 else None
        return F.conv2d(inputs[0], inputs[1], bias, a["strides"], a["pads"][:2], a["dilations"], a["group"])


pretrained = True if onnx_file else cached()
layers = taps if onnx_file else ["layer2", "layer3"]
model = PatchcoreModel(layers=layers, backbone="resnet18", pre_trained=pretrained and not onnx_file)
if onnx_file:
    model.feature_extractor = Network().eval()
cpu, start = time.process_time(), time.perf_counter()
model.train()
with torch.no_grad():
    for image in images[: counts["teach"]]:
        model(tensor(image))
    model.subsample_embedding(0.1)
teach_s, teach_cpu_s = time.perf_counter() - start, time.process_time() - cpu

torch.set_num_threads(1)
model.eval()
scores, times = [], []
with torch.no_grad():
    for image in images[counts["teach"] :]:
        start = time.process_time()
        scores.append(float(model(tensor(image)).pred_score))
        times.append(time.process_time() - start)
good, bad = np.array(scores[: counts["good"]]), np.array(scores[counts["good"] :])
area = float((bad[:, None] > good).mean() + 0.5 * (bad[:, None] == good).mean())
print(
    json.dumps(
        {
            "version": importlib.metadata.version("anomalib"),
            "pretrained": pretrained,
            "members": len(model.memory_bank),
            "teachS": teach_s,
            "teachCpuS": teach_cpu_s,
            "msPerImage": 1e3 * float(np.median(times)),
            "auroc": area,
        }
    )
)
