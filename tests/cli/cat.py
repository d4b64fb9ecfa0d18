#!/usr/bin/env python3
"""cat.py WHAT OUT ... - does OUT, of ss-cat, hold the records of the other streams, bit by bit?

    rows OUT IN...                  one after the other
    turn OUT IN...                  one of each in turn
    columns OUT NAME=IN:TENSOR...   these tensors and no others, in this order"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import augment  # noqa: E402


def same(got, want):
    assert len(got) == len(want) and len(want) > 0, (len(got), len(want))
    for a, b in zip(got, want):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def rows(out, *inputs):
    got, parts = augment.read(out), [augment.read(p) for p in inputs]
    assert list(got) == list(parts[0])
    for name in got:
        same(got[name], [x for p in parts for x in p[name]])


def turn(out, *inputs):
    got, parts = augment.read(out), [augment.read(p) for p in inputs]
    for name in got:
        n = max(len(p[name]) for p in parts)
        same(got[name], [p[name][i] for i in range(n) for p in parts if i < len(p[name])])


def columns(out, *wanted):
    got = augment.read(out)
    assert list(got) == [w.split("=")[0] for w in wanted], list(got)
    for w in wanted:
        name, source = w.split("=")
        path, tensor = source.split(":")
        same(got[name], augment.read(path)[tensor])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
