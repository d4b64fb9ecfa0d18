"""eval_data - streams for the tests of ss-knn and ss-linprobe, and plain Python's answers

    eval_data.py make               writes the streams into the current folder
    eval_data.py knn K T LEAVE      prints predictions' hits, and the confusion matrix, of nearest neighbours
    eval_data.py logistic L2        the same of scikit-learn's logistic regression; status 77 without it

Standard library only, but for the last."""
import array
import math
import os
import random
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests"))
from sst_write import seal, write           # noqa: E402

N, M, D, CLASSES = 700, 260, 9, 4
NAMES = ["@LB\tID:0\tNM:cat", "@LB\tID:2\tNM:dog"]
ORIGIN = "@EM\tLY:backbone\tAR:resnet20\tST:%s"


def draw(seed, n):
    r = random.Random(seed)
    label = [r.randrange(CLASSES) for _ in range(n)]
    x = array.array("f", [r.gauss(1 if j % CLASSES == y else 0, 1) * (1 + j) + j for y in label for j in range(D)])
    return x, label


def streams(path, x, label, dataset, origin=ORIGIN % "trained", index=None, **more):
    n = len(label)
    write(path, [("embedding", "f32", (len(x) // n,), x.tobytes()),
                 ("label", "i32", (), array.array("i", label).tobytes()),
                 ("index", "u64", (), array.array("Q", index or range(n)).tobytes())],
          dataset, NAMES + ([origin] if origin else []), **more)


def make():
    x, y = draw(1, N)
    q, t = draw(2, M)
    streams("bank.sst", x, y, "made-train")
    streams("query.sst", q, t, "made-test")
    streams("frames.sst", q, t, "made-test", per_frame=7)
    streams("noise.sst", draw(3, N)[0], y, "made-train", ORIGIN % "untrained")
    streams("noise-query.sst", draw(4, M)[0], t, "made-test", ORIGIN % "untrained")
    streams("layer.sst", q, t, "made-test", "@EM\tLY:projector\tAR:resnet20\tST:trained")
    streams("layer-bank.sst", x, y, "made-train", "@EM\tLY:projector\tAR:resnet20\tST:trained")
    streams("epochs.sst", q, t, "made-test", epochs=2)
    streams("bank-epochs.sst", x, y, "made-train", epochs=2)
    streams("turned.sst", array.array("f", [v for i in reversed(range(N)) for v in x[i * D:(i + 1) * D]]), y[::-1],
            "made-train", index=range(N)[::-1])
    r = random.Random(6)
    streams("noisy.sst", array.array("f", [v + r.gauss(0, 1) for v in x]), y, "made-train")
    streams("shifted.sst", x, y[:-1] + [0], "made-train", index=list(range(N - 1)) + [N])
    streams("doubled.sst", x, y[:-1] + y[:1], "made-train", index=list(range(N - 1)) + [0])
    streams("short.sst", q, t, "made-train")
    streams("extra.sst", *draw(7, M), "made-extra")
    streams("cut.sst", q, t, "made-test", end=False)
    streams("narrow.sst", q[:M * 3], t, "made-test")
    streams("empty.sst", array.array("f", [0] * D), [0], "made-test")
    whole = open("query.sst", "rb").read()
    open("newer.sst", "wb").write(seal(whole[:8] + b"\2" + whole[9:60]) + whole[64:])
    write("none.sst", [("embedding", "f32", (D,), b""), ("label", "i32", (), b"")])
    write("unlabelled.sst", [("embedding", "f32", (D,), q.tobytes())])
    streams("minus.sst", q, t[:5] + [-1] + t[6:], "made-test")
    streams("huge.sst", q, t[:5] + [2000000000] + t[6:], "made-test")
    bad = array.array("f", q)
    bad[D * 123 + 4] = math.nan
    streams("nan.sst", bad, t, "made-test")
    streams("more.sst", q, [9 if i < 10 else c for i, c in enumerate(t)], "made-test")
    streams("same.sst", x, [2] * N, "made-train")
    streams("twins.sst", x, y, "")
    r = random.Random(5)
    for name, n in ("pixels.sst", 60), ("pixels-query.sst", 30):
        label = [i % 3 for i in range(n)]
        image = bytes(min(255, max(0, int(r.gauss(90 + 60 * (j % 3 == c), 40)))) for c in label for j in range(48))
        write(name, [("image", "u8", (3, 4, 4), image), ("label", "u8", (), bytes(label))], name)
        floats = array.array("f", [b / 255 for b in image])
        write("float-" + name, [("image", "f32", (3, 4, 4), floats.tobytes()), ("label", "u8", (), bytes(label))])
    # Cosines and scores that are exactly equal: unit vectors along the axes.
    axes = array.array("f", [v for a in (1, 0, 0, 0, 2, 1) for v in [float(a == j) for j in range(3)]])
    write("ties.sst", [("embedding", "f32", (3,), axes.tobytes()),
                       ("label", "i32", (), array.array("i", [9, 4, 2, 2, 7, 3]).tobytes())])
    write("ties-query.sst", [("embedding", "f32", (3,), array.array("f", [5, 0, 0, 0, 1, 0, 0, 0, 0]).tobytes()),
                             ("label", "i32", (), array.array("i", [2, 3, 4]).tobytes())])


def unit(x, i, d, mean):
    v = [x[i * d + j] - mean[j] for j in range(d)]
    norm = math.sqrt(sum(a * a for a in v))
    return [a / norm for a in v]


def report(predicted, label):
    print(sum(p == y for p, y in zip(predicted, label)))
    for y in range(CLASSES):
        print(*[sum(p == c and t == y for p, t in zip(predicted, label)) for c in range(CLASSES)])


def knn(k, t, leave, center):
    x, y = draw(1, N)
    q, label = (x, y) if leave else draw(2, M)
    mean = [sum(x[j::D]) / N for j in range(D)] if center else [0] * D
    bank = [unit(x, i, D, mean) for i in range(N)]
    predicted = []
    for i in range(len(label)):
        u = unit(q, i, D, mean)
        near = sorted((-sum(map(float.__mul__, u, b)), j) for j, b in enumerate(bank) if not (leave and i == j))
        score = [0.0] * CLASSES
        for c, j in near[:k]:
            score[y[j]] += math.exp(-c / t)
        predicted.append(score.index(max(score)))
    report(predicted, label)


def logistic(l2):
    try:
        import numpy as np
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        sys.exit(77)
    x, y = draw(1, N)
    q, label = draw(2, M)
    x, q = np.array(x).reshape(N, D), np.array(q).reshape(M, D)
    mean, std = x.mean(0), x.std(0)
    m = LogisticRegression(C=1 / l2, tol=1e-10, max_iter=10000).fit((x - mean) / std, y)
    log_p = m.predict_log_proba((x - mean) / std)
    loss = -log_p[np.arange(N), y].mean()
    print(loss, loss + l2 / (2 * N) * (m.coef_ ** 2).sum(), (log_p.argmax(1) == y).sum())
    report(list(m.predict((q - mean) / std)), label)


if sys.argv[1] == "make":
    make()
elif sys.argv[1] == "knn":
    knn(int(sys.argv[2]), float(sys.argv[3]), "leave" in sys.argv, "center" in sys.argv)
else:
    logistic(float(sys.argv[2]))
