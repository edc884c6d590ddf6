"""Runs dist-train and its peers in turns and prints tables of medians and ratios. Started by deploy/benchmark; needs Python alone."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
MODELS = ["mlp", "cnn", "resnet20", "resnet18"]
SIZES = [1_000, 16_000, 250_000, 1_000_000, 4_000_000, 25_000_000, 100_000_000]
SETUPS = {"eager": [], "channels_last": ["cl"], "compile": ["compile"], "compile, channels_last": ["compile", "cl"]}

parser = argparse.ArgumentParser(prog="deploy/benchmark")
parser.add_argument("parts", nargs="+")
parser.add_argument("--program", required=True)
parser.add_argument("--peers", type=pathlib.Path, required=True)
parser.add_argument("--models", default=",".join(MODELS))
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--workers", default="2,4")
options = parser.parse_args()
models = options.models.split(",")
if unknown := [name for name in models if name not in MODELS]:
    parser.error(f"there is no model {unknown[0]}; there are {', '.join(MODELS)}")
workers = [int(word) for word in options.workers.split(",")]
CORES = len(os.sched_getaffinity(0))


def say(text):
    print(f"  … {text}", file=sys.stderr, flush=True)


def run(command, seconds, lines=False):
    """The JSON that a command prints (of its last line, or all lines); None, and a message, if it fails. Ends its processes when the time is over."""
    process = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        say(f"left out, not done within {seconds:.0f} s: {' '.join(map(str, command))}")
        return None
    if process.returncode != 0:
        say(f"left out, it failed: {' '.join(map(str, command))}: {errors.strip().splitlines()[-1:]}")
        return None
    if lines:
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return json.loads(output[output.index("{"):])


def turns(contestants, rounds):
    """Every contestant once per round, in turns; the results of each. One that fails is not asked again."""
    results = {name: [] for name in contestants}
    for number in range(rounds):
        for name, measure in contestants.items():
            if number > 0 and not results[name]:
                continue
            say(f"round {number + 1} of {rounds}: {name}")
            if (result := measure()) is not None:
                results[name].append(result)
    return results


def median(values):
    return statistics.median(values) if values else None


def ratio(theirs, ours):
    return "" if not theirs or not ours else f"{theirs / ours:.2f}×"


def number(value, digits=1):
    return "" if value is None else f"{value:.{digits}f}"


def table(title, header, rows):
    print(f"\n{title}\n")
    widths = [max(len(str(row[k])) for row in [header, *rows]) for k in range(len(header))]
    for index, row in enumerate([header, *rows]):
        cells = [str(cell).ljust(w) if k == 0 else str(cell).rjust(w) for k, (cell, w) in enumerate(zip(row, widths))]
        print(("| " + " | ".join(cells) + " |"))
        if index == 0:
            print("|" + "|".join(["-" * (w + 1) + ("-" if k == 0 else ":") for k, w in enumerate(widths)]) + "|")
    sys.stdout.flush()


# The contestants


def ours(model, count, lanes, microbatches):
    command = [
        options.program, "bench", "step", f"config/bench/{model}.json5", "--workers", count, "--lanes", lanes,
        "--seconds", options.seconds, "--json", "--set", f"batch.microbatches={microbatches}"]
    return lambda: run(command, 120 + 10 * options.seconds)


def pytorch(model, setup, seconds=None):
    python = options.peers / "bin/python"
    if not python.exists():
        return lambda: None
    return lambda: run([python, HERE / "step.py", model, seconds or options.seconds, CORES, *SETUPS[setup]], 300 + 10 * options.seconds)


def torchrun(count, *words):
    return [options.peers / "bin/torchrun", "--standalone", "--nproc-per-node", count, *words]


def data_parallel(model):
    if not (options.peers / "bin/torchrun").exists():
        return lambda: None
    return lambda: run(torchrun(2, HERE / "step.py", model, options.seconds, 1), 300 + 10 * options.seconds)


def gloo(count):
    if not (options.peers / "bin/torchrun").exists():
        return lambda: None
    return lambda: run(torchrun(count, HERE / "allreduce.py", *SIZES), 300, lines=True)


def mpi(count):
    if not shutil.which("mpirun") or not (options.peers / "allreduce").exists():
        return lambda: None
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    return lambda: run(
        ["mpirun", *root, "--oversubscribe", "-n", count, "--mca", "btl", "tcp,self", options.peers / "allreduce", *SIZES], 300, lines=True)


# The parts

best_setups = {}


def best_setup(model):
    """The fastest of PyTorch's set-ups in one process with all cores, found once."""
    if model not in best_setups:
        results = turns({name: pytorch(model, name, min(3, options.seconds)) for name in SETUPS}, 1)
        times = {name: values[0]["ms_median"] for name, values in results.items() if values}
        best_setups[model] = min(times, key=times.get) if times else None
        say(f"{model}: " + ", ".join(f"{name} {time:.1f} ms" for name, time in times.items()))
    return best_setups[model]


