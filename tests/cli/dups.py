"""dups - streams for the test of ss-dups, and plain Python's answers

    dups.py make                        writes the streams into the current folder
    dups.py groups|pairs|rest THRESHOLD prints what ss-dups must print of made.sst
    dups.py check THRESHOLD             is the table of groups on standard input complete linkage, by scikit-learn? 77 without it
    dups.py files                       of the escaped names on standard input, the odd ones as files are called, a zero behind each

Cosines are those of unit rows rounded to floats, summed in doubles. Standard library only, but for the last."""
import array
import math
import os
import random
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests"))
from sst_write import write           # noqa: E402

N, D = 240, 6
ODD = [b"a b/c.jpg", b"tab\\there", b"line\\nend", b"back\\\\slash", "\u00fcber.png".encode(), b"\\xff\\xfe", b"'quotes' \"too\"", b"-f"]
FILES = [b"a b/c.jpg", b"tab\there", b"line\nend", b"back\\slash", "\u00fcber.png".encode(), b"\xff\xfe", b"'quotes' \"too\"", b"-f"]


def rows():
    """Copies with more or less noise, and copies of copies; equal rows, rows of other length, zeros."""
    r, x = random.Random(8), []
    for i in range(N):
        if i < 8 or r.random() < 0.25:
            x.append([r.gauss(0, 1) for _ in range(D)])
        else:
            noise = r.choice((0, 0.01, 0.03, 0.1, 0.3))
            x.append([v + noise * r.gauss(0, 1) for v in r.choice(x)])
    for i in range(4):
        x[i] = [2 ** (i + 1) * v for v in x[20 + i]]
        x[230 + i] = x[4 + i]
    x[99] = x[177] = [0.0] * D
    return [array.array("f", v).tolist() for v in x]


def names():
    return [ODD[i - 228] if i >= 228 and i - 228 < len(ODD) else b"p/%d" % i for i in range(N)]


def tensors(x):
    return [("embedding", "f32", (len(x[0]),), array.array("f", [a for v in x for a in v]).tobytes())]


def numbered(n):
    return [("index", "u64", (), array.array("Q", range(1000, 1000 + n)).tobytes())]


def make():
    x = rows()
    write("made.sst", tensors(x) + numbered(N), "made", names=names())
    write("frames.sst", tensors(x) + numbered(N), "made", names=names(), per_frame=7)
    write("numbered.sst", tensors(x) + numbered(N), "made")
    write("bare.sst", tensors(x), "made")
    write("epochs.sst", tensors(x), "made", epochs=2)
    write("none.sst", [("embedding", "f32", (D,), b"")])
    write("zero.sst", tensors([[1.0], [1.0]]), names=[b"a", b"b\0c"])
    write("one.sst", tensors([[1.0, 2.0]]), names=[b"alone"])
    bad = [list(v) for v in x]
    bad[33][2] = math.inf
    write("nan.sst", tensors(bad))
    write("images.sst", [("image", "u8", (1, 2, 2), bytes([9, 8, 7, 6, 18, 16, 14, 12, 200, 0, 0, 1, 200, 0, 0, 2]))])
    two = tensors(x) + [("other", "f32", (1,), array.array("f", [1] * N).tobytes())]
    write("two.sst", two)


def unit(v):
    norm = math.sqrt(sum(a * a for a in v))
    return array.array("f", [a / norm for a in v] if norm > 1e-12 else [0.0] * D).tolist()


def cosine(a, b):
    length = math.sqrt(sum(v * v for v in a) * sum(v * v for v in b))
    return min(1.0, sum(v * w for v, w in zip(a, b)) / length) if length > 0 else 0.0


def escaped(b):
    return b.decode("utf-8", "backslashreplace").replace("\\", "\\\\")


def clusters(c, threshold):
    """The definition: two groups whose least similar members are the most similar, lowest first members first."""
    groups = [[i] for i in range(N)]
    least = {(i, j): c[i][j] for i in range(N) for j in range(i + 1, N) if c[i][j] >= threshold}
    while least:
        a, b = min(least, key=lambda k: (-least[k], k))
        groups[a] += groups[b]
        groups[b] = []
        for k in range(N):
            if k in (a, b) or not groups[k]:
                continue
            p, q = least.pop((min(a, k), max(a, k)), None), least.pop((min(b, k), max(b, k)), None)
            if p is not None and q is not None:
                least[min(a, k), max(a, k)] = min(p, q)
        del least[a, b]
    return [sorted(g) for g in groups if len(g) > 1]


def answer(what, threshold):
    x, called = [unit(v) for v in rows()], [escaped(b) for b in names()]
    c = [[cosine(a, b) for b in x] for a in x]
    if what == "pairs":
        print("cosine\tfirst\tsecond")
        found = [(-c[i][j], i, j) for i in range(N) for j in range(i + 1, N) if c[i][j] >= threshold]
        for v, i, j in sorted(found):
            print("%.6f\t%s\t%s" % (abs(v) if abs(v) < 5e-7 else -v, called[i], called[j]))
        return
    groups = clusters(c, threshold)
    if what == "rest":
        for g in groups:
            for i in g[1:]:
                print(called[i])
        return
    print("group\tcosine\tname")
    for k, g in enumerate(groups):
        for i in g:
            print("%d\t%.6f\t%s" % (k + 1, 1 if i == g[0] else c[g[0]][i], called[i]))


def check(threshold):
    """Every pair of a group is near enough, no two groups could still be joined, and scikit-learn has the same groups."""
    try:
        import numpy as np
        from sklearn.cluster import AgglomerativeClustering
    except ImportError:
        sys.exit(77)
    x = np.array([unit(v) for v in rows()])
    x = x[np.abs(x).sum(1) > 0]
    keep = [i for i, v in enumerate(rows()) if any(v)]
    # Equal rows are one to it: of equal distances it takes others first, which may end otherwise.
    x, first = np.unique(x, axis=0, return_index=True)
    called = [escaped(names()[keep[i]]) for i in first]
    distance = 1 - x @ x.T
    labels = AgglomerativeClustering(n_clusters=None, metric="precomputed", linkage="complete",
                                     distance_threshold=np.nextafter(1 - threshold, 2)).fit(distance).labels_
    want = {}
    for name, label in zip(called, labels):
        want.setdefault(label, set()).add(name)
    got = {}
    for line in sys.stdin.read().split("\n")[1:-1]:
        number, _, name = line.split("\t")
        if name in set(called):
            got.setdefault(number, set()).add(name)
    assert sorted(map(sorted, (g for g in got.values() if len(g) > 1))) == sorted(map(sorted, (g for g in want.values() if len(g) > 1)))


if sys.argv[1] == "make":
    make()
elif sys.argv[1] == "check":
    check(float(sys.argv[2]))
elif sys.argv[1] == "files":
    wanted = set(sys.stdin.read().split("\n"))
    for raw, name in zip(FILES, ODD):
        if escaped(name) in wanted:
            sys.stdout.buffer.write(raw + b"\0")
else:
    answer(sys.argv[1], float(sys.argv[2]))
