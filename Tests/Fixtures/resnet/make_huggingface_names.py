#!/usr/bin/env python3
"""Writes huggingface.txt beside this file: each tensor of transformers' ResNet-18, its shape, and its name in
torchvision's network (make_resnet18.py).

Needs torch and transformers (5.24); run it again only to change the fixture. The pairs are proven by the two
networks' outputs: with random tensors, copied from one to the other by these names, they agree.
"""
import pathlib
import re

import torch
from transformers import ResNetConfig, ResNetForImageClassification

from make_resnet18 import CLASSES, ResNet18


def name(other):
    """torchvision's name; transformers has blocks of (convolution, normalization) in stages from 0."""
    other = other.removeprefix("resnet.").replace("embedder.embedder.", "stem.")
    layer = {"convolution": "conv", "normalization": "bn"}
    if found := re.fullmatch(r"stem\.(\w+)\.(\w+)", other):
        return f"{layer[found[1]]}1.{found[2]}"
    if found := re.fullmatch(r"encoder\.stages\.(\d)\.layers\.(\d)\.layer\.(\d)\.(\w+)\.(\w+)", other):
        return f"layer{int(found[1]) + 1}.{found[2]}.{layer[found[4]]}{int(found[3]) + 1}.{found[5]}"
    if found := re.fullmatch(r"encoder\.stages\.(\d)\.layers\.(\d)\.shortcut\.(\w+)\.(\w+)", other):
        place = {"convolution": 0, "normalization": 1}[found[3]]
        return f"layer{int(found[1]) + 1}.{found[2]}.downsample.{place}.{found[4]}"
    return "fc." + re.fullmatch(r"classifier\.1\.(\w+)", other)[1]


torch.manual_seed(3)
config = ResNetConfig(
    depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512], layer_type="basic", num_labels=CLASSES)
theirs, ours = ResNetForImageClassification(config), ResNet18()
for key, values in theirs.state_dict().items():
    if values.is_floating_point():
        values.copy_(torch.rand(values.shape) * 0.1 + 0.05 * ("running_var" in key))
state = {name(key): values for key, values in theirs.state_dict().items()}
ours.load_state_dict(state)
images = torch.randn(2, 3, 64, 64)
with torch.no_grad():
    a, b = theirs.eval()(images).logits, ours.eval()(images)
assert torch.allclose(a, b, rtol=1e-4), (a - b).abs().max() / a.abs().max()
lines = [f"{key} {'x'.join(map(str, values.shape)) or '1'} {name(key)}"
         for key, values in theirs.state_dict().items()]
(pathlib.Path(__file__).parent / "huggingface.txt").write_text("\n".join(lines) + "\n")