def step():
    rows = []
    for model in models:
        best = best_setup(model)
        contestants = {f"{n}×{l}, V={v}": ours(model, n, l, v) for v in (2, 8) for n, l in ((2, 1), (1, 2))}
        if best:
            contestants["PyTorch"] = pytorch(model, best)
            contestants["DDP"] = data_parallel(model)
        results = turns(contestants, options.rounds)
        medians = {name: median([r.get("ms_per_step_median", r.get("ms_median")) for r in values]) for name, values in results.items()}
        torch_, ddp = medians.get("PyTorch"), medians.get("DDP")
        for name in list(contestants)[:4]:
            rows.append([
                f"{model}, {name}", number(medians[name]), best or "", number(torch_), ratio(torch_, medians[name]), number(ddp),
                ratio(ddp, medians[name])])
    table(
        "Training step, median ms (a ratio above 1: dist-train is faster). N×L: N workers of L lanes, snapshots and checkpoints on.",
        ["model", "dist-train", "PyTorch's best", "ms", "ratio", "DDP+Gloo, 2 processes", "ratio"], rows)


def collective():
    rows = []
    for count in workers:
        program = [options.program, "bench", "collective", "--workers", count, "--json"]
        results = turns(
            {
                "dist-train": lambda: run(program, 300, lines=True),
                # As between two machines: without the memory that workers of one machine share.
                "sockets": lambda: run(["env", "DIST_TRAIN_SHARED_MEMORY=0", *program], 300, lines=True),
                "Gloo": gloo(count), "Open MPI": mpi(count),
            }, options.rounds)
        for size in SIZES:
            def of(name):
                return median([line["ms_median"] for lines in results[name] for line in lines if line["bytes"] == size])
            us, sockets, theirs, mpis = of("dist-train"), of("sockets"), of("Gloo"), of("Open MPI")
            rows.append([
                f"{count} workers, {size:,} bytes", number(us, 3), number(theirs, 3), ratio(theirs, us), number(mpis, 3), ratio(mpis, us),
                number(sockets, 3), ratio(theirs, sockets), ratio(mpis, sockets)])
    table(
        "Averaging, median ms per call (a ratio above 1: dist-train is faster)",
        ["", "dist-train", "Gloo", "ratio", "Open MPI (tcp)", "ratio", "dist-train, sockets alone", "Gloo's ratio", "Open MPI's ratio"], rows)


class PeakMemory(threading.Thread):
    """Watches the workers that a process started: the largest peak of any, in KiB."""

    def __init__(self, parent):
        super().__init__(daemon=True)
        self.parent, self.peak, self.ends = parent, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ends.wait(0.05):
            for entry in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) != self.parent:
                        continue
                    status = (entry / "status").read_text()
                except (OSError, IndexError, ValueError):
                    continue  # it has ended
                for line in status.splitlines():
                    if line.startswith("VmHWM:"):
                        self.peak = max(self.peak, int(line.split()[1]))


def worker_memory(model, count, lanes):
    def measure():
        process = subprocess.Popen(
            [options.program, "bench", "step", f"config/bench/{model}.json5", "--workers", str(count), "--lanes", str(lanes), "--seconds",
             str(min(3, options.seconds)), "--json"], stdout=subprocess.DEVNULL)
        watch = PeakMemory(process.pid)
        status = process.wait(timeout=300)
        watch.ends.set()
        return watch.peak or None if status == 0 else None
    return measure


