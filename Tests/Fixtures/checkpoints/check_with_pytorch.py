#!/usr/bin/env python3
"""Loads the newest checkpoint of a run on the built-in digits into PyTorch, strictly, and compares PyTorch's
loss and accuracy on the validation digits with those of dist-train:

    dist-train run config/digits-mlp.json5 --workers 2 --run-dir /tmp/digits
    pip install torch safetensors numpy; python3 check_with_pytorch.py /tmp/digits

Exit status 0 if they agree (loss to 1e-5, accuracy exactly), 1 with a sentence otherwise."""
import gzip
import json
import os
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

TRAINING_DIGITS = 1437


class Model(nn.Module):
    """The job's layers under their names: `dense1.bn` is a child of `dense1`, as its tensors' names say."""

    def __init__(self, layers, inputs):
        super().__init__()
        self.steps = []
        for layer in layers:
            name, module, width = layer["name"], None, inputs
            if "dense" in layer:
                width = layer["dense"]
                module = nn.Linear(inputs, width, bias=layer["bias"])
            elif "batch_norm" in layer:
                norm = layer["batch_norm"]
                module = nn.BatchNorm1d(inputs, eps=norm["epsilon"], momentum=norm["momentum"])
            elif "activation" in layer:
                function = layer["activation"]
                # Cross-entropy takes logits: a softmax at the end is part of it.
                if not (function == "softmax" and layer is layers[-1]):
                    self.steps.append({"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
                                       "softmax": lambda x: torch.softmax(x, 1)}[function])
            elif "flatten" in layer:
                self.steps.append(lambda x: torch.flatten(x, 1))
            else:
                sys.exit(
                    f"check_with_pytorch: layer `{name}` is of a kind that this script does not know: {layer}"
                )
            if module is not None:
                *parents, last = name.split(".")
                parent = self
                for part in parents:
                    parent = getattr(parent, part)
                parent.add_module(last, module)
                self.steps.append(module)
            inputs = width

    def forward(self, x):
        for step in self.steps:
            x = step(x)
        return x


def read_json(*path):
    with open(os.path.join(*path)) as file:
        return json.load(file)


def digits():
    """The validation digits: [360, 64] and their classes."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
    with gzip.open(os.path.join(root, "Sources", "CDatasets", "digits.csv.gz"), "rt") as file:
        rows = np.loadtxt(file, delimiter=",", skiprows=1)
    if rows.shape != (1797, 65):
        sys.exit(
            f"check_with_pytorch: digits.csv.gz holds {rows.shape}, expected 1797 rows of 64 pixels"
            " and a class"
        )
    return rows[TRAINING_DIGITS:, :64], rows[TRAINING_DIGITS:, 64].astype(np.int64)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check_with_pytorch.py RUN_DIRECTORY")
    run = sys.argv[1]
    job, result = read_json(run, "job.json5"), read_json(run, "result.json")
    if job["loss"] != "cross_entropy" or job["data"].get("validation") != {"builtin": "digits"}:
        sys.exit("check_with_pytorch: the run must use cross_entropy and validate on the built-in digits")
    checkpoints = os.path.join(run, "checkpoints")
    newest = max(name for name in os.listdir(checkpoints) if name.startswith("step-"))
    normalization = read_json(checkpoints, newest, "manifest.json")["state"]["normalization"]
    shift, factor = np.float32(normalization["shift"]), np.float32(normalization["factor"])
    pixels, classes = digits()
    x = torch.from_numpy(((pixels.astype(np.float32) - shift) * factor).reshape(-1, 1, 8, 8))
    labels = torch.from_numpy(classes)

    model = Model(job["model"], 64)
    model.load_state_dict(load_file(os.path.join(checkpoints, newest, "model.safetensors")), strict=True)
    model.double().eval()
    with torch.no_grad():
        logits = model(x.double())
    loss = nn.functional.cross_entropy(logits, labels).item()
    accuracy = (logits.argmax(1) == labels).double().mean().item()

    with open(os.path.join(run, "metrics.jsonl")) as file:
        epoch = [line for line in map(json.loads, file) if "validation" in line][-1]
    print(f"{newest}: PyTorch finds validation loss {loss:.7f}, accuracy {accuracy:.6f}")
    wrong = False
    for name, found in (("result.json", result["validation"]), ("metrics.jsonl", epoch["validation"])):
        agrees = abs(found["loss"] - loss) <= 1e-5 and abs(found["accuracy"] - accuracy) <= 1e-9
        wrong |= not agrees
        print(
            f"{name}: loss {found['loss']:.7f} ({found['loss'] - loss:+.1e}),"
            f" accuracy {found['accuracy']:.6f}: "
            + ("agrees" if agrees else "DIFFERS")
        )
    if int(newest.split("-")[1]) != result["steps"]:
        sys.exit(
            f"check_with_pytorch: {newest} is not the checkpoint of the run's last step, {result['steps']}"
        )
    sys.exit(1 if wrong else 0)


main()
