#!/usr/bin/env python3
"""jpeg.py COMMAND ... - JPEG files of every kind for load-folder.t, with the pixels that they must give about

tests/cli/jpeg.c writes them; here is what it draws, and what becomes of that when it is turned or scaled."""
import os
import struct
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import sst_read  # noqa: E402

KINDS = {"baseline": [], "progressive": ["-p"], "444": ["-s", "1x1"], "422": ["-s", "2x1"], "440": ["-s", "1x2"], "411": ["-s", "4x1"],
         "progressive-444": ["-p", "-s", "1x1"], "arithmetic": ["-a"], "arithmetic-progressive": ["-a", "-p"], "restart": ["-r", "1"],
         "gray": ["-k", "gray", "-s", "1x1"], "gray-progressive": ["-k", "gray", "-p", "-s", "1x1"], "gray-2x2": ["-k", "gray"],
         "rgb": ["-k", "rgb", "-s", "1x1"], "cmyk": ["-k", "cmyk", "-s", "1x1"], "cmyk-plain": ["-k", "plain", "-s", "1x1"],
         "cmyk-2x2": ["-k", "cmyk"], "cmyk-progressive": ["-k", "cmyk", "-p", "-s", "1x1"], "ycck": ["-k", "ycck", "-s", "1x1"],
         "ycck-2x2": ["-k", "ycck"], "profile": ["-i", "150000"], "tail": ["-t", "3000"], "exif-1": ["-o", "1"], "exif-0": ["-o", "0"],
         "exif-9": ["-o", "9"], "scans": ["-n", "99"], "q30": ["-q", "30"], "q100-444": ["-q", "100", "-s", "1x1"]}


