#!/usr/bin/env python3
"""Writes lstm.txt and gru.txt beside this file: 20 steps of training of two small recurrent networks.

Needs torch (2.13.0 made the committed files); run it again only to change a fixture. The lines are those of
../network/make_fixtures.py: a name, dimensions, the bits of each float32.

Sequences have unequal lengths and are written packed: `lengths` is [steps, samples], and `x` has the
positions of the first step's first sample, then those of its second one, and so on. Token ids and labels are
numbers. For each rule R of `sgd` (learning rate 0.1) and `adam` (0.002, beta 0.9 and 0.999, epsilon 1e-8):

    TENSOR, x, lengths, labels   what the training starts from; weights by PyTorch's names
    R/losses                     the mean loss of each step before its update, in float64
    R/trained/TENSOR             after the last step, in float64, rounded
    R/distance/TENSOR            the largest distance from that of three trainings in float32: as it is, with
                                 the samples of each batch in another order, and from weights that differ by
                                 a factor of 1 ± 6e-8

The LSTM has two layers in both directions, the GRU two layers in one; the head reads the last output of the
last layer, which for the reverse direction is that at the first position (PyTorch's h_n).
"""
import copy
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "network"))
import make_fixtures as base

STEPS = 20
RULES = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.1),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.002),
}


class RecurrentClassifier(nn.Module):
    """[embedding →] recurrent layers → dense on their last output."""

    def __init__(self, name, layer, classes, tokens=None):
        super().__init__()
        self.name = name
        if tokens:
            self.embedding = nn.Embedding(tokens, layer.input_size)
        self.add_module(name, layer)
        directions = 2 if layer.bidirectional else 1
        self.head = nn.Linear(directions * layer.hidden_size, classes)

    def loss(self, sequences, labels):
        lengths = [len(sequence) for sequence in sequences]
        x = pad_sequence(sequences, batch_first=True)
        if hasattr(self, "embedding"):
            x = self.embedding(x)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        state = getattr(self, self.name)(packed)[1]
        last = state[0] if isinstance(state, tuple) else state
        last = torch.cat([last[-2], last[-1]], 1) if getattr(self, self.name).bidirectional else last[-1]
        return F.cross_entropy(self.head(last), labels)


def token_sequences(lengths, vocabulary):
    return [torch.randint(vocabulary, (length,)) for length in lengths]


def random_lengths(samples, longest):
    """One of each batch has the length 1, one the largest."""
    lengths = torch.randint(1, longest + 1, (samples,))
    lengths[torch.randperm(samples)[:2]] = torch.tensor([1, longest])
    return lengths.tolist()


def cases():
    """name: (network, a function that makes a batch of sequences and labels)"""
    lstm = nn.LSTM(6, 7, num_layers=2, bidirectional=True, batch_first=True)
    yield "lstm", RecurrentClassifier("lstm", lstm, 4, tokens=11), lambda: (
        token_sequences(random_lengths(6, 9), 11), torch.randint(4, (6,)))
    gru = nn.GRU(5, 9, num_layers=2, batch_first=True)
    yield "gru", RecurrentClassifier("gru", gru, 3), lambda: (
        [torch.randn(length, 5) for length in random_lengths(6, 10)], torch.randint(3, (6,)))


def train(network, batches, rule):
    """The losses and the trained tensors of a copy."""
    network = copy.deepcopy(network)
    optimizer = RULES[rule](network.parameters())
    losses = []
    for sequences, labels in batches:
        optimizer.zero_grad()
        loss = network.loss(sequences, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64), dict(network.named_parameters())


def permuted(batches):
    for sequences, labels in batches:
        order = torch.randperm(len(sequences))
        yield [sequences[i] for i in order], labels[order]


def perturbed(network):
    """Weights times 1 ± 6e-8, a change of half a unit to one unit of their last bit."""
    network = copy.deepcopy(network)
    with torch.no_grad():
        for p in network.parameters():
            sign = torch.randint(0, 2, p.shape) * 2 - 1
            p.copy_((p.double() * (1 + 6e-8 * sign)).float())
    return network


def in_float64(batches):
    for sequences, labels in batches:
        yield [s.double() if s.is_floating_point() else s for s in sequences], labels


def add_rule(fixture, rule, network, batches):
    exact_losses, exact = train(network.double(), list(in_float64(batches)), rule)
    network.float()
    losses, tensors = train(network, batches, rule)
    others = [tensors, train(network, list(permuted(batches)), rule)[1],
              train(perturbed(network), batches, rule)[1]]
    fixture.add(f"{rule}/losses", exact_losses)
    worst = 0
    for key, p in exact.items():
        distance = max((other[key].double() - p).abs().max().item() for other in others)
        worst = max(worst, distance)
        fixture.add(f"{rule}/trained/{key}", p)
        fixture.add(f"{rule}/distance/{key}", [distance])
    moved = max((exact[key] - p).abs().max().item() for key, p in network.named_parameters())
    print(f"  {rule}: loss {exact_losses[0]:.4f} to {exact_losses[-1]:.4f}, moved {moved:.2g}, largest "
          f"distance of float32 {worst:.2g}, of its losses {(losses - exact_losses).abs().max():.2g}")


def write_case(name, network, make_batch):
    batches = [make_batch() for _ in range(STEPS)]
    fixture = base.Fixture(f"{name}.txt")
    fixture.path = HERE / f"{name}.txt"
    for key, p in network.named_parameters():
        fixture.add(key, p)
    fixture.add("lengths", [[len(s) for s in sequences] for sequences, _ in batches])
    fixture.add("x", torch.cat([s for sequences, _ in batches for s in sequences]))
    fixture.add("labels", torch.stack([labels for _, labels in batches]))
    for rule in RULES:
        add_rule(fixture, rule, network, batches)
    fixture.write()


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(23)
    for name, network, make_batch in cases():
        write_case(name, network, make_batch)


if __name__ == "__main__":
    main()
