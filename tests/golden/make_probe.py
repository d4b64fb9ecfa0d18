#!/usr/bin/python3
"""Prints what tests/unit/test_probe.c holds the linear probe to: scikit-learn's minima on data that
both make from the same formula. Needs python3-sklearn; run it by hand when the formula changes."""
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("error", ConvergenceWarning)


def data(n, d, classes, salt):
    i, j = np.arange(n)[:, None], np.arange(d)[None, :]
    noise = ((i * 7919 + j * 104729 + i * j * 31 + salt) % 1009 - 504) / 504
    label = np.arange(n) * 13 % 31 % classes
    x = noise * (1 + j % 5) + ((label[:, None] + j) % classes == 0) * 0.7 + j
    return x.astype(np.float32), label


def main():
    n, d, classes = 1200, 20, 5
    x, y = data(n, d, classes, 0)
    t, u = data(400, d, classes, 77)
    mean, std = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64)
    x, t = (x - mean) / std, (t - mean) / std
    for l2 in 1.0, 100.0, 0.01:
        m = LogisticRegression(C=1 / l2, tol=1e-9, max_iter=100000).fit(x, y)
        loss = -m.predict_log_proba(x)[np.arange(n), y].mean()
        objective = loss + l2 / (2 * n) * (m.coef_ ** 2).sum()
        print("\t{ %g, %.10f, %.10f, %d, %d }," % (l2, objective, loss, (m.predict(x) == y).sum(),
                                                 (m.predict(t) == u).sum()))


main()
