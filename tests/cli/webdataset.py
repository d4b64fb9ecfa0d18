#!/usr/bin/env python3
"""webdataset.py KIND FILE.tar [N] - tar archives of samples for load-tar.t, sound and crafted; standard library only

Beside FILE.tar, FILE.rgb, FILE.labels and FILE.names have what must be read: planes, numbers, keys."""
import io
import random
import struct
import sys
import tarfile
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(seed, w=6, h=5):
    """A PNG, and its planes."""
    r = random.Random(seed)
    rows = [bytes(r.randrange(256) for _ in range(3 * w)) for _ in range(h)]
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b"")
    return data, b"".join(row[c::3] for c in range(3) for row in rows)


class Shard:
    def __init__(self, form=tarfile.PAX_FORMAT):
        self.out = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.out, mode="w", format=form)
        self.rgb, self.labels, self.names, self.made = b"", [], [], 0

    def add(self, name, data=b"", kind=tarfile.REGTYPE, **more):
        t = tarfile.TarInfo(name)
        t.size = len(data) if kind == tarfile.REGTYPE else 0
        t.type = kind
        for key, value in more.items():
            setattr(t, key, value)
        self.tar.addfile(t, io.BytesIO(data))

    def picture(self, name, key=None, label=None, **more):
        """An image that is to be a record; key: its name, unless it is the name up to the first dot."""
        data, planes = picture(self.made, **more)
        self.made += 1
        self.rgb += planes
        self.names.append(name.split(".")[0] if key is None else key)
        self.labels.append(-1 if label is None else label)
        self.add(name, data)

    def sample(self, key, label, suffix="png", **more):
        self.add(key + ".cls", b"%d" % label)
        self.picture(key + "." + suffix, key, label, **more)

    def save(self, path, end=None):
        self.tar.close()
        data = self.out.getvalue()
        for suffix, content in ((".tar", data if end is None else end(data)), (".rgb", self.rgb),
                                (".labels", "".join("%d\n" % y for y in self.labels).encode()),
                                (".names", "".join(self.names).encode("utf-8"))):
            with open(path[:-4] + suffix, "wb") as f:
                f.write(content)


def header(name, size, kind=b"0", form=b"ustar\x0000", link=b""):
    """A raw header, so that it may lie: size is 12 bytes, or a number."""
    size = size if isinstance(size, bytes) else b"%011o\0" % size
    h = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size + b"00000000000\0" + b" " * 8 + kind +
                  link.ljust(100, b"\0") + form).ljust(512, b"\0")
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def padded(data):
    return data + bytes(-len(data) % 512)


def pax(records, kind=b"x"):
    body = b""
    for key, value in records:
        n = len(key) + len(value) + 3
        n += len(str(n + len(str(n))))
        body += b"%d %s=%s\n" % (n, key, value)
    return header(b"pax", len(body), kind) + padded(body)


def raw_then_sample(s, raw):
    """Raw members in front of a sound sample."""
    s.sample("a", 1)
    return lambda data: raw + data


PNG, _ = picture(99)


def plain(s):
    for i in range(12):
        s.sample("train/%04d" % i, i * 5 % 7)


def mixed(s):
    s.add("readme", b"no dot, no sample")
    s.add("train/.hidden.png", b"x")
    s.add("__shard__.meta__", b"x")
    s.add("train", kind=tarfile.DIRTYPE)
    s.add("train/a.json", b"{}")
    s.picture("train/a.JPG", label=3)
    s.add("train/a.cls", b" 3\n")
    s.picture("train/b.left.png")
    s.add("train/b.txt", b"")
    s.sample("train/long" + "n" * 300, 7, "seg.JPeg")
    s.sample("tr.ain/d", 1048575)
    s.sample("a", 0, w=3, h=9)


def evil(s):
    """R29: what must not be followed, and is counted or carried as a name."""
    s.sample("../../outside", 1)
    s.sample("/absolute", 2)
    s.add("link.png", kind=tarfile.SYMTYPE, linkname="/etc/passwd")
    s.add("hard.png", kind=tarfile.LNKTYPE, linkname="../../outside.png")
    s.add("null.png", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)
    s.add("disk.png", kind=tarfile.BLKTYPE, devmajor=8, devminor=0)
    s.add("pipe.png", kind=tarfile.FIFOTYPE)
    s.sample("./here", 3)
    s.sample("caf\u00e9/\u6f22", 4)
    s.sample("new\\line", 5)
    s.names[-1] = "new\\\\line"


