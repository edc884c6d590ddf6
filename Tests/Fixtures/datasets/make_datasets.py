#!/usr/bin/env python3
"""Writes the embedded tables of Sources/CDatasets from scikit-learn's copies, and hashes.json beside this
file: of each table the SHA-256 of its features as 32-bit floats (little-endian, row by row) and the names of
its rows' classes, one a line. A second reader of the written file (Python's csv) checks that every number is
the double that scikit-learn has. Needs scikit-learn.
"""

import csv
import gzip
import hashlib
import io
import json
import pathlib

from sklearn import datasets

HERE = pathlib.Path(__file__).resolve().parent
TABLES = HERE.parents[2] / "Sources" / "CDatasets"


def main():
    hashes = {}
    for name, load, target in [("wine", datasets.load_wine, "cultivar"),
                               ("breast_cancer", datasets.load_breast_cancer, "diagnosis")]:
        data = load()
        classes = [str(data.target_names[label]) for label in data.target]
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow([*data.feature_names, target])
        for row, label in zip(data.data, classes):
            table.writerow([repr(float(value)) for value in row] + [label])
        packed = gzip.compress(text.getvalue().encode(), 9, mtime=0)
        (TABLES / f"{name}.csv.gz").write_bytes(packed)
        rows = list(csv.reader(io.StringIO(gzip.decompress(packed).decode())))[1:]
        assert all(float(cell) == value for row, values in zip(rows, data.data)
                   for cell, value in zip(row, values)) and len(rows) == len(data.data)
        hashes[name] = {
            "samples": len(classes),
            "features": hashlib.sha256(data.data.astype("<f4").tobytes()).hexdigest(),
            "classes": hashlib.sha256("\n".join(classes).encode()).hexdigest(),
        }
    (HERE / "hashes.json").write_text(json.dumps(hashes, indent=2) + "\n")


if __name__ == "__main__":
    main()
