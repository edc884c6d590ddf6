"""Writes classes.txt, answers.txt, values.txt, intervals.txt and bootstrap.txt, against which MetricsTests
compare: predictions that are drawn here, and what scikit-learn, NumPy and scipy say of them.

    python3 make_fixtures.py        (with scikit-learn 1.9, NumPy 2, scipy 1.17)

A line is `CASE NAME VALUE…`. Doubles are written in the shortest form that reads back as the same double;
`nan` stands for what is not defined.
"""
import warnings

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20261130)
AVERAGES = ["macro", "micro", "weighted"]


def line(case, name, values):
    return f"{case} {name} " + " ".join(repr(float(v)) for v in np.ravel(values)) + "\n"


def calibration_error(confidence, right, bins=15):
    """By definition: bin i has the confidences in (i/15, (i+1)/15], the first also 0."""
    total = 0.0
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if i == 0:
            inside |= confidence == 0
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def areas(truth, scores):
    """One class against the rest; nan where it is not defined."""
    roc = sk.roc_auc_score(truth, scores) if 0 < truth.sum() < len(truth) else np.nan
    pr = sk.average_precision_score(truth, scores) if truth.sum() > 0 else np.nan
    return roc, pr


def averages_of(case, values, support, binary):
    """macro, weighted and standard of areas, over the classes that have them."""
    values = np.array(values)
    defined = ~np.isnan(values)
    macro = values[defined].mean() if defined.any() else np.nan
    weighted = np.average(values[defined], weights=support[defined]) if defined.any() else np.nan
    return {"_macro": macro, "_weighted": weighted, "": values[1] if binary else macro}


def class_case(name, labels, p, found=None):
    n, classes = p.shape
    found = p.argmax(1) if found is None else found
    onehot = np.eye(classes)[labels]
    out = line(name, "classes", [classes]) + line(name, "labels", labels) + line(name, "predicted", found)
    out += line(name, "scores", p)
    every = list(range(classes))
    rows = sk.precision_recall_fscore_support(labels, found, labels=every, zero_division=0)
    for score, row in zip(["precision", "recall", "f1"], rows):
        out += line(name, f"class_{score}", row)
    out += line(name, "support", rows[3])
    for average in AVERAGES:
        row = sk.precision_recall_fscore_support(labels, found, average=average, zero_division=0)
        for score, value in zip(["precision", "recall", "f1"], row):
            out += line(name, f"{score}_{average}", value)
    standard = {"average": "binary"} if classes == 2 else {"average": "macro"}
    row = sk.precision_recall_fscore_support(labels, found, zero_division=0, **standard)
    for score, value in zip(["precision", "recall", "f1"], row):
        out += line(name, score, value)
    both = [areas(labels == c, p[:, c]) for c in every]
    for kind, column in [("roc_auc", 0), ("pr_auc", 1)]:
        values = [b[column] for b in both]
        out += line(name, f"class_{kind}", values)
        for suffix, value in averages_of(name, values, rows[3], classes == 2).items():
            out += line(name, kind + suffix, value)
    out += line(name, "accuracy", sk.accuracy_score(labels, found))
    out += line(name, "balanced_accuracy", sk.balanced_accuracy_score(labels, found))
    out += line(name, "log_loss", sk.log_loss(labels, p, labels=every))
    if classes > 2:
        out += line(name, "brier", sk.brier_score_loss(labels, p, labels=every))
    else:
        out += line(name, "brier", sk.brier_score_loss(labels, p[:, 1], pos_label=1))
    out += line(name, "ece", calibration_error(p.max(1), labels == found))
    out += line(name, "confusion", sk.confusion_matrix(labels, found, labels=every))
    # Of equal scores the one of the lower index counts as larger here, and not in scikit-learn.
    if classes > 2 and all(len(set(row)) == classes for row in p):
        out += line(name, "top_2", sk.top_k_accuracy_score(labels, p, k=2, labels=every))
    return out


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def drawn(n, classes, strength, weights=None):
    labels = rng.choice(classes, n, p=weights)
    return labels, softmax(rng.normal(size=(n, classes)) + strength * np.eye(classes)[labels])


