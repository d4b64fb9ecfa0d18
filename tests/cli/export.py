#!/usr/bin/env python3
"""export.py WHAT ... - do the files of ss-export hold what the stream or the log holds?

    types STREAM                    makes a stream with a tensor of every element type
    wide STREAM RECORDS [LABELS]    makes one of RECORDS embeddings, a few of them odd
    pictures STREAM RECORDS C H W   makes one of embeddings and images
    npy STREAM FILE TENSOR [N]      a .npy file, of the first N records
    npz STREAM FILE TENSOR...       a .npz file
    tsv STREAM FILE TENSOR...       a table; with labels by name if NAMES is set
    libsvm STREAM FILE TENSOR       by itself, and by scikit-learn where that is installed
    projector STREAM FOLDER SIDE [COLUMNS]   vectors, table and sprites
    events LOG FILE                 an event file of TensorBoard, by a reader of its own
    tensorboard LOG FOLDER          the same by TensorBoard's; status 77 where that is not installed

The stream is read by tests/sst_read.py."""
import contextlib
import io
import json
import math
import os
import struct
import sys
import zipfile

import numpy as np

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import grid  # noqa: E402
import sst_read  # noqa: E402
import sst_write  # noqa: E402

TYPES = dict(u8="u1", i8="i1", u16="<u2", i16="<i2", u32="<u4", i32="<i4", u64="<u8", i64="<i8",
             f16="<f2", bf16="<u2", f32="<f4", f64="<f8")


class Stream:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            self.lines, tensors, *_ = sst_read.read_header(f)
        self.tensors = {t.name: t for t in tensors}
        self.names = {}
        for x in self.lines:
            if x.startswith("@LB"):
                d = sst_read.fields(x)
                self.names[int(d["ID"])] = d["NM"]

    def raw(self, name):
        out = io.BytesIO()
        hold, sys.stdout = sys.stdout, io.TextIOWrapper(out)
        try:
            with open(self.path, "rb") as f:
                sst_read.read(f, name)
            sys.stdout.flush()
        finally:
            raw = out.getvalue()
            sys.stdout = hold
        return raw

    def array(self, name):
        t = self.tensors[name]
        a = np.frombuffer(self.raw(name), TYPES[t.type])
        if t.type == "bf16":
            a = (a.astype("<u4") << 16).view("<f4")
        return a.reshape([-1] + t.shape)


def same(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, a.shape, b.dtype, b.shape)
    assert a.tobytes() == b.tobytes()


def types(path):
    random = np.random.RandomState(1)
    tensors = []
    for k, (name, code) in enumerate(TYPES.items()):
        shape = [(), (3,), (2, 3), (1, 2, 2, 1, 2, 1, 2, 1)][k % 4]
        data = random.bytes(9 * int(np.prod(shape)) * np.dtype(code).itemsize)
        tensors.append(("t." + name, name, shape, data))
    sst_write.write(path, tensors, per_frame=4)


def wide(path, records, labels="i32"):
    n = int(records)
    random = np.random.RandomState(2)
    x = random.randn(n, 7).astype("<f4")
    x[random.rand(n, 7) < 0.3] = 0
    x[0, :4] = -0.0, 1e-45, 3.4028235e38, 0.1
    y = (np.arange(n) % 3 - 1).astype(TYPES[labels])
    sst_write.write(path, [("embedding", "f32", (7,), x.tobytes()), ("label", labels, (), y.tobytes()),
                           ("index", "u64", (), np.arange(n, dtype="<u8").tobytes())], per_frame=50)


def pictures(path, *sizes):
    n, c, h, w = map(int, sizes)
    random = np.random.RandomState(3)
    sst_write.write(path, [("image", "u8", (c, h, w), random.randint(1, 256, (n, c, h, w), np.uint8).tobytes()),
                           ("embedding", "f32", (4,), random.randn(n, 4).astype("<f4").tobytes()),
                           ("label", "i32", (), (np.arange(n) % 3).astype("<i4").tobytes()),
                           ("index", "u64", (), np.arange(n, dtype="<u8").tobytes())],
                    lines=["@LB\tID:0\tNM:cat", "@LB\tID:2\tNM:tab\\there"], per_frame=7)


