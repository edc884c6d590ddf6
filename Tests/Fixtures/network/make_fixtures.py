#!/usr/bin/env python3
"""Writes layers.txt and optimizers.txt beside this file: what PyTorch computes for small networks.

Needs torch (2.13.0 made the committed files); run it again only to change a fixture. A line is

    CASE/TENSOR  DIMENSION×DIMENSION  BITS BITS ...

with the bits of each float32 as 8 hexadecimal digits. Images are written as NHWC, parameters as PyTorch has
them.

layers.txt: float64 arithmetic on float32 numbers, rounded at the end, so that it is nearer to the truth than
what it checks. Every case sees three batches in training mode, without updates in between; output, loss and
gradients are those of the last one, the running statistics those after all three, and `evaluation` is the
first batch in evaluation mode after that.
optimizers.txt: float32, 20 updates on 20 batches: what PyTorch's own training gives.
"""
import pathlib
from collections import OrderedDict

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
BATCHES = 3


class Softmax(nn.Module):
    def forward(self, x):
        return torch.softmax(x, dim=1)


def dense(inputs, units, bias=True):
    return nn.Linear(inputs, units, bias=bias)


# name: (sample shape in PyTorch's order, samples in a batch, layers, loss)
LAYER_CASES = {
    "dense": ((5,), 11, [("dense1", dense(5, 7)), ("dense2", dense(7, 3))], "mse"),
    "dense_without_bias": (
        (5,), 11, [("dense1", dense(5, 7, False)), ("dense2", dense(7, 3, False))], "cross_entropy"),
    "relu": (
        (6,), 13, [("dense1", dense(6, 9)), ("act", nn.ReLU()), ("dense2", dense(9, 4))], "cross_entropy"),
    "sigmoid": ((6,), 13, [("dense1", dense(6, 9)), ("act", nn.Sigmoid()), ("dense2", dense(9, 4))], "mse"),
    "tanh": (
        (6,), 13, [("dense1", dense(6, 9)), ("act", nn.Tanh()), ("dense2", dense(9, 4))], "cross_entropy"),
    "softmax": ((6,), 13, [("dense1", dense(6, 5)), ("act", Softmax()), ("dense2", dense(5, 4))], "mse"),
    "softmax_last": ((6,), 13, [("dense1", dense(6, 5)), ("act", Softmax())], "mse"),
    "batch_norm": ((6,), 24, [
        ("dense1", dense(6, 10, False)), ("bn", nn.BatchNorm1d(10)), ("act", nn.Tanh()),
        ("dense2", dense(10, 3))],
        "cross_entropy"),
    "batch_norm_images": ((3, 4, 5), 9, [
        ("bn1", nn.BatchNorm2d(3, eps=1e-3, momentum=0.3)), ("act", nn.Sigmoid()), ("bn2", nn.BatchNorm2d(3)),
        ("flatten", nn.Flatten()), ("dense1", dense(60, 4))], "cross_entropy"),
    "mlp": ((8,), 40, [
        ("dense1", dense(8, 20, False)), ("bn1", nn.BatchNorm1d(20)), ("relu1", nn.ReLU()),
        ("dense2", dense(20, 12, False)), ("bn2", nn.BatchNorm1d(12)), ("relu2", nn.ReLU()),
        ("head", dense(12, 5))],
        "cross_entropy"),
}


def small_network():
    return [
        ("dense1", dense(6, 12, False)), ("bn1", nn.BatchNorm1d(12)), ("relu1", nn.ReLU()),
        ("dense2", dense(12, 8)), ("tanh2", nn.Tanh()), ("head", dense(8, 3))]


OPTIMIZER_CASES = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.9, 0.999), eps=1e-8),
}


class Fixture:
    def __init__(self, name):
        self.path, self.lines = HERE / name, []

    def add(self, name, tensor):
        array = np.asarray(tensor.detach() if isinstance(tensor, torch.Tensor) else tensor).astype(np.float32)
        shape = "x".join(str(n) for n in array.shape) or "1"
        words = [f"{bits:08x}" for bits in array.reshape(-1).view(np.uint32)]
        self.lines.append(" ".join([name, shape] + words))

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")
        print(self.path.name, self.path.stat().st_size, "bytes")


def channels_last(x):
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


def randomize(network):
    """Parameters that are float32 numbers and nowhere at a default."""
    with torch.no_grad():
        for name, p in network.named_parameters():
            if p.dim() == 2:
                p.copy_(torch.randn(p.shape) * (1.5 / p.shape[1]) ** 0.5)
            else:
                p.copy_(torch.randn(p.shape) * 0.3 + (1 if "bn" in name and "weight" in name else 0))


def loss_of(kind, output, labels):
    if kind == "cross_entropy":
        return F.cross_entropy(output, labels)
    return F.mse_loss(output, F.one_hot(labels, output.shape[1]).to(output.dtype))


def layer_case(fixture, name, shape, rows, layers, kind):
    network = nn.Sequential(OrderedDict(layers))
    randomize(network)
    x = [torch.randn((rows,) + shape) * 1.2 + 0.4 for _ in range(BATCHES)]
    network = network.double()
    for key, p in network.named_parameters():
        fixture.add(f"{name}/{key}", p)
    network.eval()
    classes = network(x[0].double()).shape[1]
    labels = [torch.randint(classes, (rows,)) for _ in range(BATCHES)]
    network.train()
    for batch, label in zip(x, labels):
        network.zero_grad()
        output = network(batch.double())
        loss = loss_of(kind, output, label)
        loss.backward()
    fixture.add(f"{name}/x", torch.stack([channels_last(b) for b in x]))
    fixture.add(f"{name}/labels", torch.stack(labels))
    fixture.add(f"{name}/output", output)
    fixture.add(f"{name}/loss", loss)
    for key, p in network.named_parameters():
        fixture.add(f"{name}/gradient/{key}", p.grad)
    for key, b in network.named_buffers():
        if "running" in key:
            fixture.add(f"{name}/{key}", b)
    network.eval()
    fixture.add(f"{name}/evaluation", network(x[0].double()))


def optimizer_case(fixture, name, make):
    network = nn.Sequential(OrderedDict(small_network()))
    randomize(network)
    steps, rows = 20, 18
    x = torch.randn(steps, rows, 6)
    labels = torch.randint(3, (steps, rows))
    for key, p in network.named_parameters():
        fixture.add(f"{name}/{key}", p)
    fixture.add(f"{name}/x", x)
    fixture.add(f"{name}/labels", labels)
    optimizer = make(network.parameters())
    losses = []
    for batch, label in zip(x, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(batch), label)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    fixture.add(f"{name}/losses", np.array(losses))
    for key, p in network.named_parameters():
        fixture.add(f"{name}/trained/{key}", p)
    for key, b in network.named_buffers():
        if "running" in key:
            fixture.add(f"{name}/{key}", b)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(20)
    fixture = Fixture("layers.txt")
    for name, (shape, rows, layers, kind) in LAYER_CASES.items():
        layer_case(fixture, name, shape, rows, layers, kind)
    fixture.write()
    fixture = Fixture("optimizers.txt")
    for name, make in OPTIMIZER_CASES.items():
        optimizer_case(fixture, name, make)
    fixture.write()


if __name__ == "__main__":
    main()