CRAFTED = {
    "apart": lambda s: (s.sample("a", 1), s.sample("b", 2), s.add("a.json", b"{}"), None)[-1],
    "apart-later": lambda s: (s.sample("a", 1), s.sample("b", 2), s.sample("c", 2), s.sample("a", 2), None)[-1],
    "twice": lambda s: (s.sample("a", 1), s.add("a.cls", b"2"), None)[-1],
    "two-images": lambda s: (s.sample("a", 1), s.add("a.jpg", PNG), None)[-1],
    "no-image": lambda s: (s.add("a.cls", b"1"), s.add("a.txt", b"x"), s.sample("b", 1), None)[-1],
    "bad-label": lambda s: (s.add("a.cls", b"cat"), s.picture("a.png"), None)[-1],
    "minus-label": lambda s: (s.add("a.cls", b"-1"), s.picture("a.png"), None)[-1],
    "huge-label": lambda s: (s.add("a.cls", b"1048576"), s.picture("a.png"), None)[-1],
    "long-label": lambda s: (s.add("a.cls", b"1" + b" " * 40), s.picture("a.png"), None)[-1],
    "two-labels": lambda s: (s.add("a.cls", b"1 2"), s.picture("a.png"), None)[-1],
    "empty-image": lambda s: (s.add("a.png"), None)[-1],
    "no-picture": lambda s: (s.add("a.png", b"hello"), None)[-1],
    "cut-picture": lambda s: (s.add("a.png", PNG[:-20]), None)[-1],
    # sizes that lie
    "huge": lambda s: raw_then_sample(s, header(b"z.png", b"\x80" + bytes(3) + struct.pack(">Q", 9 << 30)) + padded(PNG)),
    "huge-json": lambda s: raw_then_sample(s, header(b"z.json", b"\x80" + bytes(3) + struct.pack(">Q", 9 << 30)) + padded(PNG)),
    "negative": lambda s: raw_then_sample(s, header(b"z.png", b"\xff" * 12) + padded(PNG)),
    "size-too-small": lambda s: raw_then_sample(s, header(b"z.png", 10) + padded(PNG)),
    "size-too-large": lambda s: raw_then_sample(s, header(b"z.png", 600) + padded(PNG)),
    "pax-size": lambda s: raw_then_sample(s, pax([(b"size", b"9999999999")]) + header(b"z.png", len(PNG)) + padded(PNG)),
    "pax-size-small": lambda s: raw_then_sample(s, pax([(b"size", b"3")]) + header(b"z.png", len(PNG)) + padded(PNG)),
    "pax-rubbish": lambda s: raw_then_sample(s, header(b"pax", 20, b"x") + padded(b"99999 path=z.png\n123") + header(b"z.png", len(PNG)) + padded(PNG)),
    "sparse": lambda s: raw_then_sample(s, pax([(b"GNU.sparse.size", b"999999999999"), (b"GNU.sparse.numblocks", b"1"),
                                                (b"GNU.sparse.map", b"0,%d" % len(PNG))]) + header(b"z.png", len(PNG)) + padded(PNG)),
    "sparse-bomb": lambda s: raw_then_sample(s, pax([(b"GNU.sparse.size", b"200000000"), (b"GNU.sparse.numblocks", b"1"),
                                                     (b"GNU.sparse.map", b"199999999,1")]) + header(b"z.png", 1) + padded(b"x")),
    "checksum": lambda s: raw_then_sample(s, header(b"z.png", len(PNG))[:-1] + b"x" + padded(PNG)),
    "no-end": lambda s: (s.sample("a", 1), lambda data: data.rstrip(b"\0") + bytes(-len(data.rstrip(b"\0")) % 512))[-1],
    "one-zero-block": lambda s: (s.sample("a", 1), lambda data: data.rstrip(b"\0") + bytes(-len(data.rstrip(b"\0")) % 512 + 512))[-1],
    "garbage-behind": lambda s: (s.sample("a", 1), lambda data: data + b"garbage" * 100)[-1],
    "nothing": lambda s: None,
    "only-rubbish": lambda s: (s.add("readme", b"x"), None)[-1],
}


def main(kind, path, n="60"):
    s, end = Shard(), None
    if kind == "many":
        for i in range(int(n)):
            s.sample("%05d" % i, i % 10, w=5 + i % 4, h=4 + i % 3)
    elif kind == "large":           # N samples of a megapixel
        for i in range(int(n)):
            s.add("%05d.png" % i, b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1000, 1000, 8, 2, 0, 0, 0)) +
                  chunk(b"IDAT", zlib.compress(bytes(3001 * 1000), 0)) + chunk(b"IEND", b""))
    elif kind in CRAFTED:
        end = CRAFTED[kind](s)
    else:
        {"plain": plain, "mixed": mixed, "evil": evil}[kind](s)
    s.save(path, end)


if __name__ == "__main__":
    main(*sys.argv[1:])