def npy(stream, path, name, limit=None):
    want = Stream(stream).array(name)
    same(np.load(path), want if limit is None else want[:int(limit)])
    with open(path, "rb") as f:
        head = f.read(10)
    assert head[:8] == b"\x93NUMPY\1\0" and (10 + head[8] + 256 * head[9]) % 64 == 0


def npz(stream, path, *names):
    s = Stream(stream)
    with np.load(path) as z:
        assert z.files == list(names), z.files
        for name in names:
            same(z[name], s.array(name))
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        assert {(i.compress_type, i.date_time) for i in z.infolist()} == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))}


def texts(s, name):
    """Items of a tensor u8 (?), which sst_read.py gives without their lengths: those of gen.c are f0, f1 ..."""
    n = len(s.array("index"))
    out = ["f%d" % i for i in range(n)]
    assert "".join(out).encode() == s.raw(name)
    return out


def tsv(stream, path, *names):
    s = Stream(stream)
    with open(path, encoding="utf-8", newline="") as f:
        rows = [line.split("\t") for line in f.read().split("\n")]
    assert rows.pop() == [""]
    head, column = rows.pop(0), 0
    for name in names:
        t = s.tensors[name]
        if None in t.shape:
            assert head[column] == name and [r[column] for r in rows] == texts(s, name)
            column += 1
            continue
        want = s.array(name).reshape(len(rows), -1)
        k = want.shape[1]
        assert head[column:column + k] == ([name] if not t.shape else ["%s.%d" % (name, i) for i in range(k)])
        got = [r[column:column + k] for r in rows]
        column += k
        if name == "label" and "NAMES" in os.environ:
            assert got == [[s.names.get(y, str(y))] for y in want.ravel()], got[:9]
        elif want.dtype.kind == "f":
            got = np.array([[float(v) for v in r] for r in got])
            with np.errstate(over="ignore"):
                got = got.astype(want.dtype)
            nan = np.isnan(want)
            assert (np.isnan(got) == nan).all()
            got[nan] = want[nan]
            same(got, want)
        else:
            assert [[int(v) for v in r] for r in got] == want.tolist()
    assert all(len(r) == column for r in rows)


def libsvm(stream, path, name):
    s = Stream(stream)
    want, labels = s.array(name), s.array("label")
    want = want.reshape(len(want), -1)
    got = np.zeros_like(want)
    with open(path) as f:
        lines = f.read().splitlines()
    assert len(lines) == len(want)
    for row, y, line in zip(got, labels, lines):
        first, *rest = line.split(" ")
        assert int(first) == y
        at = [int(x.split(":")[0]) for x in rest]
        assert at == sorted(set(at)) and (not at or at[0] >= 1)
        for x in rest:
            row[int(x.split(":")[0]) - 1] = float(x.split(":")[1])
    same(got, want)
    try:
        from sklearn.datasets import load_svmlight_file
    except ImportError:
        return
    x, y = load_svmlight_file(path, n_features=want.shape[1], dtype=np.float64, zero_based=False)
    assert (y == labels).all() and (x.toarray().astype(want.dtype) == want).all()


