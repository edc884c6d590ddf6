"""PyTorch's training step for the four models of config/bench: forward, cross-entropy, backward, fused Adam.

    step.py MODEL SECONDS THREADS [cl] [compile]       one process; cl: channels_last, compile: torch.compile
    torchrun --nproc-per-node N step.py MODEL SECONDS THREADS
                                                       data parallel over Gloo, a part of the batch each

Prints a line of JSON: milliseconds per step (the best and the median), and the process's peak memory in KiB.
PyTorch's synchronised batch norm refuses CPUs, so in data parallel training each process normalises its part.
"""
import json
import os
import resource
import sys
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn


def mlp():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet(widths, blocks):
    inputs = widths[0]
    layers = [nn.Conv2d(3, inputs, 3, 1, 1, bias=False), nn.BatchNorm2d(inputs), nn.ReLU()]
    for stage, width in enumerate(widths):
        for number in range(blocks):
            layers.append(Block(inputs, width, 2 if stage > 0 and number == 0 else 1))
            inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


MODELS = {
    "mlp": (mlp, (1, 28, 28), 256), "cnn": (cnn, (1, 28, 28), 256),
    "resnet20": (lambda: resnet([16, 32, 64], 3), (3, 32, 32), 128),
    "resnet18": (lambda: resnet([64, 128, 256, 512], 2), (3, 32, 32), 64),
}

name, seconds, threads = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(0)
make, shape, batch = MODELS[name]
model, size, rank = make(), 1, 0
if "RANK" in os.environ:
    dist.init_process_group("gloo")
    size, rank = dist.get_world_size(), dist.get_rank()
x, y = torch.randn(batch // size, *shape), torch.randint(0, 10, (batch // size,))
if "cl" in sys.argv[4:]:
    model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
if "compile" in sys.argv[4:]:
    model = torch.compile(model)
if size > 1:
    model = nn.parallel.DistributedDataParallel(model)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)


def step():
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


def agreed(wanted):
    """Rank 0 decides for all."""
    if size == 1:
        return wanted
    word = torch.tensor([int(wanted)])
    dist.broadcast(word, 0)
    return bool(word[0])


begin, steps = time.perf_counter(), 0
while agreed(steps < 3 or time.perf_counter() - begin < 1):
    step()
    steps += 1
times, begin = [], time.perf_counter()
while agreed(len(times) < 3 or time.perf_counter() - begin < seconds):
    start = time.perf_counter()
    step()
    times.append(time.perf_counter() - start)
times.sort()
if rank == 0:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = {"ms_best": 1e3 * times[0], "ms_median": 1e3 * times[len(times) // 2], "peak_kib": peak}
    print(json.dumps(line), flush=True)
if size > 1:
    dist.destroy_process_group()
