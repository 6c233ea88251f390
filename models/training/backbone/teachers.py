"""The teachers: which tensors are imitated, and how their cells are made to lie on the student's."""

import os

import numpy as np

CORE = 160  # px the student sees
MARGIN = 24  # px around it that only the teachers see, so that no target carries the trace of zero padding
WINDOW = CORE + 2 * MARGIN

# (teacher, tensor, stride, principal components kept)
TARGETS = [
    ("mobilenet_v1", "t16", 4, 32),
    ("squeezenet", "feat_s4", 4, 32),
    ("mobilenet_v1", "t24", 8, 112),
    ("mobilenet_v2", "t37", 8, 64),
    ("squeezenet", "feat_s8", 8, 64),
    ("mobilenet_v1", "t32", 16, 160),
    ("mobilenet_v2", "t77", 16, 112),
    ("squeezenet", "feat_s16", 16, 96),
]
# at stride 4 every second cell is kept: neighbours say nearly the same, and the cache stays half the size
KEEP_EVERY = {4: 2, 8: 1, 16: 1}


def name_of(target):
    return f"{target[0]}-{target[1]}"


def cells(stride):
    return CORE // stride // KEEP_EVERY[stride]


def shift(stride):
    """First window pixel given to a teacher.

    A teacher's cell i is centred on pixel stride * i + stride - 1 of its input (3x3 at stride 2 with padding on the
    far side only, or none), the student's cell j on stride * j + (stride - 1) / 2 of the core.
    """
    return (MARGIN - stride // 2) % stride


def open_teachers(folder, threads, work):
    """Sessions per (teacher, stride), each cut to the tensors wanted at that stride; cut files go to `work`."""
    import onnx
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    sessions = []
    for key in dict.fromkeys((t[0], t[2]) for t in TARGETS):
        tensors = [t[1] for t in TARGETS if (t[0], t[2]) == key]
        cut = os.path.join(work, f"{key[0]}-{key[1]}.onnx")
        if not os.path.exists(cut):
            onnx.utils.extract_model(os.path.join(folder, f"{key[0]}.onnx"), cut + ".part", ["input"], tensors)
            os.replace(cut + ".part", cut)
        sessions.append((key, tensors, ort.InferenceSession(cut, options, providers=["CPUExecutionProvider"])))
    return sessions


def features(sessions, windows):
    """uint8 [n, WINDOW, WINDOW, 3] -> {target name: float32 [n, cells, cells, channels]} over the core."""
    found = {}
    for (teacher, stride), tensors, session in sessions:
        first = shift(stride)
        usable = (WINDOW - first) // 16 * 16
        x = windows[:, first:first + usable, first:first + usable].transpose(0, 3, 1, 2).astype(np.float32)
        skip = (MARGIN - first - stride // 2) // stride
        every = KEEP_EVERY[stride]
        for tensor, y in zip(tensors, session.run(tensors, {"input": x})):
            count = CORE // stride
            y = y[:, :, skip:skip + count:every, skip:skip + count:every]
            found[f"{teacher}-{tensor}"] = np.ascontiguousarray(y.transpose(0, 2, 3, 1))
    return found


def fit_projection(samples, components):
    """Standardise as the product's teaching does (sd + 0.05 mean sd), then the leading principal axes, unwhitened.

    Distances between projected features are the teacher's own, less what the dropped axes hold.

    Args:
        samples: float [n, channels]
    Returns:
        mean, scale float32 [channels]; axes float32 [channels, components]; kept: share of the variance
    """
    mean, sd = samples.mean(0), samples.std(0)
    scale = sd + 0.05 * sd.mean()
    z = (samples - mean) / scale
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    order = np.argsort(values)[::-1][:components]
    kept = float(values[order].sum() / values.sum())
    return mean.astype(np.float32), scale.astype(np.float32), vectors[:, order].astype(np.float32), kept
