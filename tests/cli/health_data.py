"""health_data - streams for the tests of ss-health, and numpy's answers

    health_data.py make             writes the streams into the current folder
    health_data.py check OUT BATCH FILE...
                                    OUT, of ss-health --json, agrees with numpy on the files of `write`"""
import json
import math
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests"))
from sst_write import seal, write           # noqa: E402


def stream(path, x, names=("embedding",), index=None, shape=None, **more):
    """x: one matrix for each name; kept beside the stream for check."""
    n = len(x[0])
    np.save(path + ".npy", np.array(x))
    write(path, [(name, "f32", shape or (x[0].shape[1],), m.astype("<f4").tobytes()) for name, m in zip(names, x)] +
          [("index", "u64", (), np.array(range(n) if index is None else index, "<u8").tobytes())], "made", **more)


def make():
    r = np.random.default_rng(4)

    def normal(n, d):
        return r.standard_normal((n, d)).astype("f")

    a = normal(1000, 40) * np.linspace(0.1, 2, 40).astype("f") + 0.3
    a[:, 5] = 3.0
    b = a + normal(1000, 40)
    b[17] = 0
    stream("one.sst", [a])
    stream("other.sst", [b])
    stream("two.sst", [a, b], ("view1.embedding", "view2.embedding"))
    stream("three.sst", [a, b, a + b], ("x", "y", "z"), shape=(2, 4, 5))
    stream("frames.sst", [a], per_frame=7)
    stream("wide.sst", [normal(60, 300)])
    stream("many.sst", [normal(5000, 8)])
    stream("first.sst", [a[:300]])
    stream("shuffled.sst", [b], index=[1, 0] + list(range(2, 1000)))
    stream("epochs.sst", [a], epochs=2)
    stream("cut.sst", [a], end=False)
    stream("single.sst", [a[:1]])
    stream("none.sst", [a[:0]])
    line = normal(1000, 1) @ normal(1, 40)
    stream("line.sst", [line + 0.001 * normal(1000, 40)])
    stream("near.sst", [10 * normal(1, 40) + 0.5 * normal(1000, 40)])
    stream("same.sst", [np.full((1000, 40), 3, "f")])
    stream("zero.sst", [np.zeros((1000, 40), "f")])
    stream("sick.sst", [a, line], ("x", "y"))
    for name, v in ("nan", math.nan), ("inf", math.inf):
        bad = a.copy()
        bad[123, 4] = v
        stream(name + ".sst", [bad])
    whole = open("one.sst", "rb").read()
    open("newer.sst", "wb").write(seal(whole[:8] + b"\2" + whole[9:60]) + whole[64:])
    pixels = r.integers(0, 256, (50, 48), dtype="u1")
    write("pixels.sst", [("image", "u8", (3, 4, 4), pixels.tobytes()), ("label", "u8", (), bytes(50))])
    np.save("pixels.sst.npy", (pixels.astype("f") / np.float32(255))[None])
    write("scalars.sst", [("label", "i32", (), bytes(40)), ("weight", "f32", (), bytes(40))])


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def near(what, have, want, limit=1e-6):
    if not abs(have - want) <= limit * max(1, abs(want)):
        sys.exit("%s is %r, not %r" % (what, have, want))


def check(out, batch, files):
    o = json.load(open(out))
    views = [v.astype("d") for f in files for v in np.load(f + ".npy")]
    n, d = views[0].shape
    assert (o["records"], o["features"], len(o["views"])) == (n, d, len(views)), o
    for x, v in zip(views, o["views"]):
        u = unit(x)
        s = np.linalg.svd(x, compute_uv=False)
        p = s / s.sum() + 1e-7
        cosine = (u @ u.T)[~np.eye(n, dtype=bool)]
        near("std_ratio", v["std_ratio"], u.std(0).mean() * math.sqrt(d))
        near("rankme", v["rankme"], np.exp(-(p * np.log(p)).sum()))
        near("mean_norm", v["mean_norm"], np.linalg.norm(x, axis=1).mean())
        near("mean_cosine", v["mean_cosine"], cosine.mean())
        assert v["dead"] == (x.std(0) < 1e-6).sum(), v
        some = u[[i * n // min(n, 4096) for i in range(min(n, 4096))]]
        far = ((some * some).sum(1)[:, None] + (some * some).sum(1) - 2 * some @ some.T)[np.triu_indices(len(some), 1)]
        near("uniformity", v["uniformity"], math.log(np.exp(-2 * far).mean()), 1e-5)
    if len(views) == 1:
        assert "alignment" not in o and "contrast_accuracy" not in o
        return
    pairs = [(unit(a), unit(b)) for i, b in enumerate(views) for a in views[:i]]
    near("alignment", o["alignment"], np.mean([((a - b) ** 2).sum(1).mean() for a, b in pairs]))
    hits = []
    batch = min(batch, n)
    for a, b in pairs:
        for at in range(0, n - batch + 1, batch):
            u = np.concatenate([a[at:at + batch], b[at:at + batch]])
            s = u @ u.T - 3 * np.eye(2 * batch)
            own = s[np.arange(2 * batch), np.roll(np.arange(2 * batch), batch)][:, None]
            hits.append((s <= own + 1e-6).all(1) / (abs(s - own) <= 1e-6).sum(1))      # ties share a hit
    near("contrast_accuracy", o["contrast_accuracy"], np.mean(hits))
    near("chance", o["chance"], 1 / (2 * batch - 1))
    assert o["batch"] == batch


if sys.argv[1] == "make":
    make()
else:
    check(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
