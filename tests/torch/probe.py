"""
probe - softmax regression by PyTorch, in double: the oracle of the probe's steps

The order of the records is that of ss_shuffle; everything else is PyTorch's, but for the two updates
that it does not have.  Used by tests/golden/make_probe.py and check_probe.py.
"""
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from philox import shuffled  # noqa: E402

TRUST = 0.001


class Steps:
    """Keras's SGD (v = m v - r g; w += v), and LARC: (g + d w) trust |w| / (|g| + d |w|), then SGD; biases as they are."""

    def __init__(self, kind, params, momentum, decay):
        self.kind, self.params, self.momentum, self.decay = kind, params, momentum, decay
        self.v = [torch.zeros_like(p) for p in params]

    def step(self, rate):
        for p, v in zip(self.params, self.v):
            g, w = p.grad, p.data
            if self.kind == "larc":
                if p.dim() > 1:
                    n, m = w.norm(), g.norm()
                    q = TRUST * n / (m + self.decay * n) if n > 0 and m > 0 else 1.0
                    g = (g + self.decay * w) * q
                v.mul_(self.momentum).add_(g)
                w.sub_(rate * v)
            else:
                v.mul_(self.momentum).sub_(rate * (g + self.decay * w))
                w.add_(v)


def rate_of(o, k, per_epoch, steps):
    """Of step k, from 0."""
    epoch, epochs = k // per_epoch, o["epochs"]
    if o["schedule"] == "cosine":
        return o["lr"] / 2 * (1 + math.cos(math.pi * min(k, steps) / steps))
    if o["schedule"] == "cosine-epoch":
        return o["lr"] / 2 * (1 + math.cos(math.pi * epoch / epochs))
    if o["schedule"] == "milestones":
        return o["lr"] * o["gamma"] ** sum(epoch >= m for m in o["milestones"])
    return o["lr"]


def scaled(views, others, how):
    """All of them by what the views are like."""
    if how == "none":
        return views, others
    if how == "unit":
        return [[a / np.linalg.norm(a, axis=1, keepdims=True) for a in x] for x in (views, others)]
    whole = np.concatenate(views)
    mean, std = whole.mean(0), whole.std(0)
    return [[(a - mean) / std for a in x] for x in (views, others)]


def train(views, y, o, held=None):
    """
    Softmax regression on views, a list of arrays (n,d), with labels y; o: optimiser and its settings
    under the names of ss-linprobe.  held: features and labels to stop early by.  Weights start at
    0.  Returns (loss, held loss) of each epoch, the number of the best one, and a function that
    gives mean loss and predictions of features and labels, scaled as the views were.
    """
    torch.set_default_dtype(torch.float64)
    n, classes = len(y), int(y.max()) + 1
    views = [np.asarray(v, float) for v in views]
    raw = views
    views, rest = scaled(raw, [] if held is None else [np.asarray(held[0], float)], o["scale"])
    views, y = [torch.from_numpy(v) for v in views], torch.from_numpy(np.asarray(y, np.int64))
    w = torch.zeros(classes, views[0].shape[1], requires_grad=True)
    b = torch.zeros(classes, requires_grad=True)
    kind, momentum, decay = o["solver"], o["momentum"], o["weight-decay"]
    if kind == "sgd":
        optimiser = torch.optim.SGD([w, b], o["lr"], momentum=momentum, weight_decay=decay)
    elif kind == "adam":
        optimiser = torch.optim.Adam([w, b], o["lr"], betas=(momentum, 0.999), weight_decay=decay)
    elif kind == "adamw":   # which leaves the biases' size alone
        optimiser = torch.optim.AdamW([{"params": [w]}, {"params": [b], "weight_decay": 0}], o["lr"],
                                      betas=(momentum, 0.999), weight_decay=decay)
    else:
        optimiser = Steps(kind, [w, b], momentum, decay)
    batch = o["batch"]
    per_epoch = (n + batch - 1) // batch
    steps = o["epochs"] * (max(n // batch, 1) if o.get("whole") else per_epoch)
    history, best, k = [], (math.inf, 0, None), 0
    for epoch in range(o["epochs"]):
        x, order, total = views[epoch % len(views)], np.array(shuffled(n, o["seed"], epoch)), 0.0
        for i in range(0, n, batch):
            at = order[i:i + batch]
            rate = rate_of(o, k, per_epoch, steps)
            loss = F.cross_entropy(x[at] @ w.T + b, y[at])
            w.grad = b.grad = None
            loss.backward()
            total += loss.item() * len(at)
            with torch.no_grad():
                if isinstance(optimiser, Steps):
                    optimiser.step(rate)
                else:
                    for group in optimiser.param_groups:
                        group["lr"] = rate
                    optimiser.step()
            k += 1
        now = [total / n, None]
        if held is not None:
            with torch.no_grad():
                now[1] = F.cross_entropy(torch.from_numpy(rest[0]) @ w.T + b,
                                         torch.from_numpy(np.asarray(held[1], np.int64))).item()
        history.append(now)
        seen = now[0] if held is None else now[1]
        if not o.get("patience") or seen < best[0]:
            best = (seen, epoch + 1, [p.detach().clone() for p in (w, b)])
        elif epoch + 1 - best[1] >= o["patience"]:
            break

    def measure(x, labels):
        x = torch.from_numpy(scaled(raw, [np.asarray(x, float)], o["scale"])[1][0])
        z = x @ best[2][0].T + best[2][1]
        labels = torch.from_numpy(np.asarray(labels, np.int64))
        return F.cross_entropy(z, labels).item(), z.argmax(1).numpy()
    return history, best[1], measure
