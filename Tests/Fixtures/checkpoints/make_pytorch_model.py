#!/usr/bin/env python3
"""Makes pytorch-mlp.safetensors (a model's state_dict) and pytorch-mlp-predictions.safetensors (inputs, and
the outputs that PyTorch computes from them in double precision):

    pip install torch safetensors; python3 make_pytorch_model.py

Inputs are stored as height, width, channels, the order of dist-train; PyTorch's flatten sees channels first.
"""

import os

import torch
from safetensors.torch import save_file
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense1 = nn.Linear(4 * 5 * 3, 24, bias=False)
        self.dense1.add_module("bn", nn.BatchNorm1d(24))
        self.dense2 = nn.Linear(24, 11)
        self.dense2.add_module("bn", nn.BatchNorm1d(11, eps=1e-3))
        self.head = nn.Linear(11, 5)

    def forward(self, x):
        x = torch.relu(self.dense1.bn(self.dense1(torch.flatten(x, 1))))
        return self.head(torch.tanh(self.dense2.bn(self.dense2(x))))


torch.manual_seed(20)
model = Model()
with torch.no_grad():
    for bn in (model.dense1.bn, model.dense2.bn):
        bn.weight.uniform_(0.5, 1.5)
        bn.bias.uniform_(-0.5, 0.5)
        bn.running_mean.normal_(0, 0.3)
        bn.running_var.uniform_(0.2, 2)
        bn.num_batches_tracked.fill_(77)
model.eval()
x = torch.randn(9, 3, 4, 5)
folder = os.path.dirname(os.path.abspath(__file__))
save_file(model.state_dict(), os.path.join(folder, "pytorch-mlp.safetensors"), metadata={"format": "pt"})
with torch.no_grad():
    logits = model.double()(x.double()).float()
predictions = {"input": x.permute(0, 2, 3, 1).contiguous(), "logits": logits}
save_file(predictions, os.path.join(folder, "pytorch-mlp-predictions.safetensors"))
