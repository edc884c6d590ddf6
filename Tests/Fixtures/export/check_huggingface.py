#!/usr/bin/env python3
"""Checks models that `dist-train export --huggingface` wrote: python3 check_huggingface.py MODELS

Each folder of MODELS has config.json, model.safetensors, and answers.txt: a line of token ids of one text,
and a line of this program's logits for each of its positions. transformers must load every tensor under its name,
leave none out, and give the logits to 1e-4. The last line counts: `5 models, 0 failures`.
"""
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
from transformers.utils import logging


def failures_of(folder):
    model, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype=torch.float32)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[kind]:
            yield f"{kind}: {info[kind]}"
    state = model.state_dict()
    for name, tensor in load_file(folder / "model.safetensors").items():
        if name not in state or not torch.equal(state[name], tensor):
            yield f"{name} is not loaded as it is"
    ids, logits = (folder / "answers.txt").read_text().splitlines()
    ids = torch.tensor([[int(word) for word in ids.split()]])
    expected = torch.tensor([float(word) for word in logits.split()])
    with torch.no_grad():
        found = model.eval()(ids).logits.flatten()
    worst = (found - expected).abs().max().item() if found.shape == expected.shape else float("inf")
    if not worst < 1e-4:
        yield f"logits differ by {worst}"


def main():
    logging.disable_progress_bar()
    folders = sorted(pathlib.Path(sys.argv[1]).iterdir())
    failures = 0
    for folder in folders:
        for failure in failures_of(folder):
            print(f"{folder.name}: {failure}")
            failures += 1
    print(f"{len(folders)} models, {failures} failures")


main()
