"""
check_probe - holds ss-linprobe's named protocols to PyTorch's optimisers on the same records

    python3 tests/torch/check_probe.py      prints TAP; run by `make check-torch`

Each protocol runs for a few epochs from weights of 0 on two views of made-up features, stopping early by
the records of a third stream where it does that.  Losses of all epochs, the best of them, and the scores
must be those of probe.py.  Without PyTorch everything is skipped, and said to be.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
BIN = os.environ.get("BIN", os.path.join(os.path.dirname(TESTS), "build", "bin"))

try:
    import numpy as np
    import torch
except ImportError as e:
    print("1..0 # SKIP %s" % e)
    sys.exit(0)

sys.dont_write_bytecode = True
sys.path[:0] = [TESTS, HERE]
import probe  # noqa: E402
import sst_write  # noqa: E402

N, M, D, CLASSES = 900, 300, 24, 6
LOSS = 1e-4     # of a loss: ours are computed in float32
SCORE = 2       # records that rounding may decide

# What each protocol is, written down once more; rate of "fair" is for features of length 1 or so.
COMMON = {"momentum": 0.9, "weight-decay": 0, "scale": "none", "seed": 4}
PROTOCOLS = {
    "fair": ({"solver": "sgd", "lr": 30, "schedule": "milestones", "milestones": (60, 80), "gamma": 0.1,
              "batch": 256, "epochs": 100}, []),
    "simsiam": ({"solver": "larc", "lr": 1.6, "schedule": "cosine-epoch", "batch": 4096, "epochs": 90}, []),
    "keras": ({"solver": "sgd-keras", "lr": 0.03, "schedule": "cosine", "batch": 128, "epochs": 5,
               "whole": True, "patience": 5}, []),
    "simsiam-tf": ({"solver": "adam", "lr": 1e-3, "schedule": "constant", "batch": 64, "epochs": 100,
                    "patience": 5}, ["--validation", "held.sst"]),
    "simclr-report": ({"solver": "adam", "lr": 1e-3, "schedule": "constant", "batch": 64, "epochs": 35,
                       "patience": 2}, ["--validation", "held.sst", "--label-fraction", "1"]),
    "logistic": ({"solver": "adamw", "lr": 0.02, "schedule": "cosine", "batch": 100, "epochs": 9,
                  "weight-decay": 0.05, "scale": "standard"},
                 ["--solver", "adamw", "--lr", "0.02", "--batch", "100", "--epochs", "9", "--weight-decay", "0.05"]),
}


def draw(r, n):
    """Features of a class and some noise; only so much of it that no classifier is right for all."""
    label = r.randint(0, CLASSES, n)
    means = np.random.RandomState(0).normal(0, 0.12, (CLASSES, D))
    return (0.3 + means[label] + r.normal(0, 0.2, (n, D))).astype(np.float32), label


def write(path, x, label, data):
    sst_write.write(path, [("embedding", "f32", (D,), x.tobytes()),
                           ("label", "i32", (), label.astype(np.int32).tobytes()),
                           ("index", "u64", (), np.arange(len(label), dtype=np.uint64).tobytes())], data)


def compare(name, o, extra):
    o = dict(COMMON, **o)
    r = np.random.RandomState(1)
    x, y = draw(r, N)
    views = [x, x + r.normal(0, 0.1, x.shape).astype(np.float32)]
    (t, u), (h, g) = draw(r, M), draw(r, M)
    for path, data in (("train1.sst", (views[0], y)), ("train2.sst", (views[1], y)), ("test.sst", (t, u)),
                       ("held.sst", (h, g))):
        write(path, *data, path[:4])
    out = subprocess.run([os.path.join(BIN, "ss-linprobe"), "--protocol", name, "--init", "zero", "--seed",
                          str(o["seed"]), "--train", "train1.sst", "--train", "train2.sst", "--test", "test.sst",
                          "--json"] + extra, check=True, stdout=subprocess.PIPE).stdout
    ours = json.loads(out)["scores"][0]
    history, best, measure = probe.train(views, y, o, (h, g) if "--validation" in extra else None)
    bad, worst = [], 0.0
    if (len(ours["history"]), ours["best_epoch"]) != (len(history), best):
        bad.append("%d epochs, the best %d; PyTorch: %d, %d" % (len(ours["history"]), ours["best_epoch"],
                                                              len(history), best))
    for row, (loss, held) in zip(ours["history"], history):
        for mine, its in ((row["loss"], loss), (row.get("held_loss"), held)):
            if its is None:
                continue
            worst = max(worst, abs(mine - its) / abs(its))
            if not abs(mine - its) <= LOSS * abs(its):
                bad.append("epoch %d: loss %.9g, PyTorch's %.9g" % (row["epoch"], mine, its))
    loss, predicted = measure(views[0], y)
    if not abs(ours["loss"] - loss) <= LOSS * loss:
        bad.append("loss %.9g at the end, PyTorch's %.9g" % (ours["loss"], loss))
    for mine, its in ((ours["train_correct"], (predicted == y).sum()), (ours["correct"], (measure(t, u)[1] == u).sum())):
        if abs(mine - its) > SCORE:
            bad.append("%d right, PyTorch %d" % (mine, its))
    return worst, bad


def main():
    torch.set_num_threads(1)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for i, (name, (o, extra)) in enumerate(PROTOCOLS.items()):
            worst, bad = compare(name, o, extra)
            failed += bool(bad)
            print("%sok %d - %s, %s: largest difference of a loss %.2g" % ("not " if bad else "", i + 1, name,
                                                                          o["solver"], worst))
            for text in bad[:5]:
                print("# " + text)
        os.chdir("/")
    print("1..%d" % len(PROTOCOLS))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
