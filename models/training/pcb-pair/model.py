"""The pair network: tested image + template -> class heat map and box distances at stride 8."""

import torch
from torch import nn
import torch.nn.functional as F

STRIDE = 8
MULTIPLE = 16
CLASSES = ("open", "short", "mousebite", "spur", "copper", "pinhole")
# Upper end of the predicted distance from a cell centre to a box side, in px.
MAX_SIDE = 320.0


def conv(cin, cout, kernel=3, stride=1, padding=None):
    pad = kernel // 2 if padding is None else padding
    return nn.Sequential(
        nn.Conv2d(cin, cout, kernel, stride, pad, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions with a skip."""

    def __init__(self, width):
        super().__init__()
        self.a = conv(width, width)
        self.b = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        return F.relu(x + self.b(self.a(x)))


class PairNet(nn.Module):
    """Early fusion: test and template enter as two channels, so the first layer can subtract them.

    Input  float [n, 2, h, w] in -1..1, h and w multiples of 16.
    Output heat logits [n, 6, h/8, w/8] and ltrb distances in px [n, 4, h/8, w/8].
    """

    def __init__(self, w2=16, w4=32, w8=64, w16=96, deep=2):
        super().__init__()
        self.stem = nn.Sequential(conv(2, w2, 6, 2, 2), conv(w2, w4, 3, 2), Residual(w4))
        self.at8 = nn.Sequential(conv(w4, w8, 3, 2), Residual(w8))
        self.at16 = nn.Sequential(conv(w8, w16, 3, 2), *[Residual(w16) for _ in range(deep)])
        self.lateral = conv(w16, w8, 1)
        self.neck = conv(w8, w8)
        self.heat = nn.Conv2d(w8, len(CLASSES), 1)
        self.side = nn.Conv2d(w8, 4, 1)
        nn.init.constant_(self.heat.bias, -4.6)  # focal-loss prior of 0.01 (Lin et al. 2017)
        nn.init.normal_(self.heat.weight, std=0.01)
        nn.init.normal_(self.side.weight, std=0.01)
        nn.init.constant_(self.side.bias, 0.0)

    def forward(self, x):
        f8 = self.at8(self.stem(x))
        up = F.interpolate(self.lateral(self.at16(f8)), scale_factor=2.0, mode="nearest")
        f = self.neck(f8 + up)
        # exp keeps distances positive; 16 px is half of a typical annotated box.
        side = 16.0 * torch.exp(self.side(f).float().clamp(-3.0, 3.0))
        return self.heat(f).float(), side


def normalise(pair_u8):
    """uint8 [n, 2, h, w] -> float in -1..1."""
    return pair_u8.float() / 127.5 - 1.0


def decode(heat_logits, side, k=100):
    """Top k peaks of a 3x3 neighbourhood, per class. Returns boxes [n,k,4], scores [n,k], labels [n,k]."""
    score = torch.sigmoid(heat_logits)
    n, c, h, w = score.shape
    peak = F.max_pool2d(score, 3, 1, 1)
    score = score * (peak == score).to(score.dtype)
    top, index = torch.topk(score.reshape(n, -1), min(k, c * h * w))
    label = torch.div(index, h * w, rounding_mode="floor")
    cell = index - label * (h * w)
    row = torch.div(cell, w, rounding_mode="floor")
    cy = (row.float() + 0.5) * STRIDE
    cx = ((cell - row * w).float() + 0.5) * STRIDE
    d = side.reshape(n, 4, -1).gather(2, cell.unsqueeze(1).expand(-1, 4, -1))
    boxes = torch.stack((cx - d[:, 0], cy - d[:, 1], cx + d[:, 2], cy + d[:, 3]), -1)
    return boxes, top, label
