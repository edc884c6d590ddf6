#!/usr/bin/env python3
"""Writes rules.txt, schedules.txt and linear.txt beside this file: what PyTorch and scikit-learn compute.

Needs torch (2.13.0) and scikit-learn; run it again only to change a fixture. A line is

    CASE/TENSOR  DIMENSION×DIMENSION  BITS BITS ...

with the bits of each float32 as 8 hexadecimal digits.

rules.txt: 25 updates of two tensors (a weight and a bias) with given gradients, by PyTorch's optimizers in
float64.
schedules.txt: the learning rate of each of 40 epochs (or steps) by PyTorch's schedulers; a plateau's values
and the rate after each.
linear.txt: standardised data and the coefficients that scikit-learn finds for it. Diabetes: inputs and
targets (centred) have mean 0, inputs variance 1.
"""
import pathlib

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge
from torch.optim import lr_scheduler as schedulers

HERE = pathlib.Path(__file__).parent


class Fixture:
    def __init__(self, name):
        self.path, self.lines = HERE / name, []

    def add(self, name, values):
        values = np.asarray(values, dtype=np.float32)
        bits = " ".join(f"{b:08x}" for b in values.reshape(-1).view(np.uint32))
        self.lines.append(f"{name} {'x'.join(map(str, values.shape or (1,)))} {bits}")

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")


O = torch.optim
# name: (optimizer of parameter groups, clip_grad_norm_, clip_grad_value_)
RULES = {
    "sgd": (lambda p: O.SGD(p, lr=0.1), None, None),
    "sgd_l2": (lambda p: O.SGD(p, lr=0.1, weight_decay=0.3), None, None),
    "momentum": (lambda p: O.SGD(p, lr=0.05, momentum=0.9), None, None),
    "nesterov": (lambda p: O.SGD(p, lr=0.05, momentum=0.8, nesterov=True), None, None),
    "adagrad": (lambda p: O.Adagrad(p, lr=0.1), None, None),
    "rmsprop": (lambda p: O.RMSprop(p, lr=0.01, alpha=0.9), None, None),
    "rmsprop_momentum": (lambda p: O.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.7), None, None),
    "rmsprop_centered": (lambda p: O.RMSprop(p, lr=0.01, alpha=0.9, centered=True), None, None),
    "rmsprop_everything": (
        lambda p: O.RMSprop(p, lr=0.01, alpha=0.9, centered=True, momentum=0.7, weight_decay=0.2),
        None, None),
    "adam": (lambda p: O.Adam(p, lr=0.02, betas=(0.8, 0.99)), None, None),
    "adam_l2": (lambda p: O.Adam(p, lr=0.02, weight_decay=0.3), None, None),
    "adamw": (lambda p: O.AdamW(p, lr=0.02, weight_decay=0.3), None, None),
    "adamw_all": (
        lambda p: O.AdamW([g["params"][0] for g in p], lr=0.02, weight_decay=0.3), None, None),
    "clip_norm": (lambda p: O.SGD(p, lr=0.1), 2.0, None),
    "clip_value": (lambda p: O.SGD(p, lr=0.1), None, 0.5),
}


def rules():
    fixture, random = Fixture("rules.txt"), np.random.default_rng(5)
    weight, bias = random.normal(size=33).astype(np.float32), random.normal(size=7).astype(np.float32)
    sizes = random.lognormal(sigma=1, size=(25, 1))  # some steps are clipped, some not
    gradients = random.normal(size=(25, 40)) * sizes * 0.3 * np.exp(random.normal(size=40))
    gradients = gradients.astype(np.float32)
    gradients[:, 5] = 0
    fixture.add("weight", weight)
    fixture.add("bias", bias)
    fixture.add("gradients", gradients)
    for name, (make, norm, value) in RULES.items():
        w = torch.tensor(weight, dtype=torch.float64, requires_grad=True)
        b = torch.tensor(bias, dtype=torch.float64, requires_grad=True)
        optimizer = make([{"params": [w]}, {"params": [b], "weight_decay": 0}])
        for gradient in gradients.astype(np.float64):
            w.grad, b.grad = torch.tensor(gradient[:33]), torch.tensor(gradient[33:])
            if norm is not None:
                torch.nn.utils.clip_grad_norm_([w, b], norm)
            if value is not None:
                torch.nn.utils.clip_grad_value_([w, b], value)
            optimizer.step()
        fixture.add(f"{name}/weight", w.detach().numpy())
        fixture.add(f"{name}/bias", b.detach().numpy())
    fixture.write()


