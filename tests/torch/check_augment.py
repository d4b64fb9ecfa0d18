"""
check_augment - holds tests/golden/augment.txt to the torchvision and Pillow installed here

    python3 tests/torch/check_augment.py        prints TAP; run by `make check-torch`

Makes every line anew. Sums that PyTorch takes in an order of its own may be one level apart.
"""
import contextlib
import io
import os
import sys
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(os.path.dirname(HERE), "golden", "augment.txt")

warnings.simplefilter("ignore")
try:
    import PIL  # noqa: F401
    import torchvision  # noqa: F401
except ImportError as e:
    print("1..0 # SKIP %s" % e)
    sys.exit(0)
sys.path.insert(0, HERE)
import make_augment_goldens  # noqa: E402


def agree(stored, made):
    if not stored.startswith("blur "):
        return stored == made
    (*a, x), (*b, y) = stored.split(), made.split()
    return a == b and len(x) == len(y) and all(
        abs(p - q) <= 1 for p, q in zip(bytes.fromhex(x), bytes.fromhex(y)))


with open(GOLDEN) as f:
    stored = [line for line in f.read().split("\n") if not line.startswith("#")]
with contextlib.redirect_stdout(io.StringIO()) as out:
    make_augment_goldens.main()
made = [line for line in out.getvalue().split("\n") if not line.startswith("#")]
bad = [s for s, m in zip(stored, made) if not agree(s, m)]
for s in bad[:5]:
    print("# stored: " + s[:100])
print("%sok 1 - augment.txt: %d lines" % ("not " if bad or len(stored) != len(made) else "", len(made)))
print("1..1")
sys.exit(1 if bad else 0)
