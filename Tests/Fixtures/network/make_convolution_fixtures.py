#!/usr/bin/env python3
"""Writes convolutions.txt beside this file: small networks with convolutions and pools by PyTorch.

The format and the meaning of a case are those of layers.txt, see make_fixtures.py, whose `main` is not run.
Needs torch (2.13.0 made the committed file). `same` paddings of windows with an even size or a stride are
written out as PyTorch wants them, by padding first.
"""
import pathlib

import torch
from torch import nn

source = (pathlib.Path(__file__).parent / "make_fixtures.py").read_text()
helpers = {"__name__": "helpers", "__file__": __file__}
exec(compile(source.replace("\nmain()\n", "\n"), "make_fixtures.py", "exec"), helpers)
Fixture, layer_case, dense = helpers["Fixture"], helpers["layer_case"], helpers["dense"]


def randomize(network):
    with torch.no_grad():
        for name, p in network.named_parameters():
            if p.dim() > 1:
                p.copy_(torch.randn(p.shape) * (1.5 / p[0].numel()) ** 0.5)
            else:
                p.copy_(torch.randn(p.shape) * 0.3 + (1 if "bn" in name and "weight" in name else 0))


helpers["randomize"] = randomize


class Global(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


def conv(inputs, outputs, kernel, stride=1, padding=0, bias=True, bars=None):
    """`bars`: zeros (left, right, top, bottom) where the two sides differ."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=bias)
    return layer if bars is None else Barred(layer, bars)


class Barred(nn.Conv2d):
    """A convolution that pads its sides differently."""

    def __init__(self, layer, bars):
        super().__init__(
            layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, 0,
            bias=layer.bias is not None)
        self.bars = bars

    def forward(self, x):
        return super().forward(nn.functional.pad(x, self.bars))


def head(inputs):
    return [("flatten", nn.Flatten()), ("head", dense(inputs, 3))]


# name: (sample shape in PyTorch's order, samples in a batch, layers, loss)
CASES = {
    "same_3x3": ((3, 6, 5), 7, [
        ("conv1", conv(3, 4, 3, padding=1)), ("act", nn.Tanh()),
        ("conv2", conv(4, 5, 3, padding=1, bias=False))] + head(150), "cross_entropy"),
    "one_by_one": ((3, 4, 5), 9, [
        ("conv1", conv(3, 6, 1)), ("act", nn.Tanh()), ("conv2", conv(6, 4, 1, bias=False)),
        ("conv3", conv(4, 3, 1, 2))] + head(18), "mse"),
    "long_kernels": ((2, 5, 7), 6, [
        ("conv1", conv(2, 4, (1, 3), padding=(0, 1))), ("act", nn.Sigmoid()),
        ("conv2", conv(4, 3, (5, 1), padding=(2, 0)))] + head(105), "cross_entropy"),
    "even_same": ((2, 5, 6), 6, [
        ("conv1", conv(2, 4, 2, bars=(0, 1, 0, 1))), ("act", nn.Tanh()),
        ("conv2", conv(4, 3, 4, 2, bars=(1, 2, 1, 2)))] + head(27), "cross_entropy"),
    "strides": ((3, 9, 8), 5, [
        ("conv1", conv(3, 4, 3, (2, 1))), ("act", nn.Tanh()),
        ("conv2", conv(4, 4, (2, 3), (1, 2), (1, 2)))] + head(80), "mse"),
    "sides": ((2, 6, 5), 5, [
        ("conv1", conv(2, 3, 3, bars=(0, 2, 1, 3))), ("act", nn.Tanh()),
        ("conv2", conv(3, 2, 3, 3, 4))] + head(40), "cross_entropy"),
    "alexnet_stem": ((3, 23, 19), 3, [
        ("conv1", conv(3, 4, 11, 4, 2)), ("act", nn.Tanh()),
        ("pool", nn.MaxPool2d(3, 2))] + head(8), "cross_entropy"),
    "wide": ((20, 5, 4), 5, [
        ("conv1", conv(20, 6, 5, padding=2)), ("act", nn.Tanh()), ("conv2", conv(6, 17, 3, padding=1)),
        ("global", Global()), ("head", dense(17, 3))], "cross_entropy"),
    "max_pools": ((3, 9, 8), 6, [
        ("conv1", conv(3, 4, 1)), ("pool1", nn.MaxPool2d(3, 1, 1)), ("conv2", conv(4, 4, 1)),
        ("pool2", nn.MaxPool2d((2, 3), 2, (0, 1), ceil_mode=True)),
        ("conv3", conv(4, 3, 1)), ("pool3", nn.MaxPool2d(2))] + head(12), "cross_entropy"),
    "average_pools": ((3, 9, 8), 6, [
        ("conv1", conv(3, 4, 1)), ("pool1", nn.AvgPool2d(3, 2, 1)), ("act", nn.Tanh()),
        ("pool2", nn.AvgPool2d((2, 3), (1, 2), (1, 0), ceil_mode=True)),
        ("conv2", conv(4, 3, 1)), ("pool3", nn.AvgPool2d(2))] + head(9), "mse"),
    "network": ((3, 8, 8), 12, [
        ("conv1", conv(3, 6, 3, padding=1, bias=False)), ("bn1", nn.BatchNorm2d(6)), ("relu1", nn.ReLU()),
        ("pool", nn.MaxPool2d(2)),
        ("conv2", conv(6, 8, 3, padding=1, bias=False)), ("bn2", nn.BatchNorm2d(8)), ("relu2", nn.ReLU()),
        ("global", Global()), ("head", dense(8, 3))], "cross_entropy"),
}


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(21)
    fixture = Fixture("convolutions.txt")
    for name, (shape, rows, layers, kind) in CASES.items():
        # Three batches only for layers with a state that outlives a batch.
        helpers["BATCHES"] = 3 if name == "network" else 1
        layer_case(fixture, name, shape, rows, layers, kind)
    fixture.write()


main()