def schedules():
    fixture = Fixture("schedules.txt")
    cases = {
        "step": lambda o: schedulers.StepLR(o, 7, gamma=0.3),
        "multi_step": lambda o: schedulers.MultiStepLR(o, [3, 4, 20], gamma=0.5),
        "exponential": lambda o: schedulers.ExponentialLR(o, 0.9),
        "cosine": lambda o: schedulers.CosineAnnealingLR(o, 40, eta_min=0.001),
        "warmup": lambda o: schedulers.LinearLR(o, start_factor=1 / 10, end_factor=1, total_iters=9),
        "warmup_cosine": lambda o: schedulers.SequentialLR(
            o, [schedulers.LinearLR(o, start_factor=1 / 10, end_factor=1, total_iters=9),
                schedulers.CosineAnnealingLR(o, 30, eta_min=0.001)], milestones=[10]),
    }
    for name, make in cases.items():
        optimizer = O.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
        scheduler = make(optimizer)
        rates = []
        for _ in range(40):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        fixture.add(name, rates)
    random = np.random.default_rng(2)
    for name, mode, options in [
        ("plateau_min", "min", dict(factor=0.3, patience=2, threshold=1e-2)),
        ("plateau_max", "max", dict(factor=0.5, patience=0, threshold=1e-3)),
        ("plateau_floor", "min", dict(factor=0.1, patience=1, min_lr=0.003)),
    ]:
        values = np.exp(-np.arange(60) / 20) + 0.3 * random.random(60)
        values = (values if mode == "min" else 1.5 - values).astype(np.float32)
        values[17] = np.nan
        optimizer = O.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
        scheduler = schedulers.ReduceLROnPlateau(optimizer, mode, **options)
        rates = []
        for value in values:
            scheduler.step(float(value))
            rates.append(optimizer.param_groups[0]["lr"])
        fixture.add(f"{name}/values", values)
        fixture.add(f"{name}/rates", rates)
    fixture.write()


def linear():
    fixture = Fixture("linear.txt")

    def standardised(x):
        return ((x - x.mean(0)) / x.std(0)).astype(np.float32)

    data = load_diabetes()
    x, y = standardised(data.data), (data.target - data.target.mean()).astype(np.float32)
    fixture.add("diabetes/x", x)
    fixture.add("diabetes/y", y)
    x, y = x.astype(np.float64), y.astype(np.float64)
    options = dict(fit_intercept=False, tol=1e-12, max_iter=1_000_000)
    fixture.add("diabetes/lasso", Lasso(alpha=2.0, **options).fit(x, y).coef_)
    fixture.add("diabetes/elastic_net", ElasticNet(alpha=1.0, l1_ratio=0.8, **options).fit(x, y).coef_)
    fixture.add("diabetes/ridge", Ridge(alpha=30.0, fit_intercept=False, tol=1e-12).fit(x, y).coef_)

    data = load_breast_cancer()
    x = standardised(data.data)
    fixture.add("cancer/x", x)
    fixture.add("cancer/labels", data.target)
    model = LogisticRegression(C=1.0, tol=1e-12, max_iter=1_000_000).fit(x.astype(np.float64), data.target)
    fixture.add("cancer/coefficients", model.coef_[0])
    fixture.add("cancer/intercept", model.intercept_)
    fixture.write()


rules()
schedules()
linear()
