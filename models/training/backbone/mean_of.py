"""Exports the mean of the weights of backbones that went on from one start (Wortsman et al. 2022, "Model soups")."""

import argparse

import torch

from export import open_export, release


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", help="exported backbones")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    nets = [open_export(path) for path in args.models]
    with torch.no_grad():
        for parts in zip(*(net.parameters() for net in nets)):
            parts[0].copy_(torch.stack(parts).mean(0))
    print(release(nets[0], args.out))


if __name__ == "__main__":
    main()
