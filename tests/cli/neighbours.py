"""neighbours - streams for the test of ss-knn --neighbours, and plain Python's answers

    neighbours.py make                              writes the streams into the current folder
    neighbours.py check BANK QUERY K OPTION...      is the table on standard input right? options: leave, center

Cosines are sums of doubles; the table's may differ in the sixth digit. Standard library only."""
import array
import math
import os
import random
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests"))
from sst_write import write           # noqa: E402

D, N, M = 11, 1300, 320
ODD = [b"a b/c.jpg", b"tab\there", b"line\nend", b"back\\slash", "\u00fcber.png".encode(), b"\xff\xfe", b"", b"zero\0end"]


def draw(seed, n):
    r = random.Random(seed)
    return [[r.gauss(0, 1) for _ in range(D)] for _ in range(n)]


def rows():
    """Bank and queries: some rows three times, some zero, some the same but for their length."""
    bank, query = draw(1, N), draw(2, M)
    for i in range(40):
        bank[700 + i] = bank[i]
        bank[1299 - i] = [4 * v for v in bank[i]]
    bank[50] = bank[60] = query[3] = [0.0] * D
    query[5:25] = bank[5:25]
    return [[array.array("f", v).tolist() for v in x] for x in (bank, query)]


def names(prefix, n):
    return [ODD[i] if i < len(ODD) else b"%s%d" % (prefix, i) for i in range(n)]


def tensors(x):
    return [("embedding", "f32", (D,), array.array("f", [a for v in x for a in v]).tobytes()),
            ("index", "u64", (), array.array("Q", range(100, 100 + len(x))).tobytes())]


def make():
    bank, query = rows()
    for path, x, prefix, data in ("bank.sst", bank, b"b/", "made"), ("query.sst", query, b"q/", "made-test"):
        out = tensors(x)
        write(path, out, data, names=names(prefix, len(x)))
        write("numbered-" + path, out, data)
        write("bare-" + path, out[:1], data)
    out = tensors(query)
    write("frames.sst", out, "made-test", per_frame=7, names=names(b"q/", M))
    write("labelled.sst", out + [("label", "f32", (), array.array("f", [0.5] * M).tobytes())], "made-test")
    write("none.sst", [("embedding", "f32", (D,), b"")])
    bad = array.array("f", [a for v in query for a in v])
    bad[D * 7 + 2] = math.nan
    write("nan.sst", [("embedding", "f32", (D,), bad.tobytes())])


def escaped(b):
    out = ""
    try:
        b.decode()
        parts = b.decode()
    except UnicodeDecodeError:
        return "".join("\\x%02x" % c for c in b)
    for c in parts:
        out += {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\0": "\\x00"}.get(c, c)
    return out


def unit(v, mean):
    v = [a - m for a, m in zip(v, mean)]
    norm = math.sqrt(sum(a * a for a in v))
    return [a / norm for a in v] if norm > 1e-12 else [0.0] * D


def called(path, n):
    prefix = b"b/" if "bank" in path else b"q/"
    if path.startswith("bare"):
        return [str(i) for i in range(n)]
    if path.startswith("numbered"):
        return [str(100 + i) for i in range(n)]
    return [escaped(b) for b in names(prefix, n)]


def check(bank_path, query_path, k, options):
    bank, query = rows()
    if "leave" in options:
        query = bank
    b_names, q_names = called(bank_path, len(bank)), called(query_path, len(query))
    mean = [sum(v[j] for v in bank) / N for j in range(D)] if "center" in options else [0] * D
    bank, query = [unit(v, mean) for v in bank], [unit(v, mean) for v in query]
    lines = sys.stdin.read().split("\n")
    assert lines[0] == "query\trank\tcosine\tneighbour" and lines[-1] == "" and len(lines) == 2 + len(query) * k, len(lines)
    for i, q in enumerate(query):
        # Equal rows have cosines that are equal, here and there; rounding makes no order.
        all_ = [(-sum(map(float.__mul__, q, b)), j) for j, b in enumerate(bank) if not ("leave" in options and i == j)]
        near = sorted((round(c, 12), j) for c, j in all_)[:k]
        cosine = {b_names[j]: round(c, 12) for c, j in all_}
        for r, (c, j) in enumerate(near):
            got = lines[1 + i * k + r].split("\t")
            assert got[0] == q_names[i] and got[1] == str(r + 1) and abs(float(got[2]) + c) < 2e-6, (got, q_names[i], r + 1, -c)
            # What differs by less than floats can tell may change places; what is equal may not.
            assert got[3] == b_names[j] or 0 < abs(cosine[got[3]] - c) < 3e-7, (got, -c, b_names[j])


if sys.argv[1] == "make":
    make()
else:
    check(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