def picture(w, h, kind="ycc", red=0):
    """What jpeg.c draws, as (3,h,w)."""
    r = ((red + (255 * np.arange(w) // (w - 1) if w > 1 else np.zeros(w, int))) % 256)[None, :].repeat(h, 0)
    g = (255 * np.arange(h) // (h - 1) if h > 1 else np.zeros(h, int))[:, None].repeat(w, 1)
    b = (r + g) // 2
    if kind == "gray":
        return np.stack([b, b, b])
    if kind in ("cmyk", "plain", "ycck"):
        return np.stack([r, g, b]) * (255 - 40 * g // 255) // 255
    return np.stack([r, g, b])


def upright(p, orientation):
    """exif.h: which side of the picture the first row of the stored one is, and its first column."""
    turn = {1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: lambda a: a.T,
            6: lambda a: np.rot90(a, -1), 7: lambda a: np.rot90(a, 2).T, 8: lambda a: np.rot90(a, 1)}[orientation]
    return np.stack([turn(c) for c in p])


def between(p, side):
    """A smooth picture (3,h,w) with its shorter side scaled, pixel centres where Pillow has them."""
    _, h, w = p.shape
    wide, high = (side, side * h // w) if w <= h else (side * w // h, side)
    x, y = (np.arange(wide) + 0.5) * w / wide - 0.5, (np.arange(high) + 0.5) * h / high - 0.5
    rows = np.stack([[np.interp(x, np.arange(w), row) for row in c] for c in p])
    return np.stack([np.stack([np.interp(y, np.arange(h), column) for column in c.T], 1) for c in rows])


def items(payload, at, tensor, n):
    """The n items of a tensor of bytes, as arrays, and where the next tensor begins."""
    varying = tensor.shape.count(None)
    rows, at = sst_read.part(payload, at, 4 * n * varying)
    sizes = iter(struct.unpack("<%dI" % (n * varying), rows))
    shapes = [[next(sizes) if d is None else d for d in tensor.shape] for _ in range(n)]
    lengths = [int(np.prod(s, dtype=int)) * tensor.width for s in shapes]
    data, at = sst_read.part(payload, at, sum(lengths))
    starts = np.cumsum([0] + lengths)
    return [np.frombuffer(data[i:i + k], np.uint8).reshape(s if tensor.width == 1 else -1)
            for i, k, s in zip(starts, lengths, shapes)], at


def images(path):
    """Name and pixels of each record of a stream, which sst_read.py has checked."""
    out = []
    with open(path, "rb") as f:
        _, tensors, _, _ = sst_read.read_header(f)
        while True:
            head = f.read(64)
            kind, n, size = struct.unpack_from("<H", head, 4)[0], *struct.unpack_from("<I", head, 24), *struct.unpack_from("<Q", head, 32)
            payload, at, got = f.read(size), 0, {}
            if kind == 2:
                return out
            for t in tensors:
                got[t.name], at = items(payload, at, t, n)
            out += [(x.tobytes().decode(), y) for x, y in zip(got["name"], got["image"])]


def make(gen, path, w, h, *options):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    subprocess.run([gen, *options, path, str(w), str(h)], check=True)


def main(command, *args):
    if command == "kinds":          # GEN FOLDER: one of each kind, 37 x 29
        for name, options in KINDS.items():
            make(args[0], "%s/%s.jpg" % (args[1], name), 37, 29, *options)
    elif command == "turned":       # GEN FOLDER: all orientations, 48 x 32
        for o in range(1, 9):
            make(args[0], "%s/%d.jpg" % (args[1], o), 48, 32, "-o", str(o), *(["-b"] if o % 2 else []))
    elif command == "near":         # STREAM: of `kinds`, how far each is from what was drawn
        for name, got in images(args[0]):
            options = KINDS[name[:-4]]
            kind = options[options.index("-k") + 1] if "-k" in options else "ycc"
            off = np.abs(got.astype(int) - picture(37, 29, kind)).max()
            print("%s %d" % (name, off))
    elif command == "upright":      # STREAM: of `turned`, whether each is the first one, turned, to the byte
        (_, first), *rest = images(args[0])
        for i, (name, got) in enumerate(rest):
            assert np.array_equal(got, upright(first, i + 2)), name
        print(len(rest))
    elif command == "many":         # GEN FOLDER N: of different sizes and colours
        for i in range(int(args[2])):
            make(args[0], "%s/%d.jpg" % (args[1], i), 40 + i % 7, 30 + i % 5, "-v", str(4 * i))
    elif command == "scaled":       # STREAM SIDE: of a.jpg to d.jpg, how near each is to what was drawn, scaled
        for (name, got), (w, h, o) in zip(images(args[0]), ((801, 533, 1), (808, 536, 6), (801, 533, 6), (533, 801, 1))):
            off = np.abs(between(upright(picture(w, h), o), int(args[1])) - got).mean()
            assert off < 1, "%s: %f" % (name, off)
    elif command == "size":         # FILE WIDTH HEIGHT: what its header claims
        with open(args[0], "r+b") as f:
            data = f.read()
            at = 2
            while data[at + 1] not in (0xc0, 0xc1, 0xc2):
                at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
            f.seek(at + 5)
            f.write(struct.pack(">HH", int(args[2]), int(args[1])))
    elif command == "pillow":       # FOLDER STREAM [SIDE]: how many differ from what Pillow makes of the same files
        from PIL import Image, ImageOps
        wrong = 0
        for name, got in images(args[1]):
            im = ImageOps.exif_transpose(Image.open(os.path.join(args[0], name))).convert("RGB")
            if len(args) > 2:
                n, (w, h) = int(args[2]), im.size
                im = im.resize((n, n * h // w) if w <= h else (n * w // h, n), Image.BILINEAR)
            want = np.asarray(im).transpose(2, 0, 1)
            if want.shape != got.shape or not np.array_equal(want, got):
                print("# %s: %s" % (name, np.abs(want.astype(int) - got).max() if want.shape == got.shape else got.shape))
                wrong += 1
        print(wrong)
    else:
        sys.exit("jpeg.py: unknown command " + command)


if __name__ == "__main__":
    main(*sys.argv[1:])
