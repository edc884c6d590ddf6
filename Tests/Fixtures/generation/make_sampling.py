"""Writes sampling.txt, against which TokenSamplingTests compare: the probabilities that the logits processors
of Hugging Face's transformers leave of random logits.

    python3 make_sampling.py        (with transformers 5, torch 2, NumPy 2)

A case is a line `case TEMPERATURE TOP_K TOP_P` (- for none), a line of logits, and a line with the
probability of each token.
"""
import numpy as np
import torch
from transformers.generation.logits_process import (
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

random = np.random.default_rng(19)
CASES = [
    (1.0, None, None, 7, 1.0),
    (0.8, None, None, 65, 2.0),
    (1.7, 5, None, 65, 2.0),
    (0.5, 40, None, 300, 3.0),
    (1.0, None, 0.9, 65, 2.0),
    (0.7, None, 0.5, 300, 3.0),
    (1.0, None, 0.99, 700, 0.3),
    (1.3, 20, 0.8, 300, 2.0),
    (1.0, 3, 0.999, 65, 2.0),
    (1.0, 1, None, 65, 2.0),
    (1.0, None, 1e-6, 65, 2.0),
    (1.0, 1000, 1.0, 65, 2.0),
    (0.05, None, 0.95, 300, 4.0),
    (1.0, 400, 0.97, 2000, 1.0),
]

lines = []
for temperature, top_k, top_p, count, spread in CASES:
    logits = (spread * random.standard_normal(count)).astype(np.float32)
    scores = TemperatureLogitsWarper(temperature)(None, torch.tensor(logits)[None].double())
    if top_k is not None:
        scores = TopKLogitsWarper(top_k)(None, scores)
    if top_p is not None:
        scores = TopPLogitsWarper(top_p)(None, scores)
    probabilities = torch.softmax(scores, -1)[0].numpy()
    lines.append(f"case {temperature} {'-' if top_k is None else top_k} {'-' if top_p is None else top_p}")
    lines.append(" ".join(repr(float(v)) for v in logits))
    lines.append(" ".join(f"{p:.9g}" for p in probabilities))
open("sampling.txt", "w").write("\n".join(lines) + "\n")
