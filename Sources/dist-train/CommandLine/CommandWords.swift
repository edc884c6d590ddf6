import Configuration

/// Words that people know from other programs for commands and options of this one: for "did you mean".
enum CommandWords {
    private static let commands = [
        "fit": "run", "start": "run", "launch": "run", "execute": "run", "torchrun": "run", "job": "run",
        "eval": "evaluate", "test": "evaluate", "score": "evaluate", "val": "evaluate", "metrics": "evaluate",
        "infer": "predict", "inference": "predict", "classify": "predict", "apply": "predict",
        "sample": "generate", "complete": "generate", "chat": "generate", "write": "generate",
        "check": "validate", "lint": "validate", "verify": "validate", "dry-run": "validate",
        "new": "init", "create": "init", "setup": "init", "quickstart": "init", "start-project": "init",
        "server": "coordinator", "master": "coordinator", "scheduler": "coordinator", "head": "coordinator",
        "join": "worker", "client": "worker", "agent": "worker", "node": "worker",
        "ls": "runs", "list": "runs", "history": "runs", "experiments": "runs", "status": "runs",
        "ps": "runs",
        "diff": "compare", "info": "doctor", "checks": "doctor", "diagnose": "doctor", "env": "doctor",
        "model": "summary", "describe": "summary", "show": "summary", "lr": "lr-find", "lr_find": "lr-find",
        "schema": "config", "explain": "config", "docs": "config", "reference": "config",
        "benchmark": "bench step", "perf": "bench step", "completions": "completion",
    ]

    private static let options = [
        "--lr": "--learning-rate", "--rate": "--learning-rate", "--bs": "--batch-size",
        "--batch": "--batch-size", "--num-epochs": "--epochs", "--max-epochs": "--epochs",
        "--out": "--output", "--out-dir": "--run-dir", "--output-dir": "--run-dir", "--logdir": "--run-dir",
        "--log-dir": "--run-dir", "--save-dir": "--run-dir", "--dir": "--run-dir", "-o": "--output",
        "--num-workers": "--workers", "--nproc": "--workers", "--nproc-per-node": "--workers",
        "--np": "--workers", "-n": "--workers", "-j": "--workers", "--processes": "--workers",
        "-H": "--hosts", "--hostfile": "--hosts", "--nodes": "--hosts", "--ssh": "--hosts",
        "--num-threads": "--lanes", "--cores": "--lanes", "--cpus": "--lanes", "--jobs": "--lanes",
        "--random-state": "--seed", "--continue": "--resume", "--restore": "--resume",
        "--resume-from": "--resume", "--ckpt": "--resume", "--master": "--join", "--host": "--listen",
        "--coordinator": "--join", "--connect": "--join", "--server": "--join", "--bind": "--listen",
        "--port": "--listen", "--address": "--listen", "--token": "--token-file", "--data-dir": "--data",
        "--dataset": "--data", "--file": "--input", "--source": "--input", "--define": "--set",
        "-D": "--set", "--override": "--set", "--param": "--set", "--label": "--target",
        "--insecure": "--plaintext", "--no-tls": "--plaintext",
        "--experiment": "--name", "--run-name": "--name",
    ]

    /// The command that a word probably means.
    static func command(_ word: String, among names: [String]) -> String? {
        meant(commands[word.lowercased()], word, names)
    }

    /// The option that a word probably means.
    static func option(_ word: String, among names: [String]) -> String? {
        meant(options[word.replacing("_", with: "-")] ?? options[word], word, names)
    }

    private static func meant(_ known: String?, _ word: String, _ names: [String]) -> String? {
        if let known, names.contains(known) { return known }
        return Suggestion.nearest(to: word, among: names)
    }
}
