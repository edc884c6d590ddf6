"""Makes documents with hostile names and extreme values, which the page must draw: documents/*.json.

python3 make_documents.py
"""

import json
import math
import pathlib
import random

MARKUP = '</script><img src=x onerror="window.alerted = true">'
JSON_END = '"]}'
FORMULA = "=cmd|' /C calc'!A0"
REVERSED = "\u202eevil\u202c \u05e9\u05dc\u05d5\u05dd"
LONG = "W" * 300
HOSTILE = [MARKUP, JSON_END, FORMULA, REVERSED, LONG, "", "__proto__", "constructor", "\n\t", "a, b"]
START = 1_790_000_000.0


def curve(identifier, group, name, kind, by, x, y, low=(), high=(), stride=1, unit=""):
    return {
        "id": identifier,
        "group": group,
        "name": name,
        "set": kind,
        "by": by,
        "unit": unit,
        "stride": stride,
        "x": list(x),
        "y": list(y),
        "low": list(low),
        "high": list(high),
    }


def falling(count, level=1.0):
    return [round(level * math.exp(-4 * index / count) + 0.05 * math.sin(index), 5) for index in range(count)]


def run(name):
    steps = list(range(10, 361, 10))
    epochs = list(range(12, 361, 12))
    loss = falling(len(steps))
    accuracy = [round(0.93 - 0.5 * value, 5) for value in falling(30)]
    accuracy[20] = 0.9389
    return {
        "name": name,
        "directory": f"runs/{name}",
        "command": f"dist-train run {name}.json5",
        "state": "finished",
        "message": None,
        "time": {"started": START, "now": START + 40, "training": 38.25},
        "progress": {
            "step": 360,
            "steps": 360,
            "epoch": 30,
            "epochs": 30,
            "samples_per_second": 1437.5,
            "seconds_left": 0.0,
        },
        "best": {"monitor": "validation.accuracy", "value": 0.9389, "epoch": 21, "step": 252},
        "figures": [
            {
                "set": "validation",
                "name": "accuracy",
                "value": 0.9389,
                "low": 0.9093,
                "high": 0.9597,
                "unit": "",
            },
            {"set": "validation", "name": "loss", "value": 0.2487, "low": None, "high": None, "unit": ""},
        ],
        "curves": [
            curve(
                "train.loss",
                "loss",
                "training",
                "train",
                "step",
                steps,
                loss,
                [v - 0.04 for v in loss],
                [v + 0.04 for v in loss],
                10,
            ),
            curve("validation.loss", "loss", "validation", "validation", "epoch", epochs, falling(30, 1.2)),
            curve("validation.accuracy", "accuracy", "validation", "validation", "epoch", epochs, accuracy),
            curve("learning_rate", "learning_rate", "learning rate", "", "step", steps, [0.003] * len(steps)),
        ],
        "workers": [
            {
                "number": number,
                "name": f"node{number}/17",
                "address": f"10.0.0.{number}",
                "state": state,
                "rank": number - 1 if state == "member" else None,
                "microbatches": 4,
                "share": 0.5,
                "speed": 1.0,
                "waiting": 0.12,
                "heartbeat": 0.3,
                "memory": 73_400_320,
                "step": 360,
                "phase": "backward",
            }
            for number, state in [(1, "member"), (2, "lost"), (3, "member")]
        ],
        "events": [
            {"time": START + at, "event": event, "level": level, "text": text, "worker": worker, "step": step}
            for at, event, level, text, worker, step in [
                (0, "reading_data", "info", "reading the data", None, None),
                (1, "worker_joined", "info", "worker 1 (node1) has joined", 1, None),
                (1.5, "worker_joined", "info", "worker 2 (node2) has joined", 2, None),
                (10, "checkpoint_written", "debug", "the checkpoint of step 120 is written", None, 120),
                (20, "worker_lost", "warning", "worker 2 (node2) is lost in step 181 (backward)", 2, 181),
                (
                    20.1,
                    "recovery_started",
                    "info",
                    "going back to step 120: 61 steps to compute again",
                    None,
                    120,
                ),
                (25, "recovered", "info", "recovered in 4.90 s, 61 steps computed again", None, 181),
                (26, "worker_joined", "info", "worker 3 (node3) has joined", 3, None),
                (
                    40,
                    "run_finished",
                    "debug",
                    "finished: 360 steps (30 epochs) with 2 workers in 38.3 s",
                    None,
                    360,
                ),
            ]
        ],
        "phases": [
            {
                "worker": number,
                "name": f"node{number}/17",
                "steps": 360,
                "parts": [["data", 1.0], ["forward", 9.5], ["backward", 14.25], ["waiting", 4.0]],
                "beside": [["update", 2.0]],
            }
            for number in [1, 3]
        ],
        "memory": [
            {"what": "coordinator", "bytes": 47_185_920, "limit": None},
            {"what": "worker 1", "bytes": 73_400_320, "limit": 2_147_483_648},
        ],
        "model": {
            "parameters": 17_418,
            "rows": [
                {"name": "dense1", "kind": "dense 128, relu", "output": "128", "parameters": 8320},
                {"name": "dense2", "kind": "dense 64, relu", "output": "64", "parameters": 8256},
                {"name": "head", "kind": "dense 10", "output": "10", "parameters": 842},
            ],
        },
        "environment": [["platform", "x86_64-Zen"], ["state_sha256", "7bd1723f" * 8]],
        "config": '{name: "digits"}',
        "plots": [],
        "dropped": [{"sink": "page", "count": 0}],
    }


