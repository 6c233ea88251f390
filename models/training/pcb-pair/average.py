"""Weighted mean of two checkpoints of one training history (Izmailov et al. 2018; Wortsman et al. 2022).

    python average.py --first A/last.pt --second B/last.pt --share 0.65 --out mixed.pt

`share` is the weight of the second. Only the averaged (EMA) weights are mixed, batch-norm statistics included: they
belong to nets that are close together, because the second run continued the first.
"""

import argparse

import torch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", required=True)
    parser.add_argument("--second", required=True)
    parser.add_argument("--share", type=float, required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    first = torch.load(args.first, map_location="cpu", weights_only=False)
    second = torch.load(args.second, map_location="cpu", weights_only=False)
    mixed = dict(second)
    mixed["average"] = {
        name: torch.lerp(first["average"][name], value, args.share) if value.is_floating_point() else value
        for name, value in second["average"].items()
    }
    torch.save(mixed, args.out)


if __name__ == "__main__":
    main()
