"""seeds - small sound files of every kind that we read, for the fuzzers to begin with, and damaged copies of them

    seeds.py FOLDER GEN [MUTANTS]

writes FOLDER/TARGET/NAME; with MUTANTS so many copies of each besides, cut, with bits turned, bytes set to extremes, and pieces
doubled: the same ones every time.
"""
import gzip
import io
import json
import lzma
import os
import random
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib


def npy(shape, dtype, data, version=1, order="False"):
    head = "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }" % (dtype, order, "".join("%d, " % n for n in shape))
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(head)) + head.encode() + data


def npz(members, method=zipfile.ZIP_STORED, wide=False, comment=b""):
    """As numpy.savez writes it: with 64-bit sizes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        z.comment = comment
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with z.open(info, "w", force_zip64=wide) as f:
                f.write(data)
    return out.getvalue()


def idx(dims, data):
    return bytes([0, 0, 8, len(dims)]) + b"".join(struct.pack(">I", d) for d in dims) + data


def tar(files, mode):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=tarfile.USTAR_FORMAT) as t:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def png(width, height, kind, depth, rows, extra=b"", interlace=0):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace)) + extra + \
        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg(gen, *options):
    """Of 24 x 16 pixels, by the generator that is built beside gen."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.jpg")
        subprocess.run([os.path.join(os.path.dirname(gen), "jpeg"), *options, path, "24", "16"], check=True)
        with open(path, "rb") as f:
            return f.read()


def palette(colours):
    name, data = b"PLTE", bytes(range(3 * colours))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def safetensors(entries, meta=None):
    head, data = {}, b""
    if meta is not None:
        head["__metadata__"] = meta
    for name, dtype, shape, raw in entries:
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


