#!/usr/bin/env python3
"""Reads runs with TensorBoard's own reader and compares them with their `metrics.jsonl`, bit for bit.

    check_events.py RUN            every number of the run's lines is there once, and nothing else
    check_events.py RUN OTHER      besides, both runs have the same values at the same steps, but for times

Run with tensorboard; prints one line of figures, or what is wrong and exits with 1.
"""
import collections
import json
import math
import pathlib
import struct
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util import tensor_util

MEASURED = ("seconds/", "throughput/", "times/")
problems = []


def bits(number):
    return "nan" if math.isnan(number) else struct.pack("<d", number)


def number(value):
    return math.nan if value is None else float(value)


def expected(run):
    """(tag, step) of each number in the lines, with the number."""
    points = collections.Counter()
    for line in (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines():
        line = json.loads(line)
        if line["kind"] == "times":
            for worker in line["workers"]:
                name = f"times/worker {worker['worker']} "
                points[name + "steps", line["epoch"], bits(worker["steps"])] += 1
                for part, seconds in worker["seconds"].items():
                    points[name + part, line["epoch"], bits(seconds)] += 1
                for part, seconds in worker["beside"].items():
                    points[name + "beside " + part, line["epoch"], bits(seconds)] += 1
        elif line["kind"] == "epoch":
            for part in ("train", "validation"):
                for name, value in (line[part] or {}).items():
                    points[f"{name}/{part}", line["step"], bits(number(value))] += 1
            points["seconds/epoch", line["step"], bits(line["seconds"])] += 1
        else:
            for name, value in line.items():
                if name in ("kind", "step"):
                    continue
                if name == "gradients":
                    for tensor, norms in value.items():
                        for norm, size in norms.items():
                            points[f"gradient_{norm}/{tensor}", line["step"], bits(number(size))] += 1
                elif name == "dead_units":
                    for layer, part in value.items():
                        points[f"dead_units/{layer}", line["step"], bits(number(part))] += 1
                else:
                    tag = name if name in ("epoch", "learning_rate") else name + "/step"
                    points[tag, line["step"], bits(number(value))] += 1
    return points


def read(run):
    """What TensorBoard's reader gives back: scalars, and the rest as text."""
    reader = event_accumulator.EventAccumulator(
        str(pathlib.Path(run) / "tensorboard"),
        size_guidance={kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE})
    reader.Reload()
    scalars, others = collections.Counter(), collections.Counter()
    for tag in reader.Tags()["tensors"]:
        plugin = reader.SummaryMetadata(tag).plugin_data.plugin_name
        for event in reader.Tensors(tag):
            shown = tensor_util.make_ndarray(event.tensor_proto)
            if plugin == "scalars":
                exact = event.tensor_proto.double_val[0]
                with_float = struct.unpack("<f", struct.pack("<f", exact))[0] if abs(exact) < 3e38 else exact
                if not (shown == with_float or math.isnan(shown) and math.isnan(exact)):
                    problems.append(f"{run}: {tag} at {event.step} is {exact}, and shown as {shown}")
                scalars[tag, event.step, bits(exact)] += 1
            else:
                others[plugin, tag, event.step, repr(shown.tolist())] += 1
    return scalars, others


def without_times(points):
    return {point: count for point, count in points.items() if not point[0].startswith(MEASURED)}


def check(run):
    scalars, others = read(run)
    lines = expected(run)
    have = collections.Counter(
        {point: count for point, count in scalars.items() if not point[0].startswith("throughput/")})
    if lines - have:
        problems.append(f"{run}: missing: {list((lines - have).items())[:5]}")
    if have - lines:
        problems.append(f"{run}: too much: {list((have - lines).items())[:5]}")
    steps = collections.Counter((tag, step) for tag, step, _ in scalars.elements())
    twice = [point for point, count in steps.items() if count > 1 and not point[0].startswith("times/")]
    if twice:
        problems.append(f"{run}: a step twice: {twice[:5]}")
    return scalars, others


scalars, others = check(sys.argv[1])
for other in sys.argv[2:]:
    other_scalars, other_others = check(other)
    if without_times(scalars) != without_times(other_scalars):
        problems.append(f"{sys.argv[1]} and {other} differ in scalars")
    # A checkpoint that a slow disk passed over has no histograms: those that both have are the same.
    for plugin, tag, step, text in other_others:
        same = [found for found in others if found[:3] == (plugin, tag, step)]
        if same and same != [(plugin, tag, step, text)]:
            problems.append(f"{sys.argv[1]} and {other} differ in {tag} at {step}")
for problem in problems:
    print(problem)
plugins = collections.Counter(plugin for plugin, _, _, _ in others)
print(f"{sum(scalars.values())} scalars, {dict(sorted(plugins.items()))}, {len(problems)} problems")
sys.exit(1 if problems else 0)
