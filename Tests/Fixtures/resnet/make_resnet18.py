#!/usr/bin/env python3
"""Writes tensors.txt and resnet18.txt beside this file: torchvision's ResNet-18 by PyTorch.

tensors.txt has the names and shapes of its tensors, resnet18.txt its outputs for made-up images.

    make_resnet18.py                    the fixture
    make_resnet18.py FILE.safetensors   the network's tensors in a file that PyTorch's tools wrote

The network is torchvision's (resnet.py, BasicBlock), written out here so that torch alone is needed. Weights
and images follow a formula of integers (`made_up` below), so that tests can make them again: the file would
have 47 MB.
The lines of resnet18.txt are those of ../network/make_fixtures.py.
"""
import pathlib
import sys

import numpy as np
import torch
from torch import nn

sys.path.append(str(pathlib.Path(__file__).parent.parent / "network"))
import make_fixtures as base

SIZE, CLASSES = 64, 1000


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + shortcut)


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        widths = [64, 64, 128, 256, 512]
        for stage in range(1, 5):
            stride = 1 if stage == 1 else 2
            self.add_module(f"layer{stage}", nn.Sequential(
                BasicBlock(widths[stage - 1], widths[stage], stride),
                BasicBlock(widths[stage], widths[stage], 1)))
        self.fc = nn.Linear(512, CLASSES)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for stage in range(1, 5):
            x = getattr(self, f"layer{stage}")(x)
        return self.fc(x.mean((2, 3)))


def made_up(seed, count):
    """Numbers from -1 to 1: high bits of a linear congruential sequence, each computed from its index."""
    index = np.arange(count, dtype=np.uint64) + np.uint64(seed) * np.uint64(1_000_003)
    mixed = (index * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)) >> np.uint64(33)
    mixed = (mixed * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    return mixed.astype(np.float64) / 2.0 ** 31 - 1


def fill(network):
    state = network.state_dict()
    for seed, (name, tensor) in enumerate(state.items()):
        if name.endswith("num_batches_tracked"):
            continue
        values = made_up(seed, tensor.numel())
        if tensor.dim() > 1:
            values *= (6.0 / (tensor.numel() // tensor.shape[0])) ** 0.5
        elif name.endswith("running_var") or (name.endswith("weight") and tensor.dim() == 1):
            values = 1 + values / 2
        else:
            values *= 0.25
        tensor.copy_(torch.from_numpy(values.astype(np.float32)).reshape(tensor.shape))
    return state


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    network = ResNet18().eval()
    with torch.no_grad():
        state = fill(network)
        if len(sys.argv) > 1:
            from safetensors.torch import save_file
            save_file({name: tensor.contiguous() for name, tensor in state.items()}, sys.argv[1])
            return
        images = made_up(999, 2 * 3 * SIZE * SIZE).astype(np.float32).reshape(2, SIZE, SIZE, 3)
        logits = network.double()(torch.from_numpy(images).double().permute(0, 3, 1, 2))
    lines = [" ".join([name, "x".join(map(str, t.shape)) or "1"]) for name, t in state.items()]
    pathlib.Path(__file__).with_name("tensors.txt").write_text("\n".join(lines) + "\n")
    fixture = base.Fixture("resnet18.txt")
    fixture.path = pathlib.Path(__file__).with_name("resnet18.txt")
    fixture.add("logits", logits)
    fixture.write()


if __name__ == "__main__":
    main()
