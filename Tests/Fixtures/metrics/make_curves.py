"""Writes curves.txt, against which ClassCurvesTests compare: what scikit-learn says of the predictions in
classes.txt and answers.txt, which make_fixtures.py has drawn.

    python3 make_curves.py          (with scikit-learn 1.9, NumPy 2)

A line is `CASE NAME VALUE…`, as in the other files. For each class `c` that has samples and others: `fpr_c`,
`tpr_c` (ROC), `precision_c`, `recall_c` (from the highest threshold to the lowest, with the end at recall 0),
and for all: `mean_probability` and `fraction_true` of the bins of the largest probability (or of all answers'
probabilities) that are not empty.
"""
import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve, roc_curve

BINS = 15


def read(path):
    cases = {}
    for line in open(path):
        case, name, *values = line.split()
        cases.setdefault(case, {})[name] = np.array([float(v) for v in values])
    return cases


def line(case, name, values):
    return f"{case} {name} " + " ".join(repr(float(v)) for v in np.ravel(values)) + "\n"


out = ""
for path, exclusive in [("classes.txt", True), ("answers.txt", False)]:
    for case, values in read(path).items():
        classes = int(values["classes"][0])
        scores = values["scores"].reshape(-1, classes)
        truth = (
            np.eye(classes)[values["labels"].astype(int)]
            if exclusive
            else values["labels"].reshape(-1, classes)
        )
        for c in range(classes):
            own = truth[:, c]
            if not 0 < own.sum() < len(own):
                continue
            fpr, tpr, _ = roc_curve(own, scores[:, c], drop_intermediate=False)
            precision, recall, _ = precision_recall_curve(own, scores[:, c])
            out += line(case, f"fpr_{c}", fpr) + line(case, f"tpr_{c}", tpr)
            out += line(case, f"precision_{c}", precision[::-1]) + line(case, f"recall_{c}", recall[::-1])
        if exclusive:
            found = values["predicted"].astype(int)
            speak, right = scores[np.arange(len(found)), found], values["labels"] == found
        else:
            speak, right = scores.ravel(), truth.ravel() == 1
        fraction, mean = calibration_curve(right, speak, n_bins=BINS)
        out += line(case, "mean_probability", mean) + line(case, "fraction_true", fraction)
open("curves.txt", "w").write(out)
