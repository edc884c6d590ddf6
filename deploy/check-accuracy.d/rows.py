#!/usr/bin/env python3
"""Trains the network of the ready job mnist-rows-gru in PyTorch: a digit is 28 steps of 28 values.

    rows.py MNIST_FOLDER [--seeds N] [--set FIELD=VALUE]…

Values are normalised by the mean and deviation of all training pixels. The result of a seed is the accuracy
on the 10,000 test images after the last epoch.
"""
import gzip
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import seeds

SETTINGS = {"units": 128, "batch": 128, "epochs": 5, "rate": 2e-3, "clip": 1.0}


def read(folder, part):
    """Images [count, 28, 28] of values from 0 to 255, and labels."""
    arrays = []
    for name, header in ((f"{part}-images-idx3-ubyte", 16), (f"{part}-labels-idx1-ubyte", 8)):
        path = next(folder.glob(name + "*"))
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        arrays.append(np.frombuffer(data, np.uint8, offset=header).astype(np.int64))
    return torch.from_numpy(arrays[0]).view(-1, 28, 28).float(), torch.from_numpy(arrays[1])


class RowsGRU(nn.Module):
    def __init__(self, units):
        super().__init__()
        self.gru = nn.GRU(28, units, batch_first=True)
        self.head = nn.Linear(units, 10)

    def forward(self, x):
        return self.head(self.gru(x)[0][:, -1])


def train(s, images, labels):
    network = RowsGRU(s["units"])
    optimizer = torch.optim.Adam(network.parameters(), lr=s["rate"], fused=True)
    steps = -(-len(images) // s["batch"]) * s["epochs"]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(s["epochs"]):
        for rows in torch.randperm(len(images)).split(s["batch"]):
            optimizer.zero_grad()
            F.cross_entropy(network(images[rows]), labels[rows]).backward()
            nn.utils.clip_grad_norm_(network.parameters(), s["clip"])
            optimizer.step()
            schedule.step()
    return network.eval()


def main():
    parser = seeds.parser(3)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    s = seeds.with_changes(SETTINGS, options)
    (images, labels), (tested, truth) = read(options.folder, "train"), read(options.folder, "t10k")
    mean, deviation = images.mean(), images.std()

    def measure(seed):
        network = train(s, (images - mean) / deviation, labels)
        with torch.no_grad():
            return (network((tested - mean) / deviation).argmax(1) == truth).float().mean().item()

    seeds.report(options, measure)


if __name__ == "__main__":
    main()
