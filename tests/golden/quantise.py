"""Static quantisation of a small network by onnxruntime's own quantiser, for tests/unit/models-quantise.test.ts.

    pip install onnx==1.23.2 onnxruntime==1.32.0
    python3 tests/golden/quantise.py > tests/golden/quantise.json

Weights and images come from a linear congruential generator (Numerical Recipes: 1664525, 1013904223), so that both
sides make the same ones. The first and the last layer stay float, as the product's rules have it. Outputs are kept of
7-bit weights, whose products saturate on no processor.
"""

import json
import os
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

SIDE, CALIBRATION, PROBES = 12, 6, 4
state = 1


def draw() -> float:
    global state
    state = (1664525 * state + 1013904223) % 2**32
    return state / 2**32


def weights(*shape) -> np.ndarray:
    size = int(np.prod(shape))
    return np.array([draw() - 0.45 for _ in range(size)], np.float32).reshape(shape)


SHAPES = {
    "stem": (8, 3, 3, 3), "depth": (8, 1, 3, 3), "grow": (16, 8, 1, 1), "project": (8, 16, 1, 1),
    "mix": (12, 8, 3, 3), "dense": (6, 12), "answer": (6, 3),
}  # fmt: skip
values = {}
for name, shape in SHAPES.items():
    values[name] = weights(*shape)
    if name != "answer":
        values[f"{name}_bias"] = weights(shape[0])
images = [
    np.array([int(draw() * 256) for _ in range(SIDE * SIDE * 3)], np.uint8).reshape(1, SIDE, SIDE, 3)
    for _ in range(CALIBRATION + PROBES)
]


def conv(name, source, target, **attributes):
    return helper.make_node("Conv", [source, name, f"{name}_bias"], [target], name=name, **attributes)


nodes = [
    helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
    helper.make_node("Cast", ["planes"], ["levels"], to=TensorProto.FLOAT),
    helper.make_node("Div", ["levels", "white"], ["unit"]),
    conv("stem", "unit", "stem_raw", pads=[1, 1, 1, 1]),
    helper.make_node("Relu", ["stem_raw"], ["stem_out"]),
    conv("depth", "stem_out", "depth_out", pads=[1, 1, 1, 1], group=8),
    conv("grow", "depth_out", "grow_raw"),
    helper.make_node("Relu", ["grow_raw"], ["grow_out"]),
    conv("project", "grow_out", "project_out"),
    helper.make_node("Add", ["stem_out", "project_out"], ["sum"]),
    conv("mix", "sum", "mix_raw"),
    helper.make_node("Relu", ["mix_raw"], ["mix_out"]),
    helper.make_node("GlobalAveragePool", ["mix_out"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["row"]),
    helper.make_node("Gemm", ["row", "dense", "dense_bias"], ["dense_out"], name="dense", transB=1),
    helper.make_node("MatMul", ["dense_out", "answer"], ["logits"], name="answer"),
]
graph = helper.make_graph(
    nodes, "small",
    [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])],
    [numpy_helper.from_array(v, k) for k, v in values.items()]
    + [numpy_helper.from_array(np.float32([255]), "white")],
)  # fmt: skip
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Calibration(CalibrationDataReader):
    def __init__(self):
        self.rest = iter(images[:CALIBRATION])

    def get_next(self):
        image = next(self.rest, None)
        return None if image is None else {"image": image}


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def outputs(path):
    run = session(path)
    return [[round(float(v), 7) for v in run.run(None, {"image": i})[0].ravel()] for i in images[CALIBRATION:]]


result = {}
with tempfile.TemporaryDirectory() as folder:
    full, small = os.path.join(folder, "full.onnx"), os.path.join(folder, "int8.onnx")
    onnx.save(model, full)
    result["float"] = outputs(full)
    for bits in (7, 8):
        quantize_static(
            full, small, Calibration(), quant_format=QuantFormat.QDQ, per_channel=True,
            op_types_to_quantize=["Conv", "Gemm", "Relu"], nodes_to_exclude=["stem", "answer"],
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, reduce_range=bits == 7,
        )  # fmt: skip
        made = {t.name: numpy_helper.to_array(t) for t in onnx.load(small).graph.initializer}
        activations = ["stem_out", "depth_out", "grow_out", "project_out", "sum", "mix_out", "row", "dense_out"]
        layers = ["depth", "grow", "project", "mix", "dense"]
        result[bits] = {
            "activations": {
                a: [float(made[f"{a}_scale"]), int(made[f"{a}_zero_point"])] for a in activations
            },
            "weights": {w: made[f"{w}_quantized"].ravel().tolist() for w in layers},
            "scales": {w: [float(v) for v in made[f"{w}_scale"].ravel()] for w in layers},
            "biases": {w: made[f"{w}_bias_quantized"].ravel().tolist() for w in layers},
            **({"outputs": outputs(small)} if bits == 7 else {}),
        }  # fmt: skip
print(json.dumps(result))
