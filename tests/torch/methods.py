"""
methods - the objectives of ss-train in PyTorch, and goldens of their values and gradients

Written from the papers with PyTorch's own functions and autograd, to be held against lib/ssl. x
are the outputs that gradients flow to, c those that they do not flow to (projections of a method with
predictions, or of its target network), own the prototypes.
"""
import numpy as np
import torch
import torch.nn.functional as F

from make_goldens import leaf, tensor


def cosine(a, b):
    return F.cosine_similarity(a, b, dim=1, eps=1e-12)


def pairs(k, views):
    """Of a global view and any other."""
    return [(a, b) for a in range(k["globals"]) for b in range(views) if a != b]


def byol(x, c, k):
    return sum((F.normalize(x[b]) - F.normalize(c[a])).pow(2).sum(1).mean()
               for a, b in pairs(k, len(x))) / len(pairs(k, len(x)))


def fastsiam(x, c, k):
    return sum(-cosine(x[a], torch.stack([c[b] for b in range(k["globals"]) if b != a]).mean(0)).mean()
               for a in range(len(x))) / len(x)


def moco(x, c, k):
    queue = k["state"][:-1].view(-1, x[0].shape[1])
    losses = []
    for a in (0, 1) if k["symmetric"] else (0,):
        q, key = F.normalize(x[a]), F.normalize(c[1 - a])
        logits = torch.cat(((q * key).sum(1, keepdim=True), q @ queue.t()), 1) / k["temperature"]
        losses.append(F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long)))
    return sum(losses) / len(losses)


def moco_after(x, c, k):
    queue, at = k["state"][:-1].view(-1, x[0].shape[1]).clone(), int(k["state"][-1])
    keys = torch.cat([F.normalize(c[1 - a]) for a in ((0, 1) if k["symmetric"] else (0,))])
    for key in keys:
        queue[at] = key
        at = (at + 1) % len(queue)
    return torch.cat((queue.reshape(-1), tensor([at])))


def barlow(x, c, k):
    d = x[0].shape[1]
    z = [F.batch_norm(v, None, None, training=True, eps=1e-5) for v in x]
    corr = z[0].t() @ z[1] / len(z[0])
    on = (torch.diagonal(corr) - 1).pow(2).sum()
    off = corr[~torch.eye(d, dtype=torch.bool)].pow(2).sum()
    return on + k["coefficient"][0] * off


def vicreg(x, c, k):
    d = x[0].shape[1]
    inv, std, cov = k["coefficient"]
    hinge = [F.relu(1 - torch.sqrt(v.var(0) + 1e-4)).mean() for v in x]
    off = []
    for v in x:
        v = v - v.mean(0)
        m = v.t() @ v / (len(v) - 1)
        off.append(m[~torch.eye(d, dtype=torch.bool)].pow(2).sum() / d)
    return inv * F.mse_loss(x[0], x[1]) + std * sum(hinge) / 2 + cov * sum(off)


def sinkhorn(scores, epsilon):
    q = torch.exp(scores / epsilon).t()
    q /= q.sum()
    for _ in range(3):
        q /= q.sum(1, keepdim=True) * len(q)
        q /= q.sum(0, keepdim=True) * q.shape[1]
    return (q * q.shape[1]).t()


def swav(x, c, k):
    scores = [F.normalize(v) @ k["own"].t() for v in x]
    with torch.no_grad():
        codes = [sinkhorn(s, k["target_temperature"]) for s in scores]
    return sum(-(codes[a] * F.log_softmax(scores[b] / k["temperature"], 1)).sum(1).mean()
               for a, b in pairs(k, len(x))) / len(pairs(k, len(x)))


def dino(x, c, k):
    student = [F.normalize(v) @ F.normalize(k["own"]).t() for v in x]
    teacher = [F.normalize(v) @ F.normalize(k["target_own"]).t() for v in c[:k["globals"]]]
    taught = [F.softmax((t - k["state"]) / k["target_temperature"], 1) for t in teacher]
    return sum(-(taught[a] * F.log_softmax(student[b] / k["temperature"], 1)).sum(1).mean()
               for a, b in pairs(k, len(x))) / len(pairs(k, len(x)))