def memory():
    rows = []
    for model in models:
        best = best_setup(model)
        contestants = {"1×2": worker_memory(model, 1, 2), "2×1": worker_memory(model, 2, 1)}
        if best:
            contestants["PyTorch"] = lambda: (pytorch(model, best, min(3, options.seconds))() or {}).get("peak_kib")
            contestants["DDP"] = lambda: (data_parallel(model)() or {}).get("peak_kib")
        results = turns(contestants, 1)
        mib = {name: values[0] / 1024 if values else None for name, values in results.items()}
        rows.append([f"{model}, 1 worker of 2 lanes", number(mib["1×2"]), f"PyTorch, {best}", number(mib.get("PyTorch")), ratio(mib.get("PyTorch"), mib["1×2"])])
        rows.append([f"{model}, each of 2 workers", number(mib["2×1"]), "DDP, each of 2 processes", number(mib.get("DDP")), ratio(mib.get("DDP"), mib["2×1"])])
    table("Peak memory of a process, MiB (a ratio above 1: dist-train needs less)", ["model", "dist-train", "peer", "MiB", "ratio"], rows)


def checkpoints():
    rows = []
    for model in models:
        said = ours(model, 2, 1, 2)()
        if not said:
            continue
        every = max(2, int(1e3 * options.seconds / said["ms_per_step_median"]))  # one in --seconds
        steps = 4 * every

        def train(*more):
            def measure():
                with tempfile.TemporaryDirectory() as directory:
                    return run(
                        [options.program, "run", f"config/bench/{model}.json5", "--workers", 2, "--lanes", 1, "--json", "--run-dir",
                         f"{directory}/run", "--set", f"max_steps={steps}", "--set", "epochs=1000000", *more], 300 + 10 * options.seconds)
            return measure

        # One epoch, so that nothing but the end makes a snapshot of its own.
        batch = said["batch"]
        long = ["--set", f"data.train.made_up.samples={batch * (steps + 1)}"]
        none = [*long, "--snapshot-interval", 1000000]
        results = turns(
            {"none": train(*none), "snapshots": train(*long), "both": train(*long, "--set", f"checkpoint.every={every}")}, options.rounds)
        none, snapshots, both = (median([r["seconds"] for r in results[name]]) for name in ("none", "snapshots", "both"))

        def cost(seconds):
            return "" if not none or not seconds else f"{100 * (seconds / none - 1):+.1f} %"
        rows.append([model, steps, every, number(none, 2), number(snapshots, 2), cost(snapshots), number(both, 2), cost(both)])
    table(
        "Snapshots and checkpoints, 2 workers: seconds of a training with those of its end alone, with snapshots as usual, and with checkpoints too",
        ["model", "steps", "a checkpoint every", "none", "snapshots", "cost", "and checkpoints", "cost"], rows)


def machine():
    name = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    print(f"{datetime.datetime.now():%Y-%m-%d %H:%M}, {name}, {CORES} cores, {platform.system()} {platform.release()}")
    print(f"load at the start: {' '.join(f'{load:.1f}' for load in os.getloadavg())}; rounds {options.rounds}, {options.seconds:g} s each")
    if said := run([options.program, "bench", "kernels", "--seconds", "0.05", "--json"], 120):
        peak = said["machine"]
        print(
            f"fp32 multiply-adds: {peak['fma_gflops_one_core']:.1f} GFLOP/s on one core, {peak['fma_gflops_all_cores']:.1f} on all; "
            f"memory (triad): {peak['triad_gb_per_s_one_core']:.1f} GB/s on one core, {peak['triad_gb_per_s_all_cores']:.1f} on all; "
            f"CRC32C: {said['functions_gb_per_s']['crc32c']:.1f} GB/s")


machine()
started = time.monotonic()
for part in options.parts:
    {"step": step, "collective": collective, "memory": memory, "checkpoints": checkpoints}[part]()
print(f"\nmeasured in {(time.monotonic() - started) / 60:.0f} min")