def classes_text():
    text = class_case("three", *drawn(200, 3, 1.5))
    text += class_case("two", *drawn(150, 2, 1.0))
    text += class_case("rare", *drawn(300, 4, 1.2, [0.9, 0.05, 0.03, 0.02]))
    # Classes 1 and 4 have no samples, and 4 is never predicted.
    labels, p = drawn(80, 5, 1.0, [0.4, 0, 0.3, 0.3, 0])
    p[:, 4] *= 0.01
    text += class_case("absent", labels, p / p.sum(1, keepdims=True))
    # Many equal scores, confidences at the ends of bins.
    labels = rng.choice(3, 120)
    rows = np.array([[0.2, 0.2, 0.6], [0.4, 0.4, 0.2], [0.8, 0.2, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    text += class_case("ties", labels, rows[rng.choice(4, 120)])
    # Probabilities of 0 and 1, right and wrong: the logarithm is clipped.
    labels = rng.choice(2, 60)
    text += class_case("sure", labels, np.eye(2)[np.where(rng.random(60) < 0.9, labels, 1 - labels)])
    text += class_case("perfect", labels, np.eye(2)[labels])
    text += class_case("one_class", np.zeros(20, int), drawn(20, 2, 0.5)[1])
    text += class_case("wrong", np.arange(30) % 3, np.eye(3)[(np.arange(30) + 1) % 3])
    text += class_case("single", np.array([1]), np.array([[0.25, 0.5, 0.25]]))
    text += class_case("tiny", *[(l, np.clip(p, 1e-300, 1)) for l, p in [drawn(40, 3, 40.0)]][0])
    # The decision need not be the largest probability.
    labels, p = drawn(90, 2, 1.0)
    text += class_case("threshold", labels, p, found=(p[:, 1] > 0.3).astype(int))
    return text


def answers_text():
    """Yes-or-no targets of their own."""
    text = ""
    for name, n, width in [("three_answers", 100, 3), ("one_answer", 60, 1), ("empty_answer", 50, 4)]:
        truth = rng.random((n, width)) < 0.35
        if name == "empty_answer":
            truth[:, 2] = False
        p = 1 / (1 + np.exp(-(rng.normal(size=truth.shape) + 2 * truth - 1)))
        found = p > 0.5
        text += line(name, "classes", [width]) + line(name, "labels", truth) + line(name, "predicted", found)
        text += line(name, "scores", p)
        shaped = (truth.astype(int), found.astype(int)) if width > 1 else (truth[:, 0], found[:, 0])
        for average in AVERAGES:
            kind = average if width > 1 else "binary"
            row = sk.precision_recall_fscore_support(*shaped, average=kind, zero_division=0)
            for index, score in enumerate(["precision", "recall", "f1"]):
                text += line(name, f"{score}_{average}", row[index])
                if average == "macro":
                    text += line(name, score, row[index])
        both = [areas(truth[:, c], p[:, c]) for c in range(width)]
        for kind, column in [("roc_auc", 0), ("pr_auc", 1)]:
            values = [b[column] for b in both]
            text += line(name, f"class_{kind}", values)
            for suffix, value in averages_of(name, values, truth.sum(0), False).items():
                text += line(name, kind + suffix, value)
        text += line(name, "accuracy", (truth == found).all(1).mean())
        losses = [sk.log_loss(truth[:, c], p[:, c], labels=[False, True]) for c in range(width)]
        text += line(name, "log_loss", np.mean(losses))
        text += line(name, "brier", ((p - truth) ** 2).mean())
        text += line(name, "ece", calibration_error(np.maximum(p, 1 - p).ravel(), (truth == found).ravel()))
    return text


def values_text():
    text = ""
    cases = {
        "one": (rng.normal(size=(151, 1)) * 3 + 10, 0.5),
        "even": (rng.normal(size=(40, 1)), 1.0),
        "three": (rng.normal(size=(77, 3)) * [1, 100, 0.01], 0.3),
        "shifted": (rng.normal(size=(60, 1)) + 1e6, 0.1),
        "constant": (np.full((20, 1), 7.0), 0.5),
        "exact": (rng.normal(size=(30, 2)), 0.0),
        "constant_exact": (np.full((10, 1), 3.0), 0.0),
        "single": (np.array([[2.0]]), 0.1),
        "heavy": (rng.standard_cauchy(size=(99, 1)), 1.0),
        "equal_errors": (np.arange(12.0).reshape(-1, 1), None),
    }
    for name, (t, noise) in cases.items():
        if noise is None:
            errors = np.where(np.arange(len(t)) % 2, 0.5, -0.5)[:, None]
        else:
            errors = noise * rng.normal(size=t.shape) * np.maximum(t.std(0), 0.5 if noise else 0)
        y = t + errors
        width = t.shape[1]
        text += line(name, "width", [width]) + line(name, "targets", t) + line(name, "values", y)
        same = (t == y).all(0).astype(float)
        r2 = [sk.r2_score(t[:, o], y[:, o]) if len(t) > 1 else same[o] for o in range(width)]
        text += line(name, "r2", np.mean(r2)) + line(name, "output_r2", r2)
        mse = sk.mean_squared_error(t, y)
        text += line(name, "mse", mse) + line(name, "rmse", np.sqrt(mse))
        text += line(name, "output_rmse", np.sqrt(sk.mean_squared_error(t, y, multioutput="raw_values")))
        text += line(name, "mae", sk.mean_absolute_error(t, y))
        text += line(name, "output_mae", sk.mean_absolute_error(t, y, multioutput="raw_values"))
        text += line(name, "median_error", sk.median_absolute_error(t, y))
        text += line(name, "output_median_error", sk.median_absolute_error(t, y, multioutput="raw_values"))
        text += line(name, "residuals", np.quantile(t - y, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], axis=0).T)
    return text


def intervals_text():
    """SUCCESSES COUNT CONFIDENCE LOWER UPPER of scipy's exact interval."""
    text = ""
    pairs = [(k, n) for n in [1, 2, 3, 7, 10, 15] for k in range(n + 1)]
    pairs += [(0, 100), (1, 100), (50, 100), (99, 100), (100, 100), (338, 360), (9_650, 10_000), (3, 10_000)]
    pairs += [(59_990, 60_000), (500_000, 1_000_000), (1, 1_000_000), (999_999, 1_000_000)]
    pairs += [(1_281_167, 1_281_167)]
    for k, n in pairs:
        for confidence in [0.95, 0.99]:
            low, high = binomtest(k, n).proportion_ci(confidence, "exact")
            text += f"{k} {n} {confidence} {float(low)!r} {float(high)!r}\n"
    return text


def percentile_interval(n, measure):
    values = [measure(rng.integers(0, n, n)) for _ in range(1000)]
    return np.quantile(values, [0.025, 0.975])


def bootstrap_text():
    """CASE NAME LOW HIGH SE_LOW SE_HIGH: mean and standard deviation of the ends over 60 independent
    bootstraps of 1,000 resamples; the predictions are those of classes.txt and values.txt."""
    text = ""
    labels, p = drawn(120, 3, 1.5)
    found = p.argmax(1)
    text += line("classes", "labels", labels) + line("classes", "scores", p)
    true_p = p[np.arange(len(labels)), labels]
    measures = {
        "f1": lambda i: sk.f1_score(labels[i], found[i], average="macro", zero_division=0),
        "log_loss": lambda i: -np.log(true_p[i]).mean(),
        "brier": lambda i: ((p[i] - np.eye(3)[labels[i]]) ** 2).sum(1).mean(),
    }
    for name, measure in measures.items():
        ends = np.array([percentile_interval(len(labels), measure) for _ in range(30)])
        text += line("classes", name, [*ends.mean(0), *ends.std(0, ddof=1)])
    two, q = drawn(100, 2, 1.0)
    text += line("two", "labels", two) + line("two", "scores", q)

    def auc(i):
        truth, score = two[i], q[i, 1]
        ranked = np.sort(score)
        ranks = (np.searchsorted(ranked, score, "left") + np.searchsorted(ranked, score, "right") + 1) / 2
        positives = truth.sum()
        least = positives * (positives + 1) / 2
        return (ranks[truth == 1].sum() - least) / (positives * (len(i) - positives))

    assert abs(auc(np.arange(100)) - sk.roc_auc_score(two, q[:, 1])) < 1e-12
    ends = np.array([percentile_interval(100, auc) for _ in range(60)])
    text += line("two", "roc_auc", [*ends.mean(0), *ends.std(0, ddof=1)])
    t = rng.normal(size=150)
    y = t + 0.4 * rng.normal(size=150)
    text += line("values", "targets", t) + line("values", "values", y)
    for name, measure in {
        "r2": lambda i: 1 - ((t[i] - y[i]) ** 2).sum() / ((t[i] - t[i].mean()) ** 2).sum(),
        "mae": lambda i: np.abs(t[i] - y[i]).mean(),
        "rmse": lambda i: np.sqrt(((t[i] - y[i]) ** 2).mean()),
        "median_error": lambda i: np.median(np.abs(t[i] - y[i])),
    }.items():
        ends = np.array([percentile_interval(150, measure) for _ in range(60)])
        text += line("values", name, [*ends.mean(0), *ends.std(0, ddof=1)])
    return text


for file, text in [
    ("classes.txt", classes_text), ("answers.txt", answers_text), ("values.txt", values_text),
    ("intervals.txt", intervals_text), ("bootstrap.txt", bootstrap_text),
]:
    with open(file, "w") as out:
        out.write(text())
