#!/usr/bin/env python3
"""Trains the ready jobs' language models of characters in PyTorch.

    language.py gpt|lstm TEXT [--seeds N] [--set FIELD=VALUE]…

TEXT is tinyshakespeare (plain or .gz); characters are numbered in the order of their code points, the first
90 % are trained on. The result of a seed is the mean loss per character over the whole rest, in consecutive
windows of the context's length.
"""
import gzip
import pathlib

import torch
from torch import nn

import seeds
from gpt import GPT, adamw, learning_rate, token_loss


class LSTM(nn.Module):
    """Embedding, LSTM layers with dropout between them, dense. The state begins with 0 in each window."""

    def __init__(self, vocabulary, layers, embedding, width, dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, width, layers, batch_first=True, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, ids):
        return self.head(self.dropout(self.lstm(self.embedding(ids))[0]))


SETTINGS = {
    "gpt": {
        "network": lambda vocabulary: GPT(vocabulary, 64, layers=4, heads=4, width=128),
        "context": 64, "batch": 12, "steps": 2000, "rate": 1e-3, "least_rate": 1e-4, "warmup": 100,
        "beta2": 0.99, "decay": 0.1},
    "lstm": {
        "network": lambda vocabulary: LSTM(vocabulary, 1, 64, 256, 0.0),
        "context": 64, "batch": 32, "steps": 1000, "rate": 4e-3, "least_rate": 4e-4, "warmup": 50,
        "beta2": 0.99, "decay": 0.0},
}


def read(path):
    """The tokens of both parts and the size of the vocabulary."""
    data = pathlib.Path(path).read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    characters = sorted(set(text))
    ids = torch.tensor([characters.index(c) for c in text])
    first = int(0.9 * len(ids))
    return ids[:first], ids[first:], len(characters)


def train(s, ids, vocabulary):
    network = s["network"](vocabulary)
    optimizer = adamw(network, s["rate"], s["beta2"], s["decay"])
    for step in range(s["steps"]):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(s, step, s["steps"])
        offsets = torch.randint(len(ids) - s["context"], (s["batch"],))
        windows = torch.stack([ids[o:o + s["context"] + 1] for o in offsets])
        optimizer.zero_grad()
        token_loss(network(windows[:, :-1]), windows[:, 1:]).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    return network.eval()


@torch.no_grad()
def evaluate(network, ids, context):
    """Every token but the first is predicted once."""
    whole = (len(ids) - 1) // context * context
    x, y = (ids[k:k + whole].view(-1, context).split(256) for k in (0, 1))
    total = sum(token_loss(network(a), b).item() * b.numel() for a, b in zip(x, y))
    if rest := len(ids) - 1 - whole:
        total += token_loss(network(ids[None, whole:-1]), ids[None, whole + 1:]).item() * rest
    return total / (len(ids) - 1)


def main():
    parser = seeds.parser(5)
    parser.add_argument("network", choices=SETTINGS)
    parser.add_argument("text")
    options = parser.parse_args()
    s = seeds.with_changes(SETTINGS[options.network], options)
    first, rest, vocabulary = read(options.text)
    seeds.report(options, lambda seed: evaluate(train(s, first, vocabulary), rest, s["context"]))


if __name__ == "__main__":
    main()
