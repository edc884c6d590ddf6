#!/usr/bin/env python3
"""Writes losses.txt and metrics.txt beside this file: losses and metrics by PyTorch and scikit-learn.

Needs torch (2.13.0 made the committed files) and scikit-learn (1.9.1); run it again only to change a fixture.
A line is

    CASE/TENSOR  DIMENSION×DIMENSION  BITS BITS ...

with the bits of each float32 as 8 hexadecimal digits. Losses are computed in float64 from float32 numbers,
and so is their gradient with respect to the outputs; a metric is its value.
"""
import pathlib

import numpy as np
import sklearn.metrics as sk
import torch
from torch.nn import functional as F

HERE = pathlib.Path(__file__).parent
LABEL_WEIGHTS = [1.0, 0.25, 3.0, 0.5]
CLASS_SCORES = [("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)]


class Fixture:
    def __init__(self, name):
        self.path, self.lines = HERE / name, []

    def add(self, name, tensor):
        array = np.asarray(tensor.detach() if isinstance(tensor, torch.Tensor) else tensor).astype(np.float32)
        shape = "x".join(str(n) for n in array.shape) or "1"
        words = [f"{bits:08x}" for bits in array.reshape(-1).view(np.uint32)]
        self.lines.append(" ".join([name, shape] + words))

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")


def float32(random, *shape, scale=3.0):
    return torch.tensor((scale * random.standard_normal(shape)).astype(np.float32).astype(np.float64))


def binary(x, t, **options):
    return F.binary_cross_entropy_with_logits(x, t, **options)


def weighted_binary(x, t):
    """Class weights with one output: the cross-entropy of the logits (0, x)."""
    logits = torch.cat([torch.zeros_like(x), x], dim=1)
    return F.cross_entropy(logits, t[:, 0].long(), weight=torch.tensor([0.5, 3.0], dtype=torch.float64))


def loss_cases():
    w = torch.tensor(LABEL_WEIGHTS, dtype=torch.float64)
    p = torch.tensor([2.0, 0.5, 4.0], dtype=torch.float64)
    classes = lambda **options: lambda x, t: F.cross_entropy(x, t, **options)
    return {
        # name: (outputs, kind of targets, loss)
        "cross_entropy": (4, "labels", classes()),
        "cross_entropy_smooth": (4, "labels", classes(label_smoothing=0.1)),
        "cross_entropy_weights": (4, "labels", classes(weight=w)),
        "cross_entropy_both": (4, "labels", classes(weight=w, label_smoothing=0.3)),
        "binary": (1, "bits", lambda x, t: binary(x, t)),
        "binary_many": (3, "bits", lambda x, t: binary(x, t)),
        "binary_soft": (3, "unit", lambda x, t: binary(x, t)),
        "binary_positive": (3, "bits", lambda x, t: binary(x, t, pos_weight=p)),
        "binary_weights": (1, "bits", weighted_binary),
        "mse": (3, "values", F.mse_loss),
        "mae": (3, "values", F.l1_loss),
        "rmse": (3, "values", lambda x, t: F.mse_loss(x, t).sqrt()),
    }


def write_losses():
    fixture = Fixture("losses.txt")
    samples = 17
    for index, (name, (outputs, kind, loss)) in enumerate(loss_cases().items()):
        random = np.random.default_rng(100 + index)
        x = float32(random, samples, outputs).requires_grad_()
        if kind == "labels":
            t = torch.tensor(random.integers(0, outputs, samples))
        elif kind == "bits":
            t = torch.tensor(random.integers(0, 2, (samples, outputs)).astype(np.float64))
        elif kind == "unit":
            t = torch.tensor(random.random((samples, outputs)).astype(np.float32).astype(np.float64))
        else:
            t = float32(random, samples, outputs)
            t[3] = x[3].detach()  # no error at all: a kink of the absolute error
        value = loss(x, t)
        value.backward()
        for tensor, what in [(x, "x"), (t, "t"), (value, "loss"), (x.grad, "gradient")]:
            fixture.add(f"{name}/{what}", tensor)
    fixture.write()


def class_metrics(fixture, name, x, t, found, classes):
    fixture.add(f"{name}/x", x)
    fixture.add(f"{name}/t", t)
    average = "binary" if classes == 2 else "macro"
    fixture.add(f"{name}/accuracy", sk.accuracy_score(t, found))
    for metric, score in CLASS_SCORES:
        fixture.add(f"{name}/{metric}", score(t, found, average=average, zero_division=0))
    fixture.add(f"{name}/confusion_matrix", sk.confusion_matrix(t, found, labels=range(classes)))
    for k in range(2, classes):
        fixture.add(f"{name}/top_{k}", sk.top_k_accuracy_score(t, x, k=k, labels=range(classes)))


def write_metrics():
    fixture = Fixture("metrics.txt")
    random = np.random.default_rng(7)
    samples = 61
    x, t = random.standard_normal((samples, 5)).astype(np.float32), random.integers(0, 5, samples)
    x[np.arange(samples), t] += 1
    class_metrics(fixture, "classes", x, t, x.argmax(1), 5)
    # Class 0 neither occurs nor is predicted, class 3 is never predicted, class 4 never occurs.
    t, x = random.integers(1, 4, samples), x.copy()
    x[:, 0], x[:, 3] = -9, -8
    class_metrics(fixture, "absent", x, t, x.argmax(1), 5)
    x, t = random.standard_normal((samples, 2)).astype(np.float32), random.integers(0, 2, samples)
    class_metrics(fixture, "two", x, t, x.argmax(1), 2)
    x = random.standard_normal((samples, 1)).astype(np.float32)
    class_metrics(fixture, "one_output", x, t, (x[:, 0] > 0).astype(int), 2)

    x, t = random.standard_normal((samples, 3)).astype(np.float32), random.integers(0, 2, (samples, 3))
    found = (x > 0).astype(int)
    fixture.add("many/x", x)
    fixture.add("many/t", t)
    fixture.add("many/accuracy", sk.accuracy_score(t, found))
    for metric, score in CLASS_SCORES:
        fixture.add(f"many/{metric}", score(t, found, average="macro", zero_division=0))

    # Far from zero, with a constant column: what one pass over squares would get wrong.
    t = (random.standard_normal((samples, 3)) * [1, 5, 0] + [1000, -3, 4]).astype(np.float32)
    x = (t + random.standard_normal(t.shape) * [0.5, 2, 1]).astype(np.float32)
    for name, x, t in [("values", x, t), ("column", x[:, :1], t[:, :1])]:
        x64, t64 = x.astype(np.float64), t.astype(np.float64)
        fixture.add(f"{name}/x", x)
        fixture.add(f"{name}/t", t)
        fixture.add(f"{name}/mse", sk.mean_squared_error(t64, x64))
        fixture.add(f"{name}/rmse", np.sqrt(sk.mean_squared_error(t64, x64)))
        fixture.add(f"{name}/mae", sk.mean_absolute_error(t64, x64))
        fixture.add(f"{name}/r2", sk.r2_score(t64, x64))
    fixture.write()


write_losses()
write_metrics()
