"""The student: a small fully convolutional network with taps at stride 4, 8 and 16."""

import torch
from torch import nn

WIDTHS = (48, 96, 192)
DEPTHS = (1, 3, 4)
EXPAND = (1, 2, 2)
STRIDES = (4, 8, 16)


def conv(inputs, outputs, size, stride=1, groups=1):
    """Convolution and batch norm; an even size at stride 2 keeps every output centred on its cell."""
    pad = (size - stride) // 2 if stride > 1 else size // 2
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, pad, groups=groups, bias=False),
                         nn.BatchNorm2d(outputs))


class Block(nn.Module):
    """Depthwise 5x5, expansion, projection, residual (after ConvNeXt, Liu et al. 2022, with batch norm)."""

    def __init__(self, width, expand, size=5):
        super().__init__()
        self.depth = conv(width, width, size, groups=width)
        self.grow = conv(width, width * expand, 1)
        self.project = conv(width * expand, width, 1)
        nn.init.zeros_(self.project[1].weight)

    def forward(self, x):
        return x + self.project(torch.relu(self.grow(self.depth(x))))


class Down(nn.Module):
    """Halves the resolution: depthwise 4x4 at stride 2, then 1x1."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.depth = conv(inputs, inputs, 4, 2, groups=inputs)
        self.mix = conv(inputs, outputs, 1)

    def forward(self, x):
        return torch.relu(self.mix(self.depth(x)))


class Student(nn.Module):
    """RGB [n, 3, h, w] scaled by `normalise`, sides multiples of 16 -> features at stride 4, 8 and 16."""

    def __init__(self, widths=WIDTHS, depths=DEPTHS, expand=EXPAND):
        super().__init__()
        # one 8x8 convolution at stride 4: no map at full or half resolution is ever written
        self.stem = conv(3, widths[0], 8, 4)
        self.stages = nn.ModuleList(nn.Sequential(*[Block(w, e) for _ in range(d)])
                                    for w, d, e in zip(widths, depths, expand))
        self.downs = nn.ModuleList(Down(a, b) for a, b in zip(widths, widths[1:]))

    def forward(self, x):
        x = torch.relu(self.stem(x))
        taps = []
        for stage, down in zip(self.stages, [*self.downs, None]):
            x = stage(x)
            taps.append(x)
            if down is not None:
                x = down(x)
        return taps


def normalise(images):
    """uint8 RGB [n, h, w, 3] -> float32 [n, 3, h, w], about -1..1."""
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1.0
