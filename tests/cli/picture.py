"""picture - what a PNG shows, for the tests of ss-plot and ss-map

    picture.py size FILE            prints its width and height
    picture.py count FILE R,G,B     prints how many pixels have exactly that colour
    picture.py box FILE R,G,B [X]   prints left, top, right and bottom of those pixels left of X
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests", "cli"))
from grid import decode                     # noqa: E402


def main(what, path, colour=None, limit=None):
    pixels = decode(path)[:, :limit and int(limit)]
    if what == "size":
        print(pixels.shape[1], pixels.shape[0])
        return
    y, x = np.nonzero((pixels == [int(v) for v in colour.split(",")]).all(2))
    print(*[len(y)] if what == "count" else [x.min(), y.min(), x.max(), y.max()])


if __name__ == "__main__":
    main(*sys.argv[1:])
