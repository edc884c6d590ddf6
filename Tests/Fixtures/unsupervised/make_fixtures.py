#!/usr/bin/env python3
"""Writes unsupervised.txt beside this file: what numpy and scikit-learn compute.

Needs numpy (2.x) and scikit-learn (1.x); run it again only to change the fixture. A line is

    CASE/TENSOR  DIMENSION×DIMENSION  VALUE VALUE ...

Digits are the first 1,437 rows of scikit-learn's, pixels as they are (0 to 16).
"""
import pathlib

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

HERE = pathlib.Path(__file__).parent
lines = []


def write(name, values):
    values = np.asarray(values, dtype=np.float64)
    shape = "x".join(str(n) for n in values.shape) or "1"
    lines.append(f"{name} {shape} " + " ".join(f"{v:.12g}" for v in values.ravel()))


random = np.random.default_rng(7)
square = random.normal(size=(23, 23))
basis, _ = np.linalg.qr(random.normal(size=(12, 12)))
low = random.normal(size=(17, 3))
matrices = {
    "random": square + square.T,
    "repeated": basis @ np.diag([5.0] * 4 + [2.0] * 5 + [-1.0] * 3) @ basis.T,
    "single": np.array([[3.5]]),
    "rank_deficient": low @ low.T,
    "zero": np.zeros((5, 5)),
}
for name, matrix in matrices.items():
    matrix = (matrix + matrix.T) / 2
    values, vectors = np.linalg.eigh(matrix)
    write(f"eigen_{name}/matrix", matrix)
    write(f"eigen_{name}/values", values[::-1])

digits = load_digits().data[:1437]
pca = PCA(n_components=10).fit(digits)
write("pca/mean", pca.mean_)
write("pca/components", pca.components_)
write("pca/explained_variance", pca.explained_variance_)
write("pca/explained_variance_ratio", pca.explained_variance_ratio_)
rebuilt = pca.inverse_transform(pca.transform(digits))
write("pca/error", np.mean((digits - rebuilt) ** 2))
held_out = load_digits().data[1437:]
write("pca/validation_error", np.mean((held_out - pca.inverse_transform(pca.transform(held_out))) ** 2))
write("pca/count_for_0.9", PCA(n_components=0.9, svd_solver="full").fit(digits).n_components_)

kmeans = KMeans(10, init=digits[:10], n_init=1, tol=0, max_iter=300, algorithm="lloyd").fit(digits)
write("kmeans/centroids", kmeans.cluster_centers_)
write("kmeans/counts", np.bincount(kmeans.labels_, minlength=10))
write("kmeans/inertia", kmeans.inertia_)
write("kmeans/iterations", kmeans.n_iter_)
write("kmeans/validation_inertia", -kmeans.score(held_out))
best = min(KMeans(10, n_init=1, random_state=s, tol=0).fit(digits).inertia_ for s in range(10))
worst = max(KMeans(10, n_init=1, random_state=s, tol=0).fit(digits).inertia_ for s in range(10))
write("kmeans/range", [best, worst])

covariance = np.cov(digits.T)
values, vectors = np.linalg.eigh(covariance)
write("whitening/zca", vectors @ np.diag(1 / np.sqrt(values + 1e-2)) @ vectors.T)

(HERE / "unsupervised.txt").write_text("\n".join(lines) + "\n")
