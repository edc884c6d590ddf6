#!/usr/bin/env python3
"""Writes groups.txt beside this file: what PyTorch computes with parameter groups and averaged models.

Needs torch (2.13.0); run it again only to change a fixture. The lines are as in make_fixtures.py.

start/TENSOR, gradients/TENSOR: four tensors, and the gradients of 25 steps. `table` has two dimensions
though a network may use it as a shift.
matrices/TENSOR: after 25 steps of AdamW in float64 that decays tensors of two or more dimensions, as
nanoGPT's configure_optimizers does.
weights/TENSOR: the same, decaying `dense` alone.
average/KIND/UPDATES/TENSOR: `AveragedModel` in float32 after so many steps of plain SGD (rate 1/8):
`plain` with get_ema_multi_avg_fn(0.9), `warm` with the decay min(0.9, n/(n + 9)) in the n-th update from 0.
sgd/UPDATES/TENSOR: the parameters themselves.
"""
import pathlib

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

HERE = pathlib.Path(__file__).parent
SHAPES = {"dense": (5, 7), "table": (6, 4), "gain": (20,), "bias": (7,)}
STEPS, KEPT = 25, (1, 2, 3, 10, 25)
lines = []


def add(name, values):
    values = np.asarray(values, dtype=np.float32)
    bits = " ".join(f"{b:08x}" for b in values.reshape(-1).view(np.uint32))
    lines.append(f"{name} {'x'.join(map(str, values.shape))} {bits}")


class Model(torch.nn.Module):
    def __init__(self, start, dtype):
        super().__init__()
        for name, values in start.items():
            setattr(self, name, torch.nn.Parameter(torch.tensor(values, dtype=dtype)))

    def take(self, gradients, step):
        for name, parameter in self.named_parameters():
            parameter.grad = torch.tensor(gradients[name][step], dtype=parameter.dtype)


random = np.random.default_rng(19)
start = {name: random.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}
gradients = {name: random.normal(size=(STEPS, *shape)).astype(np.float32) for name, shape in SHAPES.items()}
for name in SHAPES:
    add(f"start/{name}", start[name])
    add(f"gradients/{name}", gradients[name])

for case, decays in [("matrices", lambda name, p: p.dim() >= 2), ("weights", lambda name, p: name == "dense")]:
    model = Model(start, torch.float64)
    named = list(model.named_parameters())
    optimizer = torch.optim.AdamW(
        [{"params": [p for n, p in named if decays(n, p)], "weight_decay": 0.3},
         {"params": [p for n, p in named if not decays(n, p)], "weight_decay": 0.0}],
        lr=0.02, betas=(0.9, 0.95))
    for step in range(STEPS):
        model.take(gradients, step)
        optimizer.step()
    for name, parameter in named:
        add(f"{case}/{name}", parameter.detach().numpy())


def warm(average, parameter, count):
    """AveragedModel copies in its first update, and calls this with count = 1 in the second."""
    n = int(count)
    return torch.lerp(average, parameter, 1 - min(0.9, n / (n + 9)))


model = Model(start, torch.float32)
optimizer = torch.optim.SGD(model.parameters(), lr=0.125)
averages = {"plain": AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9)),
            "warm": AveragedModel(model, avg_fn=warm)}
for step in range(STEPS):
    model.take(gradients, step)
    optimizer.step()
    for average in averages.values():
        average.update_parameters(model)
    if step + 1 not in KEPT:
        continue
    for name, parameter in model.named_parameters():
        add(f"sgd/{step + 1}/{name}", parameter.detach().numpy())
    for kind, average in averages.items():
        for name, parameter in average.module.named_parameters():
            add(f"average/{kind}/{step + 1}/{name}", parameter.detach().numpy())

(HERE / "groups.txt").write_text("\n".join(lines) + "\n")