def dino_after(x, c, k):
    teacher = torch.cat([F.normalize(v) @ F.normalize(k["target_own"]).t() for v in c[:k["globals"]]])
    return 0.9 * k["state"] + 0.1 * teacher.mean(0)


def supervised(x, c, k):
    return sum(F.cross_entropy(v, k["label"]) for v in x) / len(x)


METHODS = {
    "fastsiam": (fastsiam, None), "byol": (byol, None), "moco": (moco, moco_after), "swav": (swav, None),
    "dino": (dino, dino_after), "barlow": (barlow, None), "vicreg": (vicreg, None), "supervised": (supervised, None)}


def cases(c):
    prototypes, queue = 11, 40
    for method, (loss, after) in METHODS.items():
        for n, d, views, globals_ in ((6, 5, 3, 3), (5, 7, 2, 2), (16, 33, 2, 2), (7, 6, 5, 3), (7, 6, 4, 2)):
            if (globals_ == 2) == (method == "fastsiam") or (views > 2 and method in ("moco", "barlow", "vicreg")):
                continue
            xs, cs = ([c.draw(n, d) for _ in range(views)] for _ in range(2))
            fixed = {"temperature": 0.2, "target_temperature": 0.0, "symmetric": 0, "queue": 0, "prototypes": 0,
                     "coefficient": [0.0, 0.0, 0.0], "globals": globals_}
            inputs = {}
            if method == "moco":
                fixed.update(queue=queue, symmetric=int(n > 5))
                keys = c.draw(queue, d)
                keys /= np.sqrt((keys.astype(np.float64) ** 2).sum(1, keepdims=True)).astype(np.float32)
                inputs["state"] = np.append(keys.reshape(-1), np.float32(queue - 3))
            if method in ("swav", "dino"):
                own = c.draw(prototypes, d)
                if method == "swav":
                    own /= np.sqrt((own.astype(np.float64) ** 2).sum(1, keepdims=True)).astype(np.float32)
                inputs.update(own=own, target_own=c.draw(prototypes, d))
                fixed.update(prototypes=prototypes, target_temperature=0.1)
                if method == "dino":
                    inputs["state"] = 0.1 * c.draw(prototypes)
            if method in ("barlow", "vicreg"):
                fixed["coefficient"] = [0.02, 0.0, 0.0] if method == "barlow" else [25.0, 20.0, 1.5]
            label = (np.arange(n) * 7 % d).astype(np.int32)

            def compute():
                k = dict(fixed, label=torch.tensor(label, dtype=torch.long))
                k.update((name, tensor(v)) for name, v in inputs.items())
                x, const = [leaf(v) for v in xs], [tensor(v) for v in cs]
                if "own" in inputs:
                    k["own"] = leaf(inputs["own"])
                value = loss(x, const, k)
                value.backward()
                out = {"loss": value.reshape(1)}
                for v, a in enumerate(x):
                    out["grad_x%d" % (v + 1)] = torch.zeros_like(a) if a.grad is None else a.grad
                if "own" in inputs:
                    out["grad_own"] = k["own"].grad
                if after is not None:
                    out["after_state"] = after([a.detach() for a in x], const, k)
                return out
            given = {"x%d" % (v + 1): a for v, a in enumerate(xs)}
            given.update(("c%d" % (v + 1), a) for v, a in enumerate(cs))
            given.update(inputs, label=label, param=np.array(
                [fixed["temperature"], fixed["target_temperature"], fixed["prototypes"], fixed["queue"],
                 fixed["symmetric"]] + fixed["coefficient"] + [globals_], np.float32))
            c.add(method, "n%dd%dv%dg%d" % (n, d, views, globals_), given, compute)
