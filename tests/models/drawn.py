"""Images that parity cases are made of, and what is done to their models."""

import sys
from pathlib import Path

import numpy as np

# what writes the exports of others' weights writes these, too
sys.path.append(str(Path(__file__).parents[2] / "models/export"))

SIZES = [(200, 150), (150, 200), (321, 241), (96, 96), (640, 333), (160, 160)]


NAMES = ["disc", "bar", "post"]


def draw_shapes(width, height, seed, count=6):
    """Smooth shading with discs, wide bars, tall posts and noise.

    Returns RGB uint8, and for each shape its number in NAMES, centre and half sizes in px; later ones lie on top.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    image = np.stack([110 + 50 * np.sin(x / (20 + 9 * c) + c) * np.cos(y / (25 + 7 * c)) for c in range(3)], -1)
    shapes = []
    for _ in range(count):
        color, kind = rng.uniform(0, 255, 3), int(rng.integers(3))
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.08, 0.2) * min(width, height)
        rx, ry = [(r, r), (r, r / 2), (r / 2, r)][kind]
        u, v = (x - cx) / rx, (y - cy) / ry
        image[u * u + v * v < 1 if kind == 0 else np.maximum(abs(u), abs(v)) < 1] = color
        shapes.append((kind, cx, cy, rx, ry))
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8), shapes


def draw(width, height, seed):
    return draw_shapes(width, height, seed)[0]


def images(count=len(SIZES), first_seed=100):
    return [draw(*SIZES[n % len(SIZES)], first_seed + n) for n in range(count)]


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


def with_half_io(model):
    """The same ONNX model with float16 input and outputs, as exports made on a GPU have them."""
    from onnx import TensorProto, helper

    graph = model.graph
    for value in graph.input:
        old, value.name = value.name, f"{value.name}_half"
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
        graph.node.insert(0, helper.make_node("Cast", [value.name], [old], to=TensorProto.FLOAT))
    for value in graph.output:
        old, value.name = value.name, f"{value.name}_half"
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
        graph.node.append(helper.make_node("Cast", [old], [value.name], to=TensorProto.FLOAT16))
    return model
