"""What the programs of this folder have in common: settings on the command line, a training for each seed."""
import argparse
import json
import statistics
import time

import torch


def parser(seeds):
    words = argparse.ArgumentParser()
    words.add_argument("--seeds", type=int, default=seeds)
    words.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    return words


def with_changes(settings, options):
    """The settings, with what --set says in the type that a field has."""
    settings = dict(settings)
    for word in options.set:
        field, value = word.split("=")
        settings[field] = type(settings[field])(value)
    return settings


def report(options, measure):
    """Prints `measure(seed)` of the seeds 1, 2, … and their mean ± its standard error, as lines of JSON."""
    torch.set_num_threads(1)
    results = []
    for seed in range(1, options.seeds + 1):
        begin = time.perf_counter()
        torch.manual_seed(seed)
        results.append(measure(seed))
        seconds = round(time.perf_counter() - begin, 1)
        print(json.dumps({"seed": seed, "result": round(results[-1], 4), "seconds": seconds}), flush=True)
    error = statistics.stdev(results) / len(results) ** 0.5 if len(results) > 1 else 0.0
    print(json.dumps({"mean": round(statistics.mean(results), 4), "standard_error": round(error, 4)}))
