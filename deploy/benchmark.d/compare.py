"""Runs dist-train and its peers in turns and prints tables of medians and ratios.

Started by deploy/benchmark; needs Python alone.
"""
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
SEQUENCES = ["gpt_nano", "lstm", "gru", "rnn", "gpt2", "gpt2_long"]
PARTS = ["step", "collective", "memory", "checkpoints", "sequences"]
WINDOWS = 11  # of sequences: the lower quartile of fewer says little
SIZES = [1_000, 16_000, 250_000, 1_000_000, 4_000_000, 25_000_000, 100_000_000]
SETUPS = {
    "eager": [],
    "channels_last": ["cl"],
    "compile": ["compile"],
    "compile, channels_last": ["compile", "cl"],
}


def main():
    options = parse_options()
    contestants = Contestants(options)
    parts = dict(zip(PARTS, [step, collective, memory, checkpoints, sequences]))
    print_machine(options)
    started = time.monotonic()
    for part in options.parts:
        parts[part](options, contestants)
    print(f"\nmeasured in {(time.monotonic() - started) / 60:.0f} min")


def parse_options():
    parser = argparse.ArgumentParser(prog="deploy/benchmark")
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--program", required=True)
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    parser.add_argument("--models", default=",".join(MODELS + SEQUENCES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--workers", default="2,4")
    options = parser.parse_args()
    names = options.models.split(",")
    if unknown := [name for name in names if name not in MODELS + SEQUENCES]:
        parser.error(f"there is no model {unknown[0]}; there are {', '.join(MODELS + SEQUENCES)}")
    options.models = [name for name in names if name in MODELS]
    options.sequences = [name for name in names if name in SEQUENCES]
    options.workers = [int(word) for word in options.workers.split(",")]
    return options


# Running commands


def say(text):
    print(f"  … {text}", file=sys.stderr, flush=True)


def run(command, seconds, lines=False):
    """The JSON that a command prints: that of its last value, or of all lines.

    None, and a message, if it fails. Its processes are ended when the time is over.
    """
    words = [str(word) for word in command]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        say(f"left out, not done within {seconds:.0f} s: {' '.join(words)}")
        return None
    if process.returncode != 0:
        say(f"left out, it failed: {' '.join(words)}: {errors.strip().splitlines()[-1:]}")
        return None
    if lines:
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return json.loads(output[output.index("{"):])


def turns(contestants, rounds):
    """Runs every contestant once per round, in turns; returns the results of each.

    A contestant that fails in the first round is not asked again.
    """
    results = {name: [] for name in contestants}
    for number in range(rounds):
        for name, measure in contestants.items():
            if number > 0 and not results[name]:
                continue
            say(f"round {number + 1} of {rounds}: {name}")
            if (result := measure()) is not None:
                results[name].append(result)
    return results


# Writing tables


def median(values):
    return statistics.median(values) if values else None


def ratio(theirs, ours):
    return "" if not theirs or not ours else f"{theirs / ours:.2f}×"


def number(value, digits=1):
    return "" if value is None else f"{value:.{digits}f}"


def print_table(title, header, rows):
    print(f"\n{title}\n")
    widths = [max(len(str(row[k])) for row in [header, *rows]) for k in range(len(header))]
    for index, row in enumerate([header, *rows]):
        cells = [str(cell).rjust(width) for cell, width in zip(row, widths)]
        cells[0] = str(row[0]).ljust(widths[0])
        print("| " + " | ".join(cells) + " |")
        if index == 0:
            rules = ["-" * (width + 1) + ("-" if k == 0 else ":") for k, width in enumerate(widths)]
            print("|" + "|".join(rules) + "|")
    sys.stdout.flush()


# The contestants


class Contestants:
    """The programs that are measured. Each method returns a function that measures once."""

    def __init__(self, options):
        self.options = options
        self.best_setups = {}

    def bench_step(self, model, count, lanes):
        return [
            self.options.program, "bench", "step", f"config/bench/{model}.json5",
            "--workers", count, "--lanes", lanes, "--json"]

    def ours(self, model, count, lanes, microbatches):
        seconds = self.options.seconds
        command = [
            *self.bench_step(model, count, lanes), "--seconds", seconds,
            "--set", f"batch.microbatches={microbatches}"]
        return lambda: run(command, 120 + 10 * seconds)

    def worker_memory(self, model, count, lanes):
        command = [*self.bench_step(model, count, lanes), "--seconds", min(3, self.options.seconds)]

        def measure():
            process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
            watch = PeakMemory(process.pid)
            status = process.wait(timeout=300)
            watch.ends.set()
            return watch.peak or None if status == 0 else None

        return measure

    def pytorch(self, model, setup, seconds=None):
        python = self.options.peers / "bin/python"
        if not python.exists():
            return lambda: None
        words = [model, seconds or self.options.seconds, core_count(), *SETUPS[setup]]
        return lambda: run([python, HERE / "step.py", *words], 300 + 10 * self.options.seconds)

    def best_setup(self, model):
        """The fastest of PyTorch's set-ups in one process with all cores, found once."""
        if model not in self.best_setups:
            seconds = min(3, self.options.seconds)
            results = turns({name: self.pytorch(model, name, seconds) for name in SETUPS}, 1)
            times = {name: values[0]["ms_median"] for name, values in results.items() if values}
            self.best_setups[model] = min(times, key=times.get) if times else None
            say(f"{model}: " + ", ".join(f"{name} {time:.1f} ms" for name, time in times.items()))
        return self.best_setups[model]

    def torchrun(self, count, words, seconds, lines=False):
        program = self.options.peers / "bin/torchrun"
        if not program.exists():
            return lambda: None
        command = [program, "--standalone", "--nproc-per-node", count, *words]
        return lambda: run(command, seconds, lines)

    def data_parallel(self, model):
        words = [HERE / "step.py", model, self.options.seconds, 1]
        return self.torchrun(2, words, 300 + 10 * self.options.seconds)

    def gloo(self, count):
        return self.torchrun(count, [HERE / "allreduce.py", *SIZES], 300, lines=True)

    def mpi(self, count):
        program = self.options.peers / "allreduce"
        if not shutil.which("mpirun") or not program.exists():
            return lambda: None
        root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
        mpirun = ["mpirun", *root, "--oversubscribe", "-n", count, "--mca", "btl", "tcp,self"]
        return lambda: run([*mpirun, program, *SIZES], 300, lines=True)


class Served:
    """PyTorch's side of sequences.py in a process that waits between its windows: it compiles only once."""

    def __init__(self, python, model, seconds, setup):
        words = [python, HERE / "sequences.py", model, seconds, core_count(), *SETUPS[setup], "serve"]
        self.process = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)

    def measure(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            say(f"left out, it failed: {' '.join(self.process.args)}")
            return None

    def end(self):
        self.process.kill()
        self.process.wait()


class PeakMemory(threading.Thread):
    """Watches the workers that a process started: the largest peak of any, in KiB."""

    def __init__(self, parent):
        super().__init__(daemon=True)
        self.parent = parent
        self.peak = 0
        self.ends = threading.Event()
        self.start()

    def run(self):
        while not self.ends.wait(0.05):
            for entry in pathlib.Path("/proc").glob("[0-9]*"):
                self.look_at(entry)

    def look_at(self, entry):
        try:
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) != self.parent:
                return
            status = (entry / "status").read_text()
        except (OSError, IndexError, ValueError):
            return  # the process has ended
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak = max(self.peak, int(line.split()[1]))


# The parts


def step(options, contestants):
    rows = []
    for model in options.models:
        best = contestants.best_setup(model)
        own = {
            f"{n}×{lanes}, V={v}": contestants.ours(model, n, lanes, v)
            for v in (2, 8) for n, lanes in ((2, 1), (1, 2))}
        peers = {}
        if best:
            peers = {"PyTorch": contestants.pytorch(model, best), "DDP": contestants.data_parallel(model)}
        results = turns(own | peers, options.rounds)
        medians = {
            name: median([result.get("ms_per_step_median", result.get("ms_median")) for result in values])
            for name, values in results.items()}
        torch, ddp = medians.get("PyTorch"), medians.get("DDP")
        for name in own:
            rows.append([
                f"{model}, {name}", number(medians[name]), best or "", number(torch),
                ratio(torch, medians[name]), number(ddp), ratio(ddp, medians[name])])
    print_table(
        "Training step, median ms (a ratio above 1: dist-train is faster)."
        " N×L: N workers of L lanes, snapshots and checkpoints on.",
        ["model", "dist-train", "PyTorch's best", "ms", "ratio", "DDP+Gloo, 2 processes", "ratio"], rows)


def collective(options, contestants):
    rows = []
    for count in options.workers:
        results = turns(collective_contestants(options, contestants, count), options.rounds)
        for size in SIZES:
            us, sockets, gloo, mpi = (
                median([line["ms_median"] for lines in found for line in lines if line["bytes"] == size])
                for found in results.values())
            rows.append([
                f"{count} workers, {size:,} bytes", number(us, 3), number(gloo, 3), ratio(gloo, us),
                number(mpi, 3), ratio(mpi, us), number(sockets, 3), ratio(gloo, sockets),
                ratio(mpi, sockets)])
    print_table(
        "Averaging, median ms per call (a ratio above 1: dist-train is faster)",
        ["", "dist-train", "Gloo", "ratio", "Open MPI (tcp)", "ratio", "dist-train, sockets alone",
         "Gloo's ratio", "Open MPI's ratio"], rows)


def collective_contestants(options, contestants, count):
    program = [options.program, "bench", "collective", "--workers", count, "--json"]
    # As between two machines: without the memory that workers of one machine share.
    sockets = ["env", "DIST_TRAIN_SHARED_MEMORY=0", *program]
    return {
        "dist-train": lambda: run(program, 300, lines=True),
        "sockets": lambda: run(sockets, 300, lines=True),
        "Gloo": contestants.gloo(count),
        "Open MPI": contestants.mpi(count),
    }


def memory(options, contestants):
    rows = []
    for model in options.models:
        best = contestants.best_setup(model)
        measures = {
            "1×2": contestants.worker_memory(model, 1, 2), "2×1": contestants.worker_memory(model, 2, 1)}
        if best:
            torch = contestants.pytorch(model, best, min(3, options.seconds))
            ddp = contestants.data_parallel(model)
            measures["PyTorch"] = lambda: (torch() or {}).get("peak_kib")
            measures["DDP"] = lambda: (ddp() or {}).get("peak_kib")
        results = turns(measures, 1)
        mib = {name: values[0] / 1024 if values else None for name, values in results.items()}
        for name, own, peer, theirs in (
                ("1 worker of 2 lanes", "1×2", f"PyTorch, {best}", "PyTorch"),
                ("each of 2 workers", "2×1", "DDP, each of 2 processes", "DDP")):
            rows.append([
                f"{model}, {name}", number(mib[own]), peer, number(mib.get(theirs)),
                ratio(mib.get(theirs), mib[own])])
    print_table(
        "Peak memory of a process, MiB (a ratio above 1: dist-train needs less)",
        ["model", "dist-train", "peer", "MiB", "ratio"], rows)


def checkpoints(options, contestants):
    rows = []
    for model in options.models:
        if said := contestants.ours(model, 2, 1, 2)():
            rows.append(checkpoint_row(options, model, said))
    print_table(
        "Snapshots and checkpoints, 2 workers: seconds of a training with those of its end alone,"
        " with snapshots as usual, and with checkpoints too",
        ["model", "steps", "a checkpoint every", "none", "snapshots", "cost", "and checkpoints", "cost"],
        rows)


def checkpoint_row(options, model, said):
    every = max(2, int(1e3 * options.seconds / said["ms_per_step_median"]))  # one in --seconds
    steps = 4 * every

    def train(*more):
        def measure():
            with tempfile.TemporaryDirectory() as directory:
                command = [
                    options.program, "run", f"config/bench/{model}.json5", "--workers", 2, "--lanes", 1,
                    "--json", "--run-dir", f"{directory}/run", "--set", f"max_steps={steps}",
                    "--set", "epochs=1000000", *more]
                return run(command, 300 + 10 * options.seconds)
        return measure

    # One epoch, so that nothing but the end makes a snapshot of its own.
    long = ["--set", f"data.train.made_up.samples={said['batch'] * (steps + 1)}"]
    results = turns(
        {
            "none": train(*long, "--snapshot-interval", 1000000),
            "snapshots": train(*long),
            "both": train(*long, "--set", f"checkpoint.every={every}"),
        }, options.rounds)
    none, snapshots, both = (median([r["seconds"] for r in found]) for found in results.values())

    def cost(seconds):
        return "" if not none or not seconds else f"{100 * (seconds / none - 1):+.1f} %"

    return [
        model, steps, every, number(none, 2), number(snapshots, 2), cost(snapshots), number(both, 2),
        cost(both)]


def sequences(options, contestants):
    times, sizes = [], []
    for model in options.sequences:
        results = sequence_windows(options, contestants, model)
        quartiles = {
            name: lower_quartile([line.get("ms_per_step_median", line.get("ms_median")) for line in lines])
            for name, lines in results.items()}
        peers = {name: value for name, value in quartiles.items() if name in SETUPS and value}
        best = min(peers, key=peers.get, default=None)
        times += [
            [f"{model}, {name}", number(ours), best or "", number(peers.get(best)),
             ratio(peers.get(best), ours)] for name, ours in quartiles.items() if name not in SETUPS]
        if results.get("eager"):
            peer = results["eager"][-1]["peak_without_import_kib"] / 1024
            worker = (contestants.worker_memory(model, 1, 2)() or 0) / 1024
            sizes.append([model, number(worker), number(peer), ratio(peer, worker)])
    print_table(
        "Training step of sequences, lower quartile of the windows' median ms (a ratio above 1: dist-train is"
        " faster)", ["model", "dist-train", "PyTorch's best", "ms", "ratio"], times)
    print_table(
        "Peak memory of a worker of 2 lanes, and of PyTorch (eager) without its import, MiB",
        ["model", "dist-train", "PyTorch", "ratio"], sizes)


def sequence_windows(options, contestants, model):
    """What dist-train and PyTorch measured in turns."""
    seconds, python = min(2, options.seconds), options.peers / "bin/python"
    setups = ["eager"] if model.startswith("gpt2") else ["eager", "compile"]
    served = {name: Served(python, model, seconds, name) for name in setups} if python.exists() else {}
    own = {
        f"{n}×{lanes}": bench_window(contestants, model, seconds, n, lanes) for n, lanes in ((1, 2), (2, 1))}
    try:
        peers = {name: peer.measure for name, peer in served.items()}
        return turns(own | peers, max(WINDOWS, options.rounds))
    finally:
        for peer in served.values():
            peer.end()


def bench_window(contestants, model, seconds, count, lanes):
    command = [*contestants.bench_step(model, count, lanes), "--seconds", seconds]
    return lambda: run(command, 300 + 10 * seconds)


def lower_quartile(values):
    return sorted(values)[len(values) // 4] if values else None


# The machine


def core_count():
    return len(os.sched_getaffinity(0))


def processor_name():
    with open("/proc/cpuinfo") as lines:
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def print_machine(options):
    now = f"{datetime.datetime.now():%Y-%m-%d %H:%M}"
    system = f"{platform.system()} {platform.release()}"
    print(f"{now}, {processor_name()}, {core_count()} cores, {system}")
    loads = " ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"load at the start: {loads}; rounds {options.rounds}, {options.seconds:g} s each")
    said = run([options.program, "bench", "kernels", "--seconds", "0.05", "--json"], 120)
    if not said:
        return
    peak = said["machine"]
    print(
        f"fp32 multiply-adds: {peak['fma_gflops_one_core']:.1f} GFLOP/s on one core,"
        f" {peak['fma_gflops_all_cores']:.1f} on all;"
        f" memory (triad): {peak['triad_gb_per_s_one_core']:.1f} GB/s on one core,"
        f" {peak['triad_gb_per_s_all_cores']:.1f} on all;"
        f" CRC32C: {said['functions_gb_per_s']['crc32c']:.1f} GB/s")


if __name__ == "__main__":
    main()