def seeds(gen):
    r = random.Random(1)
    noise = bytes(r.randrange(256) for _ in range(4096))

    def stream(*args):
        return subprocess.run([gen, *args], stdout=subprocess.PIPE, check=True).stdout

    yield "sst", "rich", stream("-r", "3", "-f", "2")
    yield "sst", "labels", stream("-l", "-r", "3", "-f", "1", "-e", "2")
    yield "sst", "unknown", stream("-u", "-r", "2")
    yield "sst", "failed", stream("-x", "-r", "2")
    yield "npy", "u8", npy((2, 3, 4, 4), "|u1", noise[:96])
    yield "npy", "f32", npy((2, 1, 2, 2), "<f4", struct.pack("<8f", *range(8)), 2)
    yield "npy", "gray", npy((3, 4, 4), "|u1", noise[:48])
    yield "npy", "gz", gzip.compress(npy((2, 3, 4, 4), "|u1", noise[:96]), mtime=0)
    arrays = [("conv1.weight.npy", npy((2, 3, 2, 2), "<f4", noise[:96])), ("bn1.running_var.npy", npy((4,), "<f8", noise[:32])),
              ("n.npy", npy((), "<i8", noise[:8]))]
    yield "npz", "stored", npz(arrays, wide=True)
    yield "npz", "packed", npz(arrays, zipfile.ZIP_DEFLATED, comment=b"note")
    yield "npz", "odd", npz([("a.npy", npy((2, 2), "<f4", noise[:16], order="True")), ("b.npy", npy((1,), "|O", b"x"))])
    yield "npz", "bomb", npz([("a.npy", npy((1 << 25,), "|u1", bytes(1 << 25)))], zipfile.ZIP_DEFLATED)
    yield "npz", "torch", npz([("archive/data.pkl", noise[:20])])
    yield "idx", "images", idx((3, 4, 5), noise[:60])
    yield "idx", "gz", gzip.compress(idx((3, 4, 5), noise[:60]), mtime=0)
    batches = [("cifar-10-batches-bin/%s.bin" % n, bytes([i]) + noise[:3072]) for i, n in enumerate(
        ["data_batch_%d" % k for k in range(1, 6)] + ["test_batch"])]
    names = [("cifar-10-batches-bin/batches.meta.txt", b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n")]
    yield "cifar", "tar", tar(names + batches, "w")
    yield "cifar", "gz", gzip.compress(tar(batches, "w"), mtime=0)
    samples = [("a/0.cls", b"3\n"), ("a/0.png", png(3, 2, 2, 8, (b"\0" + noise[:9]) * 2)), ("a/0.json", b"{}"), ("b.PNG", png(1, 1, 0, 8, b"\0a")),
               ("b.cls", b"7"), ("__x__", b"")]
    yield "tar", "tar", tar(samples, "w")
    yield "tar", "gz", gzip.compress(tar(samples, "w"), mtime=0)
    yield "tar", "apart", tar(samples + samples[:1], "w")
    yield "tar", "xz", lzma.compress(tar(samples, "w"))
    yield "png", "rgb", png(3, 2, 2, 8, (b"\0" + noise[:9]) * 2)
    yield "png", "gray16", png(3, 2, 0, 16, (b"\1" + noise[:6]) * 2)
    yield "png", "gray1", png(9, 2, 0, 1, (b"\0" + noise[:2]) * 2)
    yield "png", "palette", png(4, 2, 3, 8, (b"\0" + bytes([0, 1, 2, 3])) * 2, palette(4))
    yield "png", "rgba", png(2, 2, 6, 8, (b"\4" + noise[:8]) * 2)
    yield "png", "interlaced", png(1, 1, 2, 8, b"\0" + noise[:3], interlace=1)
    yield "png", "bomb", png(30000, 30000, 0, 8, bytes(1000))
    for name, options in (("baseline", ""), ("progressive", "-p"), ("gray", "-k gray -s 1x1"), ("cmyk", "-k cmyk -s 1x1"), ("ycck", "-k ycck"),
                          ("arithmetic", "-a -p"), ("turned", "-o 6 -b"), ("restart", "-r 1"), ("profile", "-i 100"), ("scans", "-n 120")):
        yield "jpeg", name, jpeg(gen, *options.split())
    yield "jpeg", "bomb", bytes.fromhex("ffd8ffc2001108fde8fde803012200021101031101") + noise[:40]
    yield "safetensors", "plain", safetensors([("a", "F32", [2, 2], noise[:16]), ("b.c", "U8", [], noise[:1])], {"k": "v"})
    yield "safetensors", "empty", safetensors([])
    yield "safetensors", "types", safetensors([(t, t, [1], noise[:n]) for t, n in
                                              (("F16", 2), ("BF16", 2), ("F64", 8), ("I8", 1), ("I64", 8), ("U16", 2))])
    yield "safetensors", "deep", struct.pack("<Q", 3000) + b'{"a":' * 600
    yield "safetensors", "twice", struct.pack("<Q", 118) + (b'{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},'
                                                           b'"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}').ljust(118) + b"x"
    yield "safetensors", "hole", struct.pack("<Q", 56) + b'{"a":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}'.ljust(56) + b"xx"
    yield "table", "log", b'{"step":1,"loss":-0.5,"note":"x","big":1e300}\n{"step":2,"loss":null,"ok":true}\n{"step":1,"loss":2}\n{"st'
    yield "table", "tsv", b"x\ty z\tw\n1\t2.5\tword\n-3e4\t\tnan\n"
    for i, text in enumerate(("2048bnr,2048bN", "none", "8br,4rn", "65536b", "1")):
        yield "head", "head%d" % i, text.encode()
    for i, text in enumerate(("12", "18446744073709551615", "-1.5e2", "these", "1,2,3", "0.5,inf,nan,0x1p-3", "1,20,300")):
        yield "options", "options%d" % i, bytes([i]) + text.encode()


def mutant(r, b):
    b = bytearray(b)
    for _ in range(r.choice((1, 1, 1, 2, 4))):
        if not b:
            break
        at = r.randrange(len(b))
        n = r.randrange(1, 1 + min(64, len(b) - at))
        how = r.randrange(6)
        if how == 0:
            del b[at:]
        elif how == 1:
            b[at] ^= 1 << r.randrange(8)
        elif how == 2:
            b[at:at + n] = r.choice((b"\0", b"\xff", b"\x7f", b"9")) * n
        elif how == 3:
            b[at:at] = b[at:at + n]
        elif how == 4:
            del b[at:at + n]
        else:
            b[at:at + 8] = struct.pack("<Q", r.choice((0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1)))
    return bytes(b)


def main():
    folder, gen, mutants = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for target, name, data in seeds(gen):
        place = os.path.join(folder, target)
        os.makedirs(place, exist_ok=True)
        r = random.Random(target + name)
        for i in range(mutants + 1):
            with open(os.path.join(place, name + (".%d" % i if i else "")), "wb") as f:
                f.write(mutant(r, data) if i else data)


main()
