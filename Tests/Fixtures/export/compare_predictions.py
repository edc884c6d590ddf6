"""Compares predictions: `compare_predictions.py DIRECTORY INPUT OURS.csv MODEL.onnx`.

DIRECTORY has a model exported for PyTorch, whose predict.py reads INPUT; OURS.csv are this program's lines for
it. Numbers may differ by 1e-4 of the largest; other cells must be the same. MODEL.onnx must be valid.
"""
import csv
import subprocess
import sys

import onnx
import onnxruntime

directory, source, ours, model = sys.argv[1:]
onnx.checker.check_model(onnx.load(model), full_check=True)
onnxruntime.InferenceSession(model)
theirs = subprocess.run(
    [sys.executable, f"{directory}/predict.py", source], check=True, capture_output=True, text=True).stdout
with open(ours, newline="") as file:
    expected = list(csv.reader(file))
found = list(csv.reader(theirs.splitlines(keepends=True)))
assert len(found) == len(expected) > 1 and found[0] == expected[0], (found[:2], expected[:2])


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


for a, b in zip(found[1:], expected[1:]):
    largest = max([abs(number(cell)) for cell in b if number(cell) is not None], default=1)
    for mine, cell in zip(a, b):
        if number(cell) is None or number(mine) is None:
            assert mine == cell, (a, b)
        else:
            assert abs(number(mine) - number(cell)) <= 1e-4 * max(1, largest), (a, b)
