"""
make_features - features with the structure of classes, as a stream and for numpy

usage: make_features.py NAME RECORDS FEATURES SEED    writes NAME.sst and NAME.npz

Ten classes, of which a linear classifier finds about three quarters.
"""
import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import sst_write  # noqa: E402


def main():
    name, n, d, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    centres = numpy.random.RandomState(0).randn(10, d).astype("f4")
    mix = numpy.random.RandomState(3).randn(d, d).astype("f4") / d ** 0.5
    r = numpy.random.RandomState(seed)
    y = r.randint(0, 10, n).astype("i4")
    x = (0.11 * centres[y] + r.randn(n, d).astype("f4")) @ mix
    x = numpy.maximum(x + 0.5, 0).astype("f4")
    sst_write.write(name + ".sst", [("embedding", "f32", (d,), x.tobytes()), ("label", "i32", (), y.tobytes())],
                    per_frame=1000)
    numpy.savez(name + ".npz", x=x, y=y)


main()
