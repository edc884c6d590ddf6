#!/usr/bin/env python3
"""Writes gelu_layer_norm.txt beside this file: small networks with GELU and layer norm by PyTorch.

Needs torch (2.13.0 made the committed file); run it again only to change a fixture. The format, the
arithmetic and the batches are those of layers.txt (make_fixtures.py). A layer norm goes over the channels of
each position.
"""
import torch
from torch import nn

from make_fixtures import Fixture, dense, layer_case


class ChannelNorm(nn.LayerNorm):
    """nn.LayerNorm over the last dimension of tables, and over the channels of images (N, C, H, W)."""

    def forward(self, x):
        if x.dim() == 2:
            return super().forward(x)
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


# name: (sample shape in PyTorch's order, samples in a batch, layers, loss)
CASES = {
    "gelu": (
        (6,), 13, [("dense1", dense(6, 9)), ("act", nn.GELU()), ("dense2", dense(9, 4))], "cross_entropy"),
    "gelu_tanh": (
        (6,), 13, [("dense1", dense(6, 9)), ("act", nn.GELU(approximate="tanh")), ("dense2", dense(9, 4))],
        "mse"),
    "layer_norm": (
        (6,), 13,
        [("dense1", dense(6, 21)), ("bn", ChannelNorm(21)), ("act", nn.GELU()), ("dense2", dense(21, 4))],
        "cross_entropy"),
    "layer_norm_plain": (
        (6,), 13, [
            ("dense1", dense(6, 16)), ("bn", ChannelNorm(16, eps=1e-2, elementwise_affine=False)),
            ("dense2", dense(16, 4))], "cross_entropy"),
    "layer_norm_scale": (
        (6,), 13, [
            ("dense1", dense(6, 5)), ("bn", ChannelNorm(5, eps=1e-3, bias=False)), ("act", nn.Tanh()),
            ("dense2", dense(5, 4))], "cross_entropy"),
    "layer_norm_images": (
        (3, 5, 4), 9, [
            ("conv1", nn.Conv2d(3, 10, 3, padding=1)), ("bn1", ChannelNorm(10)), ("act", nn.GELU()),
            ("bn2", ChannelNorm(10, eps=1e-3)), ("flatten", nn.Flatten()), ("dense1", dense(200, 4))],
        "cross_entropy"),
}


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(21)
    fixture = Fixture("gelu_layer_norm.txt")
    for name, (shape, rows, layers, kind) in CASES.items():
        layer_case(fixture, name, shape, rows, layers, kind)
    fixture.write()


if __name__ == "__main__":
    main()
