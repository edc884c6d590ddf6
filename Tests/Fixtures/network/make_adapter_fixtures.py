#!/usr/bin/env python3
"""Writes adapters.txt beside this file: a network with low-rank adapters, trained by PyTorch in float64.

Needs torch (2.13.0); run it again only to change the fixture. The lines are those of make_fixtures.py. An
adapted layer is peft's (`lora.Linear` without dropout): y = xWᵀ + b + alpha/rank · (xAᵀ)Bᵀ, A [rank, in], B
[out, rank], of which A and B are trained alone; the head is trained as a whole (peft's `modules_to_save`).

TENSOR: the values before. x, labels: the batch. losses: the mean over the batch before each of 20 steps.
trained/TENSOR: the values after 20 steps of SGD with momentum. logits: of the trained network.
"""
import pathlib

import torch
from torch import nn

import make_fixtures as base


class Adapted(nn.Module):
    def __init__(self, inputs, outputs, rank, alpha):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * 0.4, requires_grad=False)
        self.bias = nn.Parameter(torch.randn(outputs) * 0.4, requires_grad=False)
        self.lora_A = nn.Linear(inputs, rank, bias=False)
        self.lora_B = nn.Linear(rank, outputs, bias=False)
        nn.init.normal_(self.lora_B.weight, std=0.2)  # not zeros, so that both gradients count at once
        self.scale = alpha / rank

    def forward(self, x):
        return x @ self.weight.T + self.bias + self.scale * self.lora_B(self.lora_A(x))


torch.manual_seed(19)
torch.set_default_dtype(torch.float64)
model = nn.Sequential()
model.add_module("first", Adapted(7, 33, 3, 6))
model.add_module("tanh", nn.Tanh())
model.add_module("second", Adapted(33, 9, 3, 6))
model.add_module("relu", nn.ReLU())
model.add_module("head", nn.Linear(9, 4))
with torch.no_grad():
    for values in model.state_dict().values():
        values.copy_(values.float())
fixture = base.Fixture("adapters.txt")
x, labels = torch.randn(11, 7).float().double(), torch.randint(4, (11,))
for name, values in model.state_dict().items():
    fixture.add(name, values.numpy())
fixture.add("x", x.numpy())
fixture.add("labels", labels.numpy())
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1, momentum=0.9)
losses = []
for _ in range(20):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), labels)
    losses.append(loss.item())
    loss.backward()
    optimizer.step()
fixture.add("losses", losses)
for name, values in model.state_dict().items():
    fixture.add(f"trained/{name}", values.numpy())
fixture.add("logits", model(x).detach().numpy())
fixture.write()
