#!/usr/bin/env python3
"""Writes gpt_nano.txt beside this file: the losses of nanoGPT's small model over its first 100 steps.

    make_gpt_nano.py tinyshakespeare.txt[.gz]                        the fixture
    make_gpt_nano.py tinyshakespeare.txt[.gz] FILE.safetensors       its first weights, for other programs

Needs torch (2.13.0 made the committed file); run it again only to change the fixture. The model and the
settings are nanoGPT's for a CPU: 4 layers, 4 heads, width 128, context 64, no biases, no dropout, batch 12;
AdamW with beta 0.9 and 0.99, epsilon 1e-8, weight decay 0.1 of tensors of two or more dimensions, the norm of
the gradient clipped at 1; a learning rate of 0.001 · min(1, (step + 1)/100), counted from 0.

The text's characters are numbered in the order of their code points, and its first 90 % are trained on. The
lines are those of ../network/make_fixtures.py:

    made_up/TENSOR     [seed, scale, offset]: the first weights are float32(offset + scale · made_up(seed)),
                       with made_up of ../resnet/make_resnet18.py, in PyTorch's order of a tensor's elements
    offsets            [steps, samples]: a sample is 64 characters from its offset; its labels are those from
                       the next character
    losses             the mean loss of each step before its update, in float64
    losses32           the same by PyTorch in float32
    distance           for each step, the largest distance from `losses` of three trainings in float32: as it
                       is, the samples in another order, and from weights that differ by a factor 1 ± 6e-8
"""
import copy
import gzip
import pathlib
import sys

import numpy as np
import torch

HERE = pathlib.Path(__file__).parent
sys.path.extend(str(HERE.parent / folder) for folder in ("network", "resnet"))
sys.path.append(str(HERE.parent.parent.parent / "deploy/check-accuracy.d"))
import make_fixtures as base
from gpt import GPT, adamw, token_loss
from make_recurrent_networks import perturbed
from make_resnet18 import made_up

STEPS, SAMPLES, CONTEXT, LAYERS = 100, 12, 64, 4


def read_text(path):
    data = pathlib.Path(path).read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()


def fill(network, fixture):
    """Uniform weights with the deviations of nanoGPT's normal ones."""
    for seed, (name, p) in enumerate(network.named_parameters()):
        deviation = 0.02 / (2 * LAYERS) ** 0.5 if name.endswith("c_proj.weight") else 0.02
        scale, offset = (np.float32(deviation * 3 ** 0.5), 0) if p.dim() == 2 else (0, 1)
        values = (offset + np.float64(scale) * made_up(seed, p.numel())).astype(np.float32)
        p.copy_(torch.from_numpy(values).reshape(p.shape))
        fixture.add(f"made_up/{name}", [seed, scale, offset])


def train(network, ids, offsets):
    network = copy.deepcopy(network)
    optimizer = adamw(network, 1e-3, fused=False)
    losses = []
    for step, batch in enumerate(offsets):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 100)
        windows = torch.stack([ids[o:o + CONTEXT + 1] for o in batch])
        optimizer.zero_grad()
        loss = token_loss(network(windows[:, :-1]), windows[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(31)
    text = read_text(sys.argv[1])
    characters = sorted(set(text))
    ids = torch.tensor([characters.index(c) for c in text[:int(0.9 * len(text))]])
    fixture = base.Fixture("gpt_nano.txt")
    fixture.path = HERE / "gpt_nano.txt"
    network = GPT(len(characters), CONTEXT, LAYERS, heads=4, width=128)
    with torch.no_grad():
        fill(network, fixture)
    if len(sys.argv) > 2:
        from safetensors.torch import save_file
        save_file({name: p.detach() for name, p in network.named_parameters()}, sys.argv[2])
        return
    offsets = torch.randint(len(ids) - CONTEXT, (STEPS, SAMPLES))
    fixture.add("offsets", offsets)
    exact = train(copy.deepcopy(network).double(), ids, offsets)
    losses = train(network, ids, offsets)
    other_order = torch.stack([batch[torch.randperm(SAMPLES)] for batch in offsets])
    others = [losses, train(network, ids, other_order), train(perturbed(network), ids, offsets)]
    distance = torch.stack([(other - exact).abs() for other in others]).amax(0)
    fixture.add("losses", exact)
    fixture.add("losses32", losses)
    fixture.add("distance", distance)
    print(f"  loss {exact[0]:.4f} to {exact[-1]:.4f}, largest distance of float32 {distance.max():.2g}")
    fixture.write()


if __name__ == "__main__":
    main()
