"""Checks exported models with onnxruntime and PyTorch: `check_export.py DIRECTORY`.

Each directory within has the files of an exported model, raw samples (input.csv or input.safetensors) and
expected.json with this program's answers. Outputs may differ by the larger of 1e-5 and 20 times the distance
between the other program's float32 and float64, each relative to the largest output; probabilities by 1e-4;
and the class must be the same wherever the two largest numbers differ by more. Prints what is not so, and the
number of failures.
"""
import contextlib
import csv
import importlib.util
import io
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from safetensors.torch import load_file


# oneDNN's convolution of narrow images reads memory beyond them in PyTorch 2.13.
torch.backends.mkldnn.set_flags(False)


class Wrong(Exception):
    pass


def require(holds, text):
    if not holds:
        raise Wrong(text)


def close(ours, single, double, what):
    """Compares with an output in float32, whose distance from float64 sets the tolerance."""
    ours, single, double = (np.asarray(x, np.float64).reshape(len(ours), -1) for x in (ours, single, double))
    require(np.isfinite(single).all() and ours.shape == single.shape, f"{what}: {single.shape}")
    largest = max(np.abs(double).max(), 1e-30)
    own = np.abs(single - double).max() / largest
    require(own < 1e-4, f"{what}: float32 is {own:.1e} away from float64")
    off = np.abs(ours - single).max() / largest
    require(off <= max(1e-5, 20 * own), f"{what}: {off:.1e} off, and float32 itself {own:.1e}")
    return off


def same_answers(expected, numbers, labels, what):
    """Compares the cells of all rows: a class first, if there is one, then numbers."""
    for row, values, label in zip(expected, numbers, labels):
        ours = np.array(row[0 if label is None else 1 :], np.float64)
        values = np.asarray(values, np.float64)
        require(ours.shape == values.shape, f"{what}: {values.shape}")
        scale = max(1, np.abs(ours).max()) if label is None else 1
        off = np.abs(ours - values).max()
        require(off <= 1e-4 * scale, f"{what}: {off:.1e} off")
        two = np.sort(values)[-2:]
        if label is not None and (len(two) < 2 or two[1] - two[0] > 1e-4):
            require(label == row[0], f"{what}: class {label!r} for {row[0]!r}")


# ONNX


def windows(x, kernel_shape, strides, pads, fill):
    """The values under each window [N, C, H, W, kernel height, kernel width]."""
    top, left, bottom, right = pads
    padded = np.pad(x, [(0, 0), (0, 0), (top, bottom), (left, right)], constant_values=fill)
    every = np.lib.stride_tricks.sliding_window_view(padded, kernel_shape, (2, 3))
    return every[:, :, :: strides[0], :: strides[1]]


class MaxPool(OpRun):
    """By the definition: the reference implementation of onnx 1.23 gets uneven padding wrong."""

    def _run(self, x, kernel_shape, strides, pads, **_):
        return (windows(x, kernel_shape, strides, pads, -np.inf).max((4, 5)),)


class AveragePool(OpRun):
    def _run(self, x, kernel_shape, strides, pads, count_include_pad, **_):
        ones = windows(np.ones_like(x), kernel_shape, strides, pads, count_include_pad)
        return (windows(x, kernel_shape, strides, pads, 0).sum((4, 5)) / ones.sum((4, 5)),)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def recurrent(step, x, hidden, ends, direction):
    """All outputs [T, 1, N, H], and the last ones: `step` makes a state of a value and the state before."""
    outputs = np.zeros((len(x), x.shape[1], hidden), x.dtype)
    last = np.zeros((x.shape[1], hidden), x.dtype)
    for sample in range(x.shape[1]):
        state = (np.zeros(hidden, x.dtype), np.zeros(hidden, x.dtype))
        places = range(len(x) if ends is None else ends[sample])
        for place in reversed(places) if direction == "reverse" else places:
            state = step(x[place, sample], *state)
            outputs[place, sample] = state[0]
        last[sample] = state[0]
    return outputs[:, None], last[None]


