#!/usr/bin/env python3
"""Writes graph.txt beside this file: networks with joins and single activations by PyTorch.

The format and the arithmetic are those of make_fixtures.py, which this script uses; run it again only to
change a fixture.
"""
import torch
from torch import nn

import make_fixtures as base
from make_fixtures import dense


class Maxout(nn.Module):
    def __init__(self, pieces):
        super().__init__()
        self.pieces = pieces

    def forward(self, x):
        return x.view(x.shape[0], -1, self.pieces).max(-1).values


class Residual(nn.Module):
    """dense1, then body(x) + x, then body2(x) + shortcut(x), then the head."""

    def __init__(self):
        super().__init__()
        self.dense1 = dense(6, 7)
        self.inner = nn.ModuleDict({"dense1": dense(7, 7), "dense2": dense(7, 7)})
        self.down = nn.ModuleDict({
            "dense1": dense(7, 5, False), "bn1": nn.BatchNorm1d(5),
            "downsample": nn.Sequential(dense(7, 5, False), nn.BatchNorm1d(5))})
        self.head = dense(5, 3)

    def forward(self, x):
        x = torch.tanh(self.dense1(x))
        x = torch.tanh(self.inner["dense2"](torch.tanh(self.inner["dense1"](x))) + x)
        x = torch.relu(torch.tanh(self.down["bn1"](self.down["dense1"](x))) + self.down["downsample"](x))
        return self.head(x)


class Branches(nn.Module):
    """Three branches side by side, one of them an activation alone, and a layer that is read again later."""

    def __init__(self):
        super().__init__()
        self.stem = dense(6, 5)
        self.a = dense(5, 4)
        self.b1, self.b2 = dense(5, 6), dense(6, 2)
        self.merge = dense(11, 5)
        self.side = dense(5, 5)
        self.head = dense(10, 4)

    def forward(self, x):
        x = self.stem(x)
        y = torch.cat([self.a(x), self.b2(torch.sigmoid(self.b1(x))), torch.tanh(x)], 1)
        merged = self.merge(y)
        total = merged + self.side(x) + x
        return self.head(torch.cat([total, torch.tanh(merged)], 1))


CASES = {
    "leaky_relu": [("dense1", dense(6, 9)), ("act", nn.LeakyReLU(0.2)), ("dense2", dense(9, 4))],
    "elu": [("dense1", dense(6, 9)), ("act", nn.ELU(0.7)), ("dense2", dense(9, 4))],
    "maxout": [("dense1", dense(6, 12)), ("act", Maxout(3)), ("dense2", dense(4, 4))],
    "residual": [("net", Residual())],
    "branches": [("net", Branches())],
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(20)
    fixture = base.Fixture("graph.txt")
    for name, layers in CASES.items():
        base.layer_case(fixture, name, (6,), 17, layers, "cross_entropy")
    fixture.write()
