#!/usr/bin/env python3
"""Writes sequence_layers.txt beside this file: small networks for sequences of unequal lengths by PyTorch.

Needs torch (2.13.0 made the committed file); run it again only to change a fixture. The format and the
arithmetic are those of layers.txt (make_fixtures.py), but there is one batch. Its samples are written packed:
`lengths`, and in `x` the positions of the first sample, then those of the second one, and so on. A sample has
no padding in any of the computations: recurrent layers take it packed, other layers by itself.
"""
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from make_fixtures import Fixture

LENGTHS = [3, 1, 9, 4, 9, 2, 1]
CHANNELS, CLASSES = 5, 3


class Recurrent(nn.Module):
    """A recurrent layer on packed sequences: its outputs, or those behind its last steps."""

    def __init__(self, layer, last=False):
        super().__init__()
        self.layer, self.last = layer, last

    def forward(self, sequences):
        outputs, state = self.layer(pack_sequence(sequences, enforce_sorted=False))
        if not self.last:
            padded, lengths = pad_packed_sequence(outputs, batch_first=True)
            return [padded[i, :length] for i, length in enumerate(lengths)]
        state = state[0] if isinstance(state, tuple) else state
        directions = 2 if self.layer.bidirectional else 1
        return list(torch.cat(list(state[-directions:]), 1))


class Convolution(nn.Module):
    def __init__(self, layer, causal=False):
        super().__init__()
        self.layer, self.causal = layer, causal

    def forward(self, sequences):
        before = self.layer.kernel_size[0] - 1 if self.causal else 0
        return [torch.relu(self.layer(F.pad(s.T, (before, 0)))).T for s in sequences]


class EachSample(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, sequences):
        return [self.function(s) for s in sequences]


def network(layer, width, pool=None):
    """A dense layer in front, so that the gradient of the layer's input counts."""
    parts = {"dense1": nn.Linear(CHANNELS, 6), "layer": layer, "head": nn.Linear(width, CLASSES)}

    def forward(sequences):
        values = layer([parts["dense1"](s) for s in sequences])
        return parts["head"](torch.stack([pool(v) for v in values] if pool else values))

    return parts, forward


def mean(s):
    return s.mean(0)


def largest(s):
    return s.amax(0) if len(s) > 1 else s[0]


CASES = {
    "rnn_tanh": lambda: network(Recurrent(nn.RNN(6, 7)), 7, mean),
    "rnn_relu": lambda: network(
        Recurrent(nn.RNN(6, 7, bidirectional=True, nonlinearity="relu"), last=True), 14),
    "lstm": lambda: network(Recurrent(nn.LSTM(6, 17)), 17, largest),
    "lstm_last": lambda: network(Recurrent(nn.LSTM(6, 7, num_layers=2), last=True), 7),
    "gru": lambda: network(Recurrent(nn.GRU(6, 7, num_layers=2, bidirectional=True)), 14, lambda s: s[-1]),
    "gru_last": lambda: network(Recurrent(nn.GRU(6, 20, bidirectional=True), last=True), 40),
    "conv1d": lambda: network(Convolution(nn.Conv1d(6, 8, 3, padding="same")), 8, largest),
    "conv1d_even": lambda: network(Convolution(nn.Conv1d(6, 8, 4, padding="same", bias=False)), 8, mean),
    "conv1d_causal": lambda: network(Convolution(nn.Conv1d(6, 8, 3), causal=True), 8, lambda s: s[0] + s[-1]),
}


def name_of(part, key):
    return f"{part}.{key.removeprefix('layer.')}"


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(31)
    fixture = Fixture("sequence_layers.txt")
    for name, make in CASES.items():
        parts, forward = make()
        for part, module in parts.items():
            for key, p in module.named_parameters():
                with torch.no_grad():
                    p.copy_(torch.randn(p.shape) * (0.4 if p.dim() > 1 else 0.2))
                fixture.add(f"{name}/{name_of(part, key)}", p)
            module.double()
        x = [torch.randn(length, CHANNELS) for length in LENGTHS]
        labels = torch.randint(CLASSES, (len(LENGTHS),))
        fixture.add(f"{name}/x", torch.cat(x))
        fixture.add(f"{name}/labels", labels)
        output = forward([s.double() for s in x])
        loss = F.cross_entropy(output, labels)
        loss.backward()
        fixture.add(f"{name}/output", output)
        fixture.add(f"{name}/loss", loss)
        for part, module in parts.items():
            for key, p in module.named_parameters():
                fixture.add(f"{name}/gradient/{name_of(part, key)}", p.grad)
    fixture.add("lengths", torch.tensor(LENGTHS))
    fixture.write()


if __name__ == "__main__":
    main()
