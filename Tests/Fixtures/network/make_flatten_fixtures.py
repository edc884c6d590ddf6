#!/usr/bin/env python3
"""Writes flatten.txt beside this file: what PyTorch computes where a layer of each kind follows a flatten.

The format and the arithmetic are those of make_fixtures.py, which this script uses; run it again only to
change a fixture.
"""
import torch
from torch import nn

import make_fixtures as base
from make_fixtures import Softmax, dense
from make_graph_fixtures import Maxout

SHAPE = (3, 2, 4)


class Concat(nn.Module):
    """The flattened values, then five values of a dense layer."""

    def __init__(self):
        super().__init__()
        self.flatten, self.side, self.bn = nn.Flatten(), dense(24, 5), nn.BatchNorm1d(29)
        self.head = dense(29, 4)

    def forward(self, x):
        x = self.flatten(x)
        return self.head(self.bn(torch.cat([x, self.side(x)], 1)))


class Add(nn.Module):
    """The flattened values, and as many of a dense layer."""

    def __init__(self):
        super().__init__()
        self.flatten, self.side, self.head = nn.Flatten(), dense(24, 24), dense(24, 4)

    def forward(self, x):
        x = self.flatten(x)
        return self.head(torch.tanh(x + self.side(x)))


class Residual(nn.Module):
    """The body is a dense layer and the shortcut the flattened values, of which an activation is taken."""

    def __init__(self):
        super().__init__()
        self.flatten, self.head = nn.Flatten(), dense(24, 4)
        self.block = nn.ModuleDict({"dense1": dense(24, 24)})

    def forward(self, x):
        x = torch.tanh(self.flatten(x))
        return self.head(self.block["dense1"](x) + x)


class Branches(nn.Module):
    """Two branches side by side; one is an activation of the flattened values."""

    def __init__(self):
        super().__init__()
        self.flatten, self.a, self.head = nn.Flatten(), dense(24, 3), dense(27, 4)

    def forward(self, x):
        x = self.flatten(x)
        return self.head(torch.cat([torch.sigmoid(x), self.a(x)], 1))


def behind(*layers):
    return [("flatten", nn.Flatten())] + list(layers) + [("head", dense(24, 4))]


CASES = {
    "dense": (behind(), "cross_entropy"),
    "batch_norm": (behind(("bn1", nn.BatchNorm1d(24))), "cross_entropy"),
    "layer_norm": (behind(("bn1", nn.LayerNorm(24))), "cross_entropy"),
    "softmax": (behind(("act", Softmax())), "cross_entropy"),
    "relu": (behind(("act", nn.ReLU())), "cross_entropy"),
    "gelu": (behind(("act", nn.GELU())), "cross_entropy"),
    "activation_and_batch_norm": (behind(("act", nn.Tanh()), ("bn1", nn.BatchNorm1d(24))), "cross_entropy"),
    "maxout": ([("flatten", nn.Flatten()), ("act", Maxout(2)), ("head", dense(12, 4))], "cross_entropy"),
    "concat": ([("net", Concat())], "cross_entropy"),
    "add": ([("net", Add())], "cross_entropy"),
    "residual": ([("net", Residual())], "cross_entropy"),
    "branches": ([("net", Branches())], "cross_entropy"),
    "output": ([("bn1", nn.BatchNorm2d(3)), ("flatten", nn.Flatten())], "mse"),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(20)
    fixture = base.Fixture("flatten.txt")
    for name, (layers, loss) in CASES.items():
        base.layer_case(fixture, name, SHAPE, 13, layers, loss)
    fixture.write()
