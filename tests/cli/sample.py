#!/usr/bin/env python3
"""sample.py PICK STREAM OPTIONS... - the indices that ss-sample must choose, from its manual page alone

PICK is choice (what --count and the like choose, in the order of the stream) or shuffle EPOCH (all
records in the order of --shuffle). Options are those of ss-sample. One line of numbers."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from philox import philox  # noqa: E402


def words(seed, purpose, epoch, index, view):
    key = philox([purpose, epoch, view, 0x73737374], [seed & 0xFFFFFFFF, seed >> 32])[:2]
    block = 0
    while True:
        yield from philox([block, 0, index & 0xFFFFFFFF, index >> 32], key)
        block += 1


def key(seed, purpose, epoch, index, view):
    w = words(seed, purpose, epoch, index, view)
    return next(w) << 32 | next(w)


def below(w, m):
    while True:
        p = next(w) * m
        if p & 0xFFFFFFFF >= (1 << 32) % m:
            return p >> 32


def tensor(path, name, size, signed):
    raw = subprocess.run([sys.executable, HERE + "/../sst_read.py", path, name], check=True, capture_output=True).stdout
    return [int.from_bytes(raw[i:i + size], "little", signed=signed) for i in range(0, len(raw), size)]


def pattern(seed, label, count, m):
    """how often the ranks that are drawn are, in the order of their first draws"""
    w, times = words(seed, 5, 0, label, 1), {}
    for _ in range(count):
        rank = below(w, m)
        times[rank] = times.get(rank, 0) + 1
    return list(times.values())


def choice(index, label, seed, count, fraction, balanced, replace, rest):
    groups = {}
    for place, (i, y) in enumerate(zip(index, label)):
        if not balanced or y >= 0:
            groups.setdefault(y if balanced else 0, []).append((key(seed, 5, 0, i, 0), i, place))
    seen = sum(map(len, groups.values()))
    each = (count if count is not None else int(fraction * seen + 0.5)) // len(groups)
    copies = [0] * len(index)
    for y, members in groups.items():
        times = pattern(seed, y, each, len(members)) if replace else [1] * each
        for n, (_, _, place) in zip(times, sorted(members)):
            copies[place] = n
    if rest:
        copies = [n == 0 for n in copies]
    return [i for i, n in zip(index, copies) for _ in range(n)]


def main(pick, path, *args):
    given, args = dict(seed=0, count=None, fraction=None, balanced=False, replace=False, rest=False), list(args)
    epoch = int(args.pop(0)) if pick == "shuffle" else 0
    while args:
        name = args.pop(0)[2:].replace("with-", "").replace("replacement", "replace")
        given[name] = True if name in ("balanced", "replace", "rest") else \
            float(args.pop(0)) if name == "fraction" else int(args.pop(0))
    index = tensor(path, "index", 8, False)
    if pick == "shuffle":
        print(*sorted(index, key=lambda i: key(given["seed"], 1, epoch, i, 1)))
    else:
        print(*choice(index, tensor(path, "label", 4, True), **given))


main(*sys.argv[1:])
