#!/usr/bin/env python3
"""load.py COMMAND ... - data for ss-load.t to read, and an independent look at what was read

Makes files of pixels that tell where they stand, in the formats that ss-load reads, and takes
streams apart on trust (whether they are sound is the business of other tests)."""
import gzip
import io
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from philox import shuffled  # noqa: E402

SIZES = dict(u8=1, i32=4, u64=8, f32=4)


def pixels(seed, n):
    return random.Random(seed).randbytes(n)


def write(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


# CIFAR: a file of n records; labels go round

def cifar_file(seed, n, hundred=False):
    out = bytearray()
    for i in range(n):
        label = (seed + i) % (100 if hundred else 10)
        out += (bytes([label // 5]) if hundred else b"") + bytes([label]) + pixels((seed, i).__hash__(), 3072)
    return bytes(out)


NAMES10 = b"airplane automobile bird cat deer dog frog horse ship truck".replace(b" ", b"\n") + b"\n\n"


def cifar_members(hundred):
    if hundred:
        return [("cifar-100-binary/" + n, d) for n, d in (
            ("fine_label_names.txt", b"".join(b"fine%d\n" % i for i in range(100))),
            ("train.bin", cifar_file(1, 30, True)), ("test.bin", cifar_file(2, 7, True)),
            ("coarse_label_names.txt", b"".join(b"coarse%d\n" % i for i in range(20))))]
    batch = {i: ("cifar-10-batches-bin/data_batch_%d.bin" % i, cifar_file(i, 7)) for i in range(1, 6)}
    return [batch[1], ("cifar-10-batches-bin/batches.meta.txt", NAMES10), batch[3], batch[4],
            ("cifar-10-batches-bin/test_batch.bin", cifar_file(6, 5)),
            ("cifar-10-batches-bin/readme.html", b"<html></html>"), batch[5], batch[2]]


def make_cifar(folder, hundred):
    """FOLDER/bin/...: the official folder; FOLDER/tar/...: the official archive, in its own order"""
    archive = "cifar-100-binary.tar.gz" if hundred else "cifar-10-binary.tar.gz"
    members = cifar_members(hundred)
    for name, data in members:
        write(os.path.join(folder, "bin", name), data)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    write(os.path.join(folder, "tar", archive), gzip.compress(raw.getvalue(), 1, mtime=0))
    write(os.path.join(folder, "plain.tar"), raw.getvalue())


# STL-10: images by columns, labels 1..10 in files of their own

STL = dict(test=12, train=30, unlabeled=23)
STL_SPLITS = {"all": ["train", "test"], "train+unlabeled": ["train", "unlabeled"]}


def make_stl(folder):
    """FOLDER/bin/stl10_binary/...: the official folder; FOLDER/tar/...: the archive"""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as t:
        for name, n in STL.items():
            files = [(name + "_X.bin", pixels(n, n * 27648))]
            if name != "unlabeled":
                files.append((name + "_y.bin", bytes((n + i) % 10 + 1 for i in range(n))))
            else:
                files.append(("class_names.txt", b"a b c d e f g h i j\n".replace(b" ", b"\n")))
            for file, data in files:
                write("%s/bin/stl10_binary/%s" % (folder, file), data)
                info = tarfile.TarInfo("stl10_binary/" + file)
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
    write(folder + "/tar/stl10_binary.tar.gz", gzip.compress(raw.getvalue(), 1, mtime=0))


def check_stl(path, split):
    """the stream holds exactly these records, each found by its number"""
    images, labels = [], []
    for name in STL_SPLITS.get(split, [split]):
        n = STL[name]
        data = pixels(n, n * 27648)
        images += [data[i * 27648:(i + 1) * 27648] for i in range(n)]
        labels += [-1 if name == "unlabeled" else (n + i) % 10 for i in range(n)]
    got, index = tensor(path, "image"), numbers(path)
    assert len(index) > 0 and len(got) == 27648 * len(index)
    for i, k in enumerate(index):
        planes = (images[k][p:p + 9216] for p in (0, 9216, 18432))
        rows = b"".join(p[y::96] for p in planes for y in range(96))
        assert got[27648 * i:27648 * (i + 1)] == rows, "image %d" % k
    if split != "unlabeled":
        assert tensor(path, "label") == struct.pack("<%di" % len(index), *(labels[k] for k in index))


def cifar_records(folder, split, hundred):
    names = {"train": ["data_batch_%d.bin" % i for i in range(1, 6)], "test": ["test_batch.bin"]}
    if hundred:
        names = {"train": ["train.bin"], "test": ["test.bin"]}
    names["all"] = names["train"] + names["test"]
    head = 2 if hundred else 1
    for name in names[split]:
        with open(os.path.join(folder, name), "rb") as f:
            data = f.read()
        for at in range(0, len(data), head + 3072):
            yield data[at:at + head], data[at + head:at + head + 3072]


# IDX and npy

def idx(kind, dims, data):
    return bytes([0, 0, kind, len(dims)]) + b"".join(struct.pack(">I", d) for d in dims) + data


def make_idx(folder):
    for name, seed, n in (("train", 1, 20), ("t10k", 2, 6)):
        images, labels = pixels(seed, n * 5 * 4), bytes((seed + i) % 10 for i in range(n))
        files = (("images-idx3", idx(8, (n, 5, 4), images)), ("labels-idx1", idx(8, (n,), labels)))
        for what, data in files:
            write("%s/plain/%s-%s-ubyte" % (folder, name, what), data)
            write("%s/gz/%s-%s-ubyte.gz" % (folder, name, what), gzip.compress(data, 9, mtime=0))
        write("%s/%s.images" % (folder, name), images)
        write("%s/%s.labels" % (folder, name), struct.pack("<%di" % n, *labels))


def npy(shape, descr, data, version=1, order="False", more=""):
    text = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, %s}" % (descr, order, shape, more)
    size = 10 if version == 1 else 12
    text += " " * (-(size + len(text) + 1) % 64) + "\n"
    return (b"\x93NUMPY" + bytes([version, 0]) +
            struct.pack("<H" if version == 1 else "<I", len(text)) + text.encode() + data)


def make_npy(folder):
    n, c, h, w = 9, 3, 6, 5
    chw = pixels(7, n * c * h * w)
    hwc = bytes(chw[((i * c + k) * h + y) * w + x] for i in range(n) for y in range(h)
                for x in range(w) for k in range(c))
    floats = struct.pack("<%df" % (n * c * h * w), *(b / 255 for b in chw))
    labels = [i % 4 for i in range(n)]
    for name, data in {
            "chw": npy((n, c, h, w), "|u1", chw), "hwc": npy((n, h, w, c), "|u1", hwc),
            "v2": npy((n, c, h, w), "|u1", chw, 2), "v3": npy((n, c, h, w), "|u1", chw, 3),
            "f32": npy((n, c, h, w), "<f4", floats),
            "grey": npy((n * c, h, w), "|u1", chw),
            "labels": npy((n,), "<i8", struct.pack("<9q", *labels)),
            "labels16": npy((n,), "<u2", struct.pack("<9H", *labels)),
            "negative": npy((n,), "<i4", struct.pack("<9i", *([-1] + labels[1:]))),
            "few": npy((n - 1,), "|u1", bytes(labels[1:])),
            "v9": npy((n, c, h, w), "|u1", chw, 9),
            "fortran": npy((n, c, h, w), "|u1", chw, 1, "True"),
            "object": npy((n,), "|O", b"\x80\x04."), "double": npy((n, h, w), "<f8", bytes(8 * n * h * w)),
            "big": npy((n, h, w), ">f4", bytes(4 * n * h * w)),
            "flat": npy((n, h), "|u1", bytes(n * h)),
            "zero": npy((0, c, h, w), "|u1", b""),
            "huge": npy((2 ** 40, c, h, w), "|u1", b"x"),
            "wraps": npy((2 ** 31 - 1,) + (2 ** 31 - 1,) * 3, "|u1", b"x"),
            "code": npy("__import__('os')", "|u1", b""), "extra": npy((n, h, w), "|u1", bytes(n * h * w), 1, "False", "'x': 1"),
            "cut": npy((n, c, h, w), "|u1", chw)[:-1], "more": npy((n, c, h, w), "|u1", chw + b"x"),
            "magic": b"\x93NUMPX" + npy((n, c, h, w), "|u1", chw)[6:]}.items():
        write("%s/%s.npy" % (folder, name), data)
    write(folder + "/chw.npy.gz", gzip.compress(npy((n, c, h, w), "|u1", chw), mtime=0))
    write(folder + "/images", chw)
    write(folder + "/floats", floats)
    write(folder + "/label", struct.pack("<9i", *labels))


# Streams, on trust

def stream(path):
    with open(path, "rb") as f:
        data = f.read()
    size, = struct.unpack_from("<I", data, 12)
    lines = data[64:64 + size].decode().rstrip("\n").split("\n")
    tensors = []
    for line in lines:
        if line.startswith("@TN"):
            d = dict(x.split(":", 1) for x in line.split("\t")[1:])
            n = SIZES[d["DT"]]
            for x in filter(None, d["SH"].split(",")):
                n *= int(x)
            tensors.append((d["NM"], n))
    frames, at = [], 64 + size
    while True:
        kind, = struct.unpack_from("<H", data, at + 4)
        n, epoch, payload = struct.unpack_from("<IIQ", data, at + 24)
        at += 64
        if kind != 1:
            return lines, frames
        frame = {}
        begin = at
        for name, item in tensors:
            frame[name] = data[begin:begin + n * item]
            begin += (n * item + 63) // 64 * 64
        frames.append((epoch, n, frame))
        at += payload


def tensor(path, name, epoch=None):
    return b"".join(f[name] for e, n, f in stream(path)[1] if epoch is None or e == epoch)


def numbers(path, epoch=None):
    raw = tensor(path, "index", epoch)
    return struct.unpack("<%dQ" % (len(raw) // 8), raw)


def check_cifar(path, folder, split, kind):
    """the stream holds exactly these records, each found by its number"""
    records = list(cifar_records(folder, split, kind != "cifar10"))
    at = 0 if kind == "coarse" else -1
    images, labels, index = tensor(path, "image"), tensor(path, "label"), numbers(path)
    assert len(index) > 0 and len(images) == 3072 * len(index) and len(labels) == 4 * len(index)
    for i, n in enumerate(index):
        assert images[3072 * i:3072 * i + 3072] == records[n][1], "image %d" % n
        assert struct.unpack_from("<i", labels, 4 * i)[0] == records[n][0][at], "label %d" % n


def check_idx(path, folder, split):
    names = dict(train=["train"], test=["t10k"], all=["train", "t10k"])[split]
    with_gz = {n: "%s/%s-%%s-ubyte.gz" % (folder, n) for n in names}
    images = b"".join(gzip.open(with_gz[n] % "images-idx3").read()[16:] for n in names)
    labels = b"".join(gzip.open(with_gz[n] % "labels-idx1").read()[8:] for n in names)
    assert tensor(path, "image") == images
    assert tensor(path, "label") == struct.pack("<%di" % len(labels), *labels)


def main(command, *args):
    if command == "make-cifar":
        make_cifar(args[0], args[1] == "100")
    elif command == "make-stl":
        make_stl(args[0])
    elif command == "check-stl":
        check_stl(*args)
    elif command == "make-idx":
        make_idx(args[0])
    elif command == "make-npy":
        make_npy(args[0])
    elif command == "header":
        print("\n".join(stream(args[0])[0]))
    elif command == "tensor":
        sys.stdout.buffer.write(tensor(args[0], args[1]))
    elif command == "index":            # one line an epoch
        epochs = sorted({e for e, n, f in stream(args[0])[1]})
        for e in epochs:
            print(e, *numbers(args[0], e))
    elif command == "frames":
        print(*(n for e, n, f in stream(args[0])[1]))
    elif command == "order":            # N SEED EPOCH...
        for e in args[2:]:
            print(int(e), *shuffled(int(args[0]), int(args[1]), int(e)))
    elif command == "check-cifar":
        check_cifar(*args)
    elif command == "check-idx":
        check_idx(*args)
    elif command == "rss":              # KIB COMMAND...: 99 if it took more memory than that
        status = subprocess.call(args[1:])
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        sys.exit(status if peak <= int(args[0]) else 99)
    elif command == "poke":             # FILE OFFSET BYTE
        with open(args[0], "r+b") as f:
            f.seek(int(args[1]))
            f.write(bytes([int(args[2])]))
    elif command == "flip":             # FILE BIT
        with open(args[0], "r+b") as f:
            f.seek(int(args[1]) // 8)
            b = f.read(1)[0] ^ 1 << int(args[1]) % 8
            f.seek(int(args[1]) // 8)
            f.write(bytes([b]))
    else:
        sys.exit("load.py: unknown command " + command)


signal.signal(signal.SIGPIPE, signal.SIG_DFL)
main(*sys.argv[1:])
