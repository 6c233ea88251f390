"""PatchCore of anomalib on the images of the teach benchmark, with its own ResNet-18 (untrained where the weights of
torchvision are not in the cache of torch; the work is the same).

    python3 tests/bench/teach_anomalib.py FOLDER THREADS

FOLDER holds images.bin (uint8 [n, 256, 256, 3]) and images.json {"teach", "good", "bad"}: so many of each, in this
order. One JSON line with the result.
"""

import importlib.metadata
import json
import os
import sys
import time

import numpy as np
import torch
from anomalib.models.image.patchcore.torch_model import PatchcoreModel

folder, threads = sys.argv[1], int(sys.argv[2])
torch.manual_seed(0)
torch.set_num_threads(threads)
counts = json.load(open(os.path.join(folder, "images.json"), encoding="utf-8"))
images = np.fromfile(os.path.join(folder, "images.bin"), np.uint8).reshape(-1, 256, 256, 3)
mean, sd = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def tensor(image):
    return torch.from_numpy(((image / np.float32(255) - mean) / sd).transpose(2, 0, 1)[None])


def cached():
    cache = os.path.join(torch.hub.get_dir(), "checkpoints")
    return os.path.isdir(cache) and any(name.startswith("resnet18") for name in os.listdir(cache))


pretrained = cached()
model = PatchcoreModel(layers=["layer2", "layer3"], backbone="resnet18", pre_trained=pretrained)
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
