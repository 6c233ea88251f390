"""Images, and the folder that a parity case is written to.

A case is a folder with
    model.onnx      as the library exports it: float32 NCHW input
    model-int8.onnx static QDQ quantisation by onnxruntime (only where asked for)
    import.json     arguments of `sightline models import`: family, labels, size, threshold ...
    reference.json  images, and for each the library's own preprocessed pixels and findings
    NN.png, NN-input.bin  image; uint8 NHWC pixels after the library's resizing, before its normalisation
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = [(200, 150), (150, 200), (321, 241), (96, 96), (640, 333), (160, 160)]


def draw(width, height, seed):
    """Smooth shading with bright and dark shapes and noise; RGB uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    image = np.stack([110 + 50 * np.sin(x / (20 + 9 * c) + c) * np.cos(y / (25 + 7 * c)) for c in range(3)], -1)
    for _ in range(6):
        color = rng.uniform(0, 255, 3)
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.05, 0.25) * min(width, height)
        inside = (x - cx) ** 2 + (y - cy) ** 2 < r * r if rng.random() < 0.5 else (abs(x - cx) < r) & (abs(y - cy) < r / 2)
        image[inside] = color
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def images(count=len(SIZES), first_seed=100):
    return [draw(*SIZES[n % len(SIZES)], first_seed + n) for n in range(count)]


class Case:
    def __init__(self, root, name, library, arguments):
        self.dir = Path(root) / name
        self.dir.mkdir(parents=True, exist_ok=True)
        self.library = library
        self.items = []
        (self.dir / "import.json").write_text(json.dumps(arguments, indent=1))

    @property
    def onnx(self):
        return self.dir / "model.onnx"

    def add(self, image, pixels, findings, scores=None):
        """pixels: HWC uint8, what the network sees before normalisation; findings: dicts class, score, box, areaPx."""
        n = f"{len(self.items):02d}"
        Image.fromarray(image).save(self.dir / f"{n}.png")
        (self.dir / f"{n}-input.bin").write_bytes(np.ascontiguousarray(pixels, np.uint8).tobytes())
        self.items.append({"image": f"{n}.png", "input": f"{n}-input.bin", "findings": findings, "scores": scores or {}})

    def close(self):
        (self.dir / "reference.json").write_text(json.dumps({"library": self.library, "items": self.items}, indent=1))
        print(self.dir.name, [len(i["findings"]) for i in self.items], flush=True)


def quantise(source, target, feeds, skip=()):
    """Static QDQ int8, per channel; `feeds` are float32 NCHW arrays; nodes whose name contains one of `skip` stay float."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            name = onnx.load(source).graph.input[0].name
            self.rest = iter([{name: f} for f in feeds])

        def get_next(self):
            return next(self.rest, None)

    prepared = str(target) + ".prepared"
    quant_pre_process(str(source), prepared, skip_symbolic_shape=True)
    names = [n.name for n in onnx.load(prepared).graph.node if any(s in n.name for s in skip)]
    quantize_static(
        prepared, str(target), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=names,
    )
    Path(prepared).unlink()
