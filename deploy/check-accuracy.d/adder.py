#!/usr/bin/env python3
"""Trains a small GPT to add two numbers of at most two digits, in PyTorch, as the job adder-gpt does.

    adder.py [--seeds N] [--set FIELD=VALUE]…

A problem is the text "85+50=" and its answer "135": numbers have two digits and answers three, with zeros in
front ("05+07=" and "012"). Each seed draws 500 of the 10,000 problems for the test, which are never trained
on. The loss is that of the answer alone. The result of a seed is how many of the 500 answers are right, digit
for digit, when the most probable digits are taken.
"""
import torch
from torch import nn

import seeds
from gpt import GPT, IGNORED, adamw, learning_rate, token_loss

CHARACTERS = "0123456789+="
PROMPT, ANSWER = 6, 3
SETTINGS = {
    "layers": 2, "heads": 4, "width": 64, "batch": 125, "epochs": 20, "rate": 3e-3, "least_rate": 3e-4,
    "warmup": 100, "decay": 0.1}


def problems():
    """Token ids [10000, 9] of all problems with their answers."""
    lines = [f"{a:02d}+{b:02d}={a + b:03d}" for a in range(100) for b in range(100)]
    return torch.tensor([[CHARACTERS.index(c) for c in line] for line in lines])


def exact(network, rows):
    """The number of right answers by greedy decoding."""
    ids = rows[:, :PROMPT]
    with torch.no_grad():
        for _ in range(ANSWER):
            ids = torch.cat([ids, network(ids)[:, -1:].argmax(2)], 1)
    return (ids == rows).all(1).sum().item()


def train(s):
    rows = problems()[torch.randperm(10_000)]
    tested, trained = rows[:500], rows[500:]
    network = GPT(len(CHARACTERS), PROMPT + ANSWER - 1, s["layers"], s["heads"], s["width"])
    optimizer = adamw(network, s["rate"], decay=s["decay"])
    batches = [rows for _ in range(s["epochs"]) for rows in torch.randperm(len(trained)).split(s["batch"])]
    for step, rows in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(s, step, len(batches))
        batch = trained[rows]
        labels = batch[:, 1:].clone()
        labels[:, :PROMPT - 1] = IGNORED
        optimizer.zero_grad()
        token_loss(network(batch[:, :-1]), labels).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    return exact(network, tested)


def main():
    options = seeds.parser(3).parse_args()
    s = seeds.with_changes(SETTINGS, options)
    seeds.report(options, lambda seed: train(s))


if __name__ == "__main__":
    main()
