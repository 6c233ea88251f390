"""The work of one inspection in Python + OpenCV + onnxruntime, for comparison with the pipeline benchmark.

    python3 tests/bench/reference.py MODEL.onnx FRAMES_DIR raw|jpeg SECONDS DATA_DIR

FRAMES_DIR holds `<n>.test` and `<n>.template`: raw 8-bit HxW bytes with a `.json` {"width","height"} beside, or JPEG.
Per frame: decode (the template only when it is another one), Laplacian focus and grey statistics, model, non-maximum
suppression, the image to disk under its SHA-256 (synced), one SQLite transaction with a JSON record (synchronous=FULL).
One JSON line with the result.
"""

import hashlib
import json
import os
import sqlite3
import sys
import time

import cv2
import numpy as np
import onnxruntime as ort

model, frames_dir, kind, seconds, data_dir = sys.argv[1:6]
cv2.setNumThreads(1)
options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
pair = {i.name for i in session.get_inputs()} >= {"image", "template"}

size = json.load(open(os.path.join(frames_dir, "size.json")))
names = sorted(n[:-5] for n in os.listdir(frames_dir) if n.endswith(".test"))
files = [(open(os.path.join(frames_dir, f"{n}.test"), "rb").read(), open(os.path.join(frames_dir, f"{n}.template"), "rb").read()) for n in names]

os.makedirs(data_dir, exist_ok=True)
db = sqlite3.connect(os.path.join(data_dir, "reference.db"), isolation_level=None)
db.execute("pragma journal_mode=wal")
db.execute("pragma synchronous=full")
db.execute("create table part(id integer primary key, time text, sha256 text, record text)")


def decode(data):
    if kind == "raw":
        return np.frombuffer(data, np.uint8).reshape(size["height"], size["width"])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)


last_template = (None, None)


def template_of(data):
    global last_template
    if data != last_template[0]:
        last_template = (data, decode(data))
    return last_template[1]


def nms(boxes, scores, iou):
    keep = cv2.dnn.NMSBoxes([[float(b[0]), float(b[1]), float(b[2] - b[0]), float(b[3] - b[1])] for b in boxes], scores.tolist(), 0.05, iou)
    return [int(i) for i in keep]


def inspect(data, template_data):
    image = decode(data)
    focus = float(cv2.Laplacian(image, cv2.CV_16S).var())
    mean = float(image.mean())
    inputs = {"image": image[None, :, :, None]}
    if pair:
        inputs["template"] = template_of(template_data)[None, :, :, None]
    outputs = session.run(None, inputs)
    findings = []
    if pair:
        boxes, scores, labels = outputs[0][0], outputs[1][0], outputs[2][0]
        for c in np.unique(labels[scores >= 0.05]):
            at = np.where((labels == c) & (scores >= 0.05))[0]
            for k in nms(boxes[at], scores[at], 0.35):
                findings.append({"class": int(c), "score": float(scores[at[k]]), "box": boxes[at[k]].tolist()})
    verdict = "fail" if any(f["score"] > 0.5 for f in findings) else "pass"
    sha = hashlib.sha256(data).hexdigest()
    path = os.path.join(data_dir, sha)
    if not os.path.exists(path):
        with open(path + ".tmp", "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.rename(path + ".tmp", path)
    record = json.dumps({"verdict": verdict, "focus": focus, "mean": mean, "findings": findings})
    db.execute("begin immediate")
    db.execute("insert into part(time, sha256, record) values(?,?,?)", (time.strftime("%FT%TZ"), sha, record))
    db.execute("commit")


for d, t in files[:3]:
    inspect(d, t)
n, cpu, start = 0, time.process_time(), time.perf_counter()
while time.perf_counter() - start < float(seconds):
    d, t = files[n % len(files)]
    inspect(d, t)
    n += 1
print(json.dumps({"frames": n, "cpuMsPerFrame": (time.process_time() - cpu) / n * 1e3, "msPerFrame": (time.perf_counter() - start) / n * 1e3}))