class RNN(OpRun):
    """By the definition, as the two others: the reference implementation knows no lengths."""

    def _run(self, x, w, r, b=None, ends=None, *_, hidden_size=None, direction=None, activations=None, **__):
        function = np.tanh if activations is None or activations[0] == "Tanh" else lambda v: np.maximum(v, 0)
        bias = b[0, :hidden_size] + b[0, hidden_size:]
        return recurrent(
            lambda v, h, c: (function(w[0] @ v + r[0] @ h + bias), c), x, hidden_size, ends, direction)


class GRU(OpRun):
    def _run(self, x, w, r, b=None, ends=None, *_, hidden_size=None, direction=None, linear_before_reset=0,
             **__):
        require(linear_before_reset == 1, "GRU: the reset gate stands behind the product")

        def step(v, h, c):
            zi, ri, ni = np.split(w[0] @ v + b[0, : 3 * hidden_size], 3)
            zh, rh, nh = np.split(r[0] @ h + b[0, 3 * hidden_size :], 3)
            z = sigmoid(zi + zh)
            return (1 - z) * np.tanh(ni + sigmoid(ri + rh) * nh) + z * h, c

        return recurrent(step, x, hidden_size, ends, direction)


class LSTM(OpRun):
    def _run(self, x, w, r, b=None, ends=None, *_, hidden_size=None, direction=None, **__):
        bias = b[0, : 4 * hidden_size] + b[0, 4 * hidden_size :]

        def step(v, h, c):
            i, o, f, g = np.split(w[0] @ v + r[0] @ h + bias, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            return sigmoid(o) * np.tanh(c), c

        return recurrent(step, x, hidden_size, ends, direction)


def unpadded(x):
    """Numbers that a graph computes with, instead of the marks behind a sample's end."""
    return np.nan_to_num(x, nan=0.5) if x.dtype == np.float32 else np.maximum(x, 0)


def doubled(model):
    """The same graph in float64."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(float), tensor.name))
    for port in [*copy.graph.input, *copy.graph.output]:
        if port.type.tensor_type.elem_type == TensorProto.FLOAT:
            port.type.tensor_type.elem_type = TensorProto.DOUBLE
    for node in copy.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
    return ReferenceEvaluator(copy, new_ops=[MaxPool, AveragePool, RNN, GRU, LSTM])


def samples(directory):
    """The columns of the table as texts, or the raw values."""
    if (directory / "input.csv").exists():
        with open(directory / "input.csv", newline="") as file:
            text = file.read()
        delimiter = ";" if ";" in text.split("\n")[0] and "," not in text.split("\n")[0] else ","
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        return {name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}, delimiter
    return load_file(directory / "input.safetensors")["x"].numpy(), None


def lengths(directory):
    """The lengths of padded sequences; None for other samples."""
    if (directory / "input.csv").exists():
        return None
    made = load_file(directory / "input.safetensors").get("lengths")
    return None if made is None else made.numpy()


def counted(outputs, ends):
    """The outputs at the positions that count, in one row, where there is one for each position."""
    outputs = np.asarray(outputs)
    if outputs.ndim < 3 or ends is None:
        return outputs
    return np.concatenate([rows[:end].reshape(-1) for rows, end in zip(outputs, ends)])[None]


def feeds(session, data, delimiter):
    """The inputs of a session."""
    made = {}
    for port in session.get_inputs():
        if delimiter is None:
            made[port.name] = data
        elif port.type == "tensor(string)":
            made[port.name] = np.array(data[port.name], object).reshape(-1, 1)
        else:
            cells = [c.replace(",", ".") if delimiter == ";" else c for c in data[port.name]]
            numbers = [np.nan if c in ("", "NA") else float(c) for c in cells]
            made[port.name] = np.array(numbers, np.float64).reshape(-1, 1)
    return made


def check_onnx(directory, expected):
    model = onnx.load(directory / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(directory / "model.onnx", options)
    data, delimiter = samples(directory)
    ends = lengths(directory)
    inputs = feeds(session, data, delimiter)
    if "lengths" in inputs:
        inputs["lengths"] = ends
    if ends is not None:
        inputs = {name: unpadded(x) for name, x in inputs.items()}
    names = [port.name for port in session.get_outputs()]
    single = dict(zip(names, session.run(None, inputs)))
    double_inputs = {k: v.astype(float) if v.dtype == np.float32 else v for k, v in inputs.items()}
    double = dict(zip(names, doubled(model).run(None, double_inputs)))
    one = dict(zip(names, session.run(None, {name: x[:1] for name, x in inputs.items()})))
    first, second = names[0], names[1] if len(names) > 1 else None
    labels = [None] * len(expected["rows"])
    numbers = single[first]
    if expected["columns"][:1] == ["class"]:
        labels = single[second].tolist()
    elif first.startswith("cluster"):
        numbers = np.stack([single[first].astype(float), single[second].reshape(-1)], 1)
    if expected["rows"]:
        same_answers(expected["rows"], numbers, labels, "onnx")
    off = 0.0
    if expected["outputs"] is not None:
        logits = [n for n in names if n.startswith("logits")]
        if logits:
            outputs = (counted(run[logits[0]], ends) for run in (single, double))
            off = close(expected["outputs"], *outputs, "onnx logits")
        elif labels[0] is not None:
            require(first.startswith(("values", "probabilities")), first)
    for name in names:
        a, b = np.asarray(one[name]), np.asarray(single[name])[:1]
        same = (a == b).all() if a.dtype.kind in "OSU" else np.allclose(a, b, rtol=1e-4, atol=1e-4)
        require(same, f"onnx: one sample alone: {name}")
    check_faults(session, inputs, names, expected["faults"])
    return off


def check_faults(session, inputs, names, faults):
    """A cell that this program refuses makes its row's numbers NaN, and no other row's."""
    for column, cell in faults:
        port = next(name for name in inputs if name == column)
        changed = inputs[port].copy()
        changed[1, 0] = cell if changed.dtype == object else float(cell or "nan")
        answer = session.run(None, {**inputs, port: changed})
        for name, values in zip(names, answer):
            if values.dtype == object:
                require(values[1] == "" and values[0] != "", f"a wrong {column}: {values[1]!r}")
            else:
                rows = np.isnan(values.astype(float)).reshape(len(values), -1)
                require(rows[1].all() and not rows[0].any(), f"a wrong {column}: {values[1]}")


# PyTorch


def imported(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def check_pytorch(directory, expected):
    module = imported(directory / "model.py", "model")
    predict = imported(directory / "predict.py", "predict") if expected["rows"] else None
    model = module.load()
    source = directory / "input.csv"
    if not source.exists():
        source = directory / "input.npy"
        np.save(source, load_file(directory / "input.safetensors")["x"].numpy())
    ends = lengths(directory)
    if expected["rows"] or ends is None:
        x = [torch.cat(parts) for parts in list(zip(*predict.batches(str(source))))[1:]]
    else:
        x = [torch.from_numpy(np.maximum(np.load(source), 0))]
    off = 0.0
    with torch.no_grad():
        if expected["outputs"] is not None:
            single = model(*x)
            double = model.double()(*(part.double() if part.is_floating_point() else part for part in x))
            outputs = (counted(run.numpy(), ends) for run in (single, double))
            off = close(expected["outputs"], *outputs, "pytorch")
    if not expected["rows"]:
        return off
    sys.argv = ["predict.py", str(source)]
    with contextlib.redirect_stdout(io.StringIO(newline="")) as text:
        predict.main()
    lines = list(csv.reader(io.StringIO(text.getvalue(), newline="")))
    require(lines[0] == expected["columns"], f"predict.py: columns {lines[0]}")
    require(len(lines) == len(expected["rows"]) + 1, f"predict.py: {len(lines)} lines")
    has_class = lines[0][0] == "class"
    numbers = [[float(cell) for cell in line[has_class:]] for line in lines[1:]]
    same_answers(expected["rows"], numbers, [line[0] if has_class else None for line in lines[1:]], "predict.py")
    return off


def main():
    failures = 0
    directories = sorted(d for d in pathlib.Path(sys.argv[1]).iterdir() if (d / "expected.json").exists())
    worst = 0.0
    for directory in directories:
        expected = json.loads((directory / "expected.json").read_text())
        for check in (check_onnx, check_pytorch):
            try:
                worst = max(worst, check(directory, expected))
            except Exception as error:
                failures += 1
                print(f"{directory.name}: {check.__name__}: {type(error).__name__}: {str(error)[:600]}")
    print(f"{len(directories)} models, at most {worst:.1e} off, {failures} failures")


main()
