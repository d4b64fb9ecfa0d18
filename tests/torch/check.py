"""
check - makes every golden value anew with the PyTorch installed here, and compares

    python3 tests/torch/check.py        prints TAP; run by `make check-torch`

A tensor agrees if its largest difference is within TOLERANCE of its largest element.  Without
PyTorch everything is skipped, and said to be.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
GOLDEN = os.path.join(TESTS, "golden")
TOLERANCE = 1e-4
FILES = ("ops", "losses", "optim", "step_simsiam", "step_simclr")

try:
    import torch  # noqa: F401
    import numpy as np
except ImportError as e:
    print("1..0 # SKIP %s" % e)
    sys.exit(0)

sys.path.insert(0, TESTS)
import read_model  # noqa: E402


def compare(stored, made):
    """Complaints about one file, and the largest relative difference."""
    if stored[1] != made[1]:
        return ["metadata differ"], 0.0
    bad = ["only in one: %s" % name for name in stored[0].keys() ^ made[0].keys()]
    worst = 0.0
    for name in stored[0].keys() & made[0].keys():
        a, b = stored[0][name], made[0][name]
        if a.shape != b.shape or a.dtype != b.dtype:
            bad.append("%s: %s %s, now %s %s" % (name, a.dtype, a.shape, b.dtype, b.shape))
        elif a.dtype.kind != "f":
            if not np.array_equal(a, b):
                bad.append("%s differs" % name)
        else:
            difference = float(np.abs(a.astype("f8") - b).max())
            scale = float(np.abs(a).max())
            if not difference <= TOLERANCE * scale:
                bad.append("%s differs by %g of %g" % (name, difference, scale))
            elif scale > 0:
                worst = max(worst, difference / scale)
    return bad, worst


def main():
    print("1..%d" % len(FILES))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, os.path.join(HERE, "make_goldens.py"), folder],
                       check=True, stdout=subprocess.DEVNULL)
        for i, name in enumerate(FILES):
            path = name + ".safetensors"
            bad, worst = compare(read_model.read(os.path.join(GOLDEN, path)),
                                 read_model.read(os.path.join(folder, path)))
            print("%sok %d - %s made anew, largest difference %.2g" %
                  ("not " if bad else "", i + 1, path, worst))
            for line in bad:
                print("# " + line)
            failed += bool(bad)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
