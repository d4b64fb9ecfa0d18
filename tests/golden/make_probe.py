#!/usr/bin/python3
"""Prints what tests/unit/test_probe.c holds the linear probe to: scikit-learn's minima, and what PyTorch's
optimisers reach step by step, on data that both make from the same formula. Needs python3-sklearn and
python3-torch; run it by hand when the formula changes."""
import os
import sys
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torch"))
import probe    # noqa: E402

warnings.simplefilter("error", ConvergenceWarning)


def data(n, d, classes, salt):
    i, j = np.arange(n)[:, None], np.arange(d)[None, :]
    noise = ((i * 7919 + j * 104729 + i * j * 31 + salt) % 1009 - 504) / 504
    label = np.arange(n) * 13 % 31 % classes
    x = noise * (1 + j % 5) + ((label[:, None] + j) % classes == 0) * 0.7 + j
    return x.astype(np.float32), label


# Solver, features, rate, schedule, milestones, momentum, decay, batch, epochs, patience, views; seed 3.
# Without patience the test records are not looked at.
CASES = (
    ("sgd", "standard", 0.1, "cosine", (), 0.9, 0, 128, 6, 0, 1),
    ("sgd", "unit", 2, "milestones", (2, 4), 0.9, 5e-4, 100, 6, 0, 1),
    ("sgd", "none", 5e-4, "constant", (), 0, 0, 1200, 4, 0, 1),
    ("sgd-keras", "standard", 0.03, "cosine", (), 0.9, 0, 128, 5, 5, 1),
    ("larc", "standard", 1.6, "cosine-epoch", (), 0.9, 0, 256, 5, 0, 1),
    ("adam", "standard", 1e-2, "constant", (), 0.9, 0, 64, 30, 2, 2),
    ("adamw", "standard", 1e-2, "constant", (), 0.9, 0.1, 64, 5, 0, 2),
)


def steps(x, x2, y, t, u):
    for solver, scale, lr, schedule, milestones, momentum, decay, batch, epochs, patience, views in CASES:
        o = {"solver": solver, "scale": scale, "lr": lr, "schedule": schedule, "milestones": milestones,
             "gamma": 0.1, "momentum": momentum, "weight-decay": decay, "batch": batch, "epochs": epochs,
             "patience": patience, "seed": 3, "whole": solver == "sgd-keras"}
        held = (t, u) if patience else None
        history, best, measure = probe.train([x, x2][:views], y, o, held)
        loss, predicted = measure(x, y)
        print("\t{ %s, %.8f, %.8f, %.8f, %.8f, %d, %d, %d, %d }," % (
            solver.upper(), history[0][0], history[-1][0], history[-1][1] or 0, loss, len(history), best,
            (predicted == y).sum(), (measure(t, u)[1] == u).sum()))


def main():
    n, d, classes = 1200, 20, 5
    x, y = data(n, d, classes, 0)
    t, u = data(400, d, classes, 77)
    steps(x, data(n, d, classes, 5)[0], y, t, u)
    mean, std = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64)
    x, t = (x - mean) / std, (t - mean) / std
    for l2 in 1.0, 100.0, 0.01:
        m = LogisticRegression(C=1 / l2, tol=1e-9, max_iter=100000).fit(x, y)
        loss = -m.predict_log_proba(x)[np.arange(n), y].mean()
        objective = loss + l2 / (2 * n) * (m.coef_ ** 2).sum()
        print("\t{ %g, %.10f, %.10f, %d, %d }," % (l2, objective, loss, (m.predict(x) == y).sum(),
                                                 (m.predict(t) == u).sum()))


main()
