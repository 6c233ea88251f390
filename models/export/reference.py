"""What `sightline models import --reference` reads: a folder with

    model.onnx      as the library exports it
    import.json     arguments of `sightline models import`: family, labels, size, threshold ...
    reference.json  images, and for each what the library found
    NN.png, NN-input.bin  image; uint8 HWC pixels after the library's resizing, before its normalisation
"""

import argparse
import json
from pathlib import Path
from shlex import quote

import numpy as np
import torch
from PIL import Image

KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}


class Case:
    def __init__(self, root, name, library):
        """library: its name and version."""
        self.dir = Path(root) / name
        self.dir.mkdir(parents=True, exist_ok=True)
        self.library = library
        self.items = []

    @property
    def onnx(self):
        return self.dir / "model.onnx"

    def add(self, image, pixels, findings, scores=None):
        """pixels: HWC uint8, what the network sees before normalisation; findings: dicts class, score, box, areaPx."""
        n = f"{len(self.items):02d}"
        Image.fromarray(image).save(self.dir / f"{n}.png")
        (self.dir / f"{n}-input.bin").write_bytes(np.ascontiguousarray(pixels, np.uint8).tobytes())
        self.items.append({"image": f"{n}.png", "input": f"{n}-input.bin", "findings": findings, "scores": scores or {}})

    def close(self, arguments):
        """arguments: those of `sightline models import`."""
        (self.dir / "import.json").write_text(json.dumps(arguments, indent=1))
        (self.dir / "reference.json").write_text(json.dumps({"library": self.library, "items": self.items}, indent=1))
        print(self.dir.name, [len(i["findings"]) for i in self.items], flush=True)


def classes(image, scores, threshold=0.5):
    """Findings of a classifier: the whole image; scores: by label."""
    h, w = image.shape[:2]
    return [{"class": l, "score": s, "box": [0, 0, w, h], "areaPx": w * h} for l, s in scores.items() if s >= threshold]


def regions(label, inside, values, size, covers=(1, 1)):
    """Findings of connected places (8 neighbours) of `inside`, in px of an image of `size` (width, height).

    values: score of each place; covers: shares of width and height, in the middle of the image, that the places are of.
    """
    places = torch.arange(1, inside.size + 1, dtype=torch.float64).reshape(1, 1, *inside.shape)
    mask = torch.from_numpy(inside)[None, None]
    ids, before = places * mask, None
    while before is None or not torch.equal(ids, before):
        ids, before = torch.nn.functional.max_pool2d(ids, 3, 1, 1) * mask, ids
    ids, findings = ids[0, 0].numpy(), []
    covered = np.array(size) * covers
    scale, margin = covered / inside.shape[::-1], (np.array(size) - covered) / 2
    for k in np.unique(ids[inside]):
        rows, columns = np.nonzero(ids == k)
        corners = [[columns.min(), rows.min()], [columns.max() + 1, rows.max() + 1]]
        findings.append({
            "class": label, "score": float(values[rows, columns].max()), "areaPx": float(len(rows) * scale.prod()),
            "box": [float(v) for corner in corners for v in np.array(corner) * scale + margin],
        })
    return findings


def parser(text):
    p = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--weights", required=True, type=Path, help="file of the trained model")
    p.add_argument("--images", required=True, type=Path, help="folder of images as the line takes them, good ones and defects of every class")
    p.add_argument("--out", required=True, type=Path, help="new folder for model.onnx and what it is compared with")
    return p


def sides(text):
    """`640`, or width and height as `640x480`."""
    values = [int(v) for v in text.lower().split("x")]
    if len(values) > 2 or min(values) < 1:
        raise argparse.ArgumentTypeError("expected SIDE or WIDTHxHEIGHT, px")
    return values[0], values[-1]


def pictures(files):
    """RGB uint8 of each."""
    for file in files:
        with Image.open(file) as image:
            if image.mode not in ("1", "L", "P", "RGB", "RGBA"):
                raise SystemExit(f"{file}: expected 8 bits per channel, grey or RGB, found Pillow's mode {image.mode}")
            yield np.asarray(image.convert("RGB"))


def opened(options, library):
    """The case to write, and the images that lie in the folder itself; nothing is begun where one of them lacks."""
    folder = options.images
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in KINDS) if folder.is_dir() else []
    if not files:
        raise SystemExit(f"{folder}: expected images ({', '.join(sorted(KINDS))}), found none")
    if not options.weights.is_file():
        raise SystemExit(f"{options.weights}: expected the weights of the trained model, found no such file")
    if options.out.exists() and any(options.out.iterdir()):
        raise SystemExit(f"{options.out}: expected a new or empty folder")
    return Case(options.out.parent, options.out.name, library), pictures(files)


def say_import(case):
    """The command that makes a package of it."""
    if not any(i["findings"] for i in case.items):
        print("nothing was found in any image: add images with defects, or take a lower threshold", flush=True)
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in case.dir.name.lower()).strip("-") or "model"
    print("Now make the package, with the licence of the weights; where the line is another machine, copy the folder there:")
    print(f"npx sightline models import {quote(str(case.onnx))} --reference {quote(str(case.dir))} --id {name} --licence ours")