def projector(stream, folder, side, columns=None):
    s = Stream(stream)
    side = int(side)
    config = open(folder + "/projector_config.pbtxt").read()
    name = config.split('tensor_name: "')[1].split('"')[0]
    want = s.array(name)
    got = np.loadtxt(folder + "/tensors.tsv", delimiter="\t", ndmin=2).astype(want.dtype)
    same(got, want.reshape(len(want), -1))
    scalars = [n for n, t in s.tensors.items() if t.shape in ([], [None])]
    rows = [r.split("\t") for r in open(folder + "/metadata.tsv").read().splitlines()]
    if len(scalars) > 1:
        assert rows.pop(0) == scalars
    for k, n in enumerate(scalars):
        column = [r[k] for r in rows]
        assert column == (texts(s, n) if s.tensors[n].shape else
                          [s.names.get(y, str(y)) if n == "label" else str(y) for y in s.array(n).tolist()])
    assert ("sprite.png" in os.listdir(folder)) == ("sprite" in config) == (side > 0)
    assert not any(f.startswith(".") for f in os.listdir(folder))
    if side == 0:
        return
    assert config.count("single_image_dim: %d\n" % side) == 2
    image = s.array("image")
    n, c, h, w = image.shape
    columns = int(columns or math.ceil(math.sqrt(n)))
    sheet = grid.decode(folder + "/sprite.png")
    assert sheet.shape == (-(-n // columns) * side, columns * side, 3), sheet.shape
    places = sheet.reshape(-1, side, columns, side, 3).transpose(0, 2, 1, 3, 4).reshape(-1, side, side, 3)
    assert not places[n:].any()
    if side == h == w:
        assert (places[:n] == image.transpose(0, 2, 3, 1)).all()
    else:       # scaled or framed: about as bright
        assert places[:n].reshape(n, -1).any(1).all()


def crc32c(b):
    """Bit by bit, most significant first, over the reversed bytes: not the way of tfevents.c."""
    reverse = lambda v, n: int(format(v, "0%db" % n)[::-1], 2)
    crc = 0xffffffff
    for byte in b:
        crc ^= reverse(byte, 8) << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x1edc6f41 if crc & 0x80000000 else 0)) & 0xffffffff
    return reverse(crc, 32) ^ 0xffffffff


def records(path):
    assert crc32c(b"123456789") == 0xe3069283
    with open(path, "rb") as f:
        b = f.read()
    masked = lambda v: struct.pack("<I", ((v >> 15 | v << 17) + 0xa282ead8) & 0xffffffff)
    at = 0
    while at < len(b):
        n, = struct.unpack_from("<Q", b, at)
        assert b[at + 8:at + 12] == masked(crc32c(b[at:at + 8]))
        data = b[at + 12:at + 12 + n]
        assert len(data) == n and b[at + 12 + n:at + 16 + n] == masked(crc32c(data))
        yield data
        at += 16 + n


def varint(b, at):
    v = shift = 0
    while True:
        v |= (b[at] & 127) << shift
        shift += 7
        at += 1
        if b[at - 1] < 128:
            return v, at


def message(b):
    """The fields of a message of Protocol Buffers: {number: value}, each at most once."""
    at, out = 0, {}
    while at < len(b):
        key, at = varint(b, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            v, at = varint(b, at)
        elif kind == 2:
            n, at = varint(b, at)
            v, at = b[at:at + n], at + n
            assert len(v) == n
        else:
            code = {1: "<d", 5: "<f"}[kind]
            v, = struct.unpack_from(code, b, at)
            at += struct.calcsize(code)
        assert number not in out
        out[number] = v
    return out


def log_scalars(path):
    """[(tag, step, value)] as ss-export(1) says it; the columns are in the order in which they appear."""
    group = {"loss": "train", "lr": "train", "epoch": "train", "images_per_second": "train",
             "accuracy": "train", "knn": "eval", "best": "eval"}
    out = []
    for line in open(path).read().split("\n")[:-1]:
        o = json.loads(line)
        for key, v in o.items():
            if key == "step" or v is None or isinstance(v, (str, list)) or (key == "epoch" and o.get("loss") is None):
                continue
            out.append(("%s/%s" % (group.get(key, "health"), key), o["step"], struct.pack("<f", v)))
    return out


def events(log, path):
    first, *rest = [message(r) for r in records(path)]
    assert first == {1: 0.0, 3: b"brain.Event:2"}
    got = []
    for e in rest:
        value = message(message(e.pop(5))[1])
        assert set(e) == {1, 2} and e[1] == e[2] and set(value) == {1, 2}
        got.append((value[1].decode(), e[2], struct.pack("<f", value[2])))
    assert got == log_scalars(log) and got, got


def tensorboard(log, folder):
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        sys.exit(77)
    with contextlib.redirect_stderr(io.StringIO()):
        e = EventAccumulator(folder)
        e.Reload()
    got = sorted((t, x.step, struct.pack("<f", x.value)) for t in e.Tags()["scalars"] for x in e.Scalars(t))
    assert got == sorted(log_scalars(log)) and got


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