def axis(label, low=None, high=None, unit=""):
    return {"label": label, "unit": unit, "min": low, "max": high}


def confusion(names, seed):
    draw = random.Random(seed)
    counts = [[0] * len(names) for _ in names]
    for row in range(len(names)):
        for _ in range(20):
            counts[row][row if draw.random() < 0.9 else draw.randrange(len(names))] += 1
    return {
        "kind": "confusion",
        "section": "evaluation",
        "title": f"Confusion matrix of {len(names)} classes",
        "note": None,
        "alt": "Counts of true and predicted classes.",
        "classes": names,
        "counts": counts,
    }


def plots(names):
    draw = random.Random(7)
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
    rise = [index / 20 for index in range(21)]
    common = {"section": "evaluation", "note": None, "alt": ""}
    return [
        confusion(names, 3),
        {
            "kind": "table",
            **common,
            "title": "Report per class",
            "columns": [
                {"name": "class", "align": "left", "unit": ""},
                {"name": "recall", "align": "right", "unit": ""},
            ],
            "rows": [[name, round(draw.uniform(0.8, 1), 4)] for name in names],
        },
        {
            "kind": "lines",
            **common,
            "title": "ROC",
            "x": axis("false positive rate", 0, 1),
            "y": axis("true positive rate", 0, 1),
            "diagonal": True,
            "series": [
                {"name": name, "x": rise, "y": [value**0.2 for value in rise], "draw": "steps"}
                for name in names
            ],
        },
        {
            "kind": "lines",
            **common,
            "title": "Reliability",
            "x": axis("confidence", 0, 1),
            "y": axis("accuracy", 0, 1),
            "diagonal": True,
            "series": [{"name": "accuracy", "x": [0.25, 0.75], "y": [0.2, 0.8], "draw": "bars"}],
        },
        {
            "kind": "histogram",
            **common,
            "title": "Residuals",
            "x": axis("residual", unit="mg/l"),
            "y": axis("samples"),
            "edges": [-1, 0, 1],
            "counts": [3, 4],
        },
        {
            "kind": "scatter",
            **common,
            "section": "clusters",
            "title": "Clusters",
            "x": axis("component 1"),
            "y": axis("component 2"),
            "diagonal": False,
            "groups": [
                {
                    "name": name,
                    "x": [draw.gauss(index, 1) for _ in range(20)],
                    "y": [draw.gauss(-index, 1) for _ in range(20)],
                }
                for index, name in enumerate(names)
            ],
        },
        {
            "kind": "images",
            **common,
            "section": "mistakes",
            "title": "Worst mistakes",
            "items": [
                {"src": f"data:image/png;base64,{pixel}", "caption": name, "alt": name} for name in names
            ],
        },
        {"kind": "text", **common, "section": "data", "title": "Data", "text": f"360 samples\n{names[0]}"},
    ]


def hostile():
    """Names that would be markup, JSON, formulas or text from the right to the left."""
    made = run(MARKUP + LONG)
    made.update(
        message=f"{MARKUP} {LONG}",
        command=MARKUP,
        directory=REVERSED,
        config=MARKUP + LONG,
        state="failed",
        environment=[[name, name] for name in HOSTILE],
        plots=plots(HOSTILE),
    )
    for worker, name in zip(made["workers"], HOSTILE):
        worker.update(name=name, address=name, state=name, phase=name)
    for one, name in zip(made["curves"], HOSTILE):
        one.update(name=name, unit=name)
    made["curves"] += [
        curve(name, name, name, name, "step", [1, 2, 3], [0.5, 0.25, 0.125]) for name in HOSTILE
    ]
    made["events"] += [
        {
            "time": START + 30 + index,
            "event": "worker_lost",
            "level": name,
            "text": name,
            "worker": name,
            "step": None,
        }
        for index, name in enumerate(HOSTILE)
    ]
    made["figures"] += [
        {"set": name, "name": name, "value": 1e-5, "low": None, "high": None, "unit": name}
        for name in HOSTILE
    ]
    made["model"]["rows"] = [
        {"name": name, "kind": name, "output": name, "parameters": 1} for name in HOSTILE
    ]
    made["phases"][0]["parts"] = [[name, 1.0] for name in HOSTILE]
    made["memory"] = [{"what": name, "bytes": 1, "limit": None} for name in HOSTILE]
    return {"kind": "report", "program": MARKUP, "made": START, "runs": [made], "plots": []}


