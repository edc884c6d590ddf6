#!/usr/bin/env python3
"""Writes parameters.txt beside this file: the number of trained values of the models in config/bench.

PyTorch counts them.
"""
import pathlib

from torch import nn


def mlp():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))


def block(inputs, outputs, stride):
    """A residual block's layers; their number of values does not depend on how they are connected."""
    layers = [
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs),
        nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)]
    if stride != 1 or inputs != outputs:
        layers += [nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)]
    return nn.ModuleList(layers)


def resnet(widths, blocks):
    layers, inputs = [nn.Conv2d(3, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0])], widths[0]
    for stage, width in enumerate(widths):
        for number in range(blocks):
            layers.append(block(inputs, width, 2 if stage > 0 and number == 0 else 1))
            inputs = width
    return nn.ModuleList(layers + [nn.Linear(inputs, 10)])


def recurrent(kind):
    return nn.ModuleList([kind(256, 256), nn.Linear(256, 10)])


models = {
    "mlp": mlp(), "cnn": cnn(), "resnet20": resnet([16, 32, 64], 3),
    "resnet18": resnet([64, 128, 256, 512], 2), "lstm": recurrent(nn.LSTM), "gru": recurrent(nn.GRU),
    "rnn": recurrent(nn.RNN),
}
with open(pathlib.Path(__file__).parent / "parameters.txt", "w") as file:
    for name, model in models.items():
        file.write(f"{name} {sum(p.numel() for p in model.parameters())}\n")
