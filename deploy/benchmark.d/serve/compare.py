#!/usr/bin/env python3
"""Compares `dist-train serve` with onnxruntime behind uvicorn and behind a threaded server, in turns.

    deploy/benchmark.d/serve/compare.py RUN [--program PATH] [--rounds N] [--seconds S] [--connections C]

RUN is a trained image model, such as one of config/digits-mlp.json5. It is exported as ONNX for the peers.
One client (load.c) asks all of them with the same samples, one per request; the order changes from round to
round, and medians are printed. It needs a C compiler, and Python with numpy, onnxruntime and uvicorn (with
uvloop and httptools it is fastest).
"""
import argparse
import json
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

here = pathlib.Path(__file__).resolve().parent
arguments = argparse.ArgumentParser()
arguments.add_argument("run")
arguments.add_argument("--program", default=".build/release/dist-train")
arguments.add_argument("--rounds", type=int, default=5)
arguments.add_argument("--seconds", type=float, default=3)
arguments.add_argument("--connections", default="16")
given = arguments.parse_args()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


with tempfile.TemporaryDirectory() as scratch:
    load, model, body = (pathlib.Path(scratch, name) for name in ["load", "model.onnx", "body.json"])
    subprocess.run(["cc", "-O2", "-o", load, here / "load.c"], check=True)
    subprocess.run([given.program, "export", given.run, "--onnx", model], check=True)
    ports = {name: free_port() for name in ["dist-train", "uvicorn", "threads"]}
    servers = [subprocess.Popen(
        [given.program, "serve", given.run, "--listen", f"127.0.0.1:{ports['dist-train']}"])]
    servers += [subprocess.Popen([sys.executable, here / "peer.py", kind, model, str(ports[kind])])
                for kind in ["uvicorn", "threads"]]
    try:
        for port in ports.values():
            wait_for(port)
        listed = urllib.request.urlopen(f"http://127.0.0.1:{ports['dist-train']}/v1/models")
        shape = json.load(listed)["models"][0]["shape"]
        size = shape[0] * shape[1] * shape[2] if len(shape) == 3 else shape[0]
        top = 16 if size == 64 else 255  # the digits' pixels are 0 to 16
        body.write_text(json.dumps({"inputs": [[random.Random(7).randint(0, top) for _ in range(size)]]}))
        results = {name: [] for name in ports}
        for number in range(given.rounds):
            names = list(ports)
            for name in names[number % 3:] + names[:number % 3]:
                said = subprocess.run(
                    [load, str(ports[name]), given.connections, str(given.seconds), "/v1/predict",
                     "application/json", body], check=True, capture_output=True, text=True).stdout
                results[name].append([float(word) for word in said.split()])
        print(f"{given.connections} connections, {given.rounds} rounds of {given.seconds} s, medians")
        medians = {name: [statistics.median(column) for column in zip(*rows)]
                   for name, rows in results.items()}
        for name, (rate, middle, late) in medians.items():
            print(f"{name:12} {rate:10.0f} requests/s   p50 {middle:7.3f} ms   p99 {late:7.3f} ms"
                  f"   p99/p50 {late / middle:5.2f}")
        best = max(medians["uvicorn"][0], medians["threads"][0])
        print(f"dist-train / the faster peer: {medians['dist-train'][0] / best:.2f}")
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait()