def extreme():
    """Nothing where something is expected, one of it, far too much of it, and what no version knows."""
    made = run("extreme")
    made["curves"] = [
        curve("a", "one point", "a", "", "step", [5], [0.5]),
        curve("b", "nulls", "b", "train", "step", [1, 2, 3], [None, None, None]),
        curve("c", "no values", "c", "", "step", [], []),
        curve("d", "large", "d", "", "step", [1, 2, 3], [1e300, -1e300, 1e-300]),
        {
            "id": "e",
            "group": "half",
            "name": None,
            "set": None,
            "by": None,
            "unit": None,
            "stride": None,
            "x": [None, 1, 2],
            "y": [1],
            "low": None,
            "high": None,
        },
        None,
        7,
        "text",
        {},
    ] + [
        curve(
            f"gradient_norms.{index}",
            "gradient_norms",
            f"layer{index}.weight",
            "",
            "step",
            [10, 20, 30],
            [round(math.exp(-index / 20 - at), 6) for at in range(3)],
        )
        for index in range(161)
    ]
    made["workers"] = [dict(made["workers"][0], number=number, rank=number) for number in range(64)] + [
        {},
        None,
    ]
    made["events"] += [None, {"time": None}, {"time": START, "event": None, "level": None, "text": None}] + [
        {
            "time": START + index / 10,
            "event": "checkpoint_written",
            "level": "debug",
            "text": f"checkpoint {index}",
            "worker": None,
            "step": index,
        }
        for index in range(400)
    ]
    made["phases"] = [
        {"worker": None, "name": None, "steps": 0, "parts": [["a", None], None, []], "beside": None},
        None,
    ]
    made["memory"] = [{}, None]
    made["model"] = {"parameters": None, "rows": [None, {}]}
    made["figures"] = [
        None,
        {},
        {"set": "test", "name": "error", "value": None, "low": -3, "high": 2e9, "unit": None},
    ]
    made["progress"] = {"step": 5, "steps": 0, "epoch": None, "epochs": None}
    made["time"] = made["best"] = made["environment"] = made["config"] = None
    made["unheard_of"] = [1, 2, 3]
    made["plots"] = (
        [confusion([f"n{index:08}" for index in range(100)], 4), confusion(["healthy", "ill"], 5)]
        + [
            {"kind": kind, "title": kind}
            for kind in [
                "lines",
                "scatter",
                "histogram",
                "table",
                "images",
                "text",
                "confusion",
                "hologram",
                "__proto__",
                "toString",
            ]
        ]
        + [
            None,
            {},
            {"kind": "confusion", "classes": ["a", "b"], "counts": [[1]]},
            {"kind": "table", "columns": None, "rows": [None, [1, 2, 3]]},
            {"kind": "scatter", "groups": [None, {"x": [1, None], "y": [None, 2]}]},
            {"kind": "images", "items": [None, {"src": "https://example.org/x.png", "caption": "elsewhere"}]},
        ]
    )
    return {"kind": "report", "program": "dist-train", "made": None, "runs": [made], "plots": None}


def comparison():
    runs = [run(name) for name in ["first", "second", MARKUP]]
    runs[1]["curves"][0]["y"] = falling(36, 2)
    table = {
        "kind": "table",
        "section": "comparison",
        "title": "What differs",
        "note": None,
        "alt": "",
        "columns": [{"name": name, "align": "left", "unit": ""} for name in ["field", "first", "second"]],
        "rows": [["epochs", 30, 60], ["optimizer", "adam", MARKUP]],
    }
    return {"kind": "comparison", "program": "dist-train", "made": START, "runs": runs, "plots": [table]}


def main():
    directory = pathlib.Path(__file__).parent / "documents"
    report = run("report")
    report["plots"] = plots([str(digit) for digit in range(6)])
    made = {
        "report": {"kind": "report", "program": "dist-train", "made": START, "runs": [report], "plots": []},
        "hostile": hostile(),
        "extreme": extreme(),
        "comparison": comparison(),
        "nothing": {"kind": "report", "program": None, "made": None, "runs": [], "plots": []},
        "nulls": {
            "kind": "report",
            "program": None,
            "made": None,
            "runs": [dict.fromkeys(run(""))],
            "plots": None,
        },
    }
    directory.mkdir(exist_ok=True)
    for name, document in made.items():
        (directory / f"{name}.json").write_text(
            json.dumps(document, ensure_ascii=True, separators=(",", ":")) + "\n"
        )


main()
