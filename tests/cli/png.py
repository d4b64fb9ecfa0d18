#!/usr/bin/env python3
"""png.py COMMAND ... - PNG files of every kind for load-folder.t, with the pixels that they must give

Written from the specification of PNG, standard library only. Each FILE.png has the pixels that
are expected of it in FILE.rgb, planes of red, green and blue."""
import os
import random
import struct
import subprocess
import sys
import zlib

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack_row(values, depth):
    if depth == 16:
        return struct.pack(">%dH" % len(values), *values)
    out, per = bytearray(), 8 // depth
    for i in range(0, len(values), per):
        byte = 0
        for k in range(per):
            byte = byte << depth | (values[i + k] if i + k < len(values) else 0)
        out.append(byte)
    return bytes(out)


def encode(pixels, w, h, kind, depth, interlaced=False, extra=b""):
    """pixels[y][x] is a tuple of samples"""
    raw = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else ((0, 0, 1, 1),):
        for y in range(y0, h, dy):
            row = [s for x in range(x0, w, dx) for s in pixels[y][x]]
            if row:
                raw += b"\0" + pack_row(row, depth)
    head = struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, interlaced)
    data = zlib.compress(raw)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", data[:20]) +
            chunk(b"IDAT", data[20:]) + chunk(b"IEND", b""))


def picture(seed, w, h, kind=2, depth=8, interlaced=False, transparent=False):
    """bytes of the file, of the planes expected, and of its alpha"""
    r = random.Random(seed)
    palette = [tuple(r.randrange(256) for _ in range(3)) for _ in range(1 << min(depth, 8))]
    pixels = [[tuple(r.randrange(1 << depth) for _ in range(CHANNELS[kind])) for x in range(w)] for y in range(h)]
    extra = chunk(b"PLTE", b"".join(bytes(p) for p in palette)) if kind == 3 else b""
    if transparent:
        trns = {0: struct.pack(">H", pixels[0][0][0]), 2: struct.pack(">3H", *(pixels[0][0] * 3)[:3]),
                3: bytes(range(len(palette)))}[kind]
        extra += chunk(b"tRNS", trns)
    extra = chunk(b"gAMA", struct.pack(">I", 100000)) + extra + chunk(b"tEXt", b"Comment\0of no matter")

    def rgb(p):
        if kind == 3:
            return palette[p[0]]
        p = [s >> 8 if depth == 16 else s * 255 // ((1 << depth) - 1) for s in p]
        return p[:3] if kind in (2, 6) else p[:1] * 3
    def alpha(p):
        if kind >= 4:
            return p[-1] >> (8 if depth == 16 else 0)
        return 255 if not transparent else p[0] if kind == 3 else 255 * (p != pixels[0][0])
    planes = b"".join(bytes(rgb(pixels[y][x])[c] for y in range(h) for x in range(w)) for c in range(3))
    return encode(pixels, w, h, kind, depth, interlaced, extra), planes, bytes(alpha(p) for row in pixels for p in row)


def save(path, *args, **more):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    data, planes, alpha = picture(path, *args, **more)
    with open(path, "wb") as f:
        f.write(data)
    with open(path[:-4] + ".rgb", "wb") as f:
        f.write(planes)
    with open(path[:-4] + ".alpha", "wb") as f:
        f.write(alpha)


def over(stream, colour, paths):
    """How many records of a stream are these pictures, in this order, over the colour."""
    known = {"black": (0, 0, 0), "white": (255, 255, 255), "none": None}
    behind = known[colour] if colour in known else tuple(bytes.fromhex(colour[1:]))
    reader = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sst_read.py")
    got, right = subprocess.run([sys.executable, reader, stream, "image"], stdout=subprocess.PIPE, check=True).stdout, 0
    for i, path in enumerate(paths):
        with open(path[:-4] + ".rgb", "rb") as f, open(path[:-4] + ".alpha", "rb") as g:
            planes, alpha = f.read(), g.read()
        n = len(alpha)
        want = planes if behind is None else bytes(
            (planes[c * n + k] * alpha[k] + behind[c] * (255 - alpha[k]) + 127) // 255 for c in range(3) for k in range(n))
        right += want == got[3 * n * i:3 * n * (i + 1)]
    return right


def kinds(folder):
    for kind, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
        for depth in depths:
            for interlaced in (False, True):
                for transparent in (False, True) if kind < 4 else (False,):
                    save("%s/type%d-%02dbits%s%s.png" % (folder, kind, depth, "-adam7" * interlaced,
                         "-trns" * transparent), 11, 9, kind, depth, interlaced, transparent)


def main(command, *args):
    if command == "make":           # FILE.png WIDTH HEIGHT
        save(args[0], int(args[1]), int(args[2]))
    elif command == "kinds":        # FOLDER: one of each kind, 11 x 9
        kinds(args[0])
    elif command == "over":         # STREAM COLOUR FILE.png...
        print(over(args[0], args[1], args[2:]))
    elif command == "claim":        # FILE.png WIDTH HEIGHT: of black, with few bytes
        w, h = int(args[1]), int(args[2])
        z = zlib.compressobj(9)
        data = b"".join(z.compress(bytes(1 + (w + 7) // 8)) for _ in range(h)) + z.flush()
        with open(args[0], "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 1, 0, 0, 0, 0)) +
                    chunk(b"IDAT", data) + chunk(b"IEND", b""))
    elif command == "pillow":       # FILE.png: its planes as Pillow has them
        import warnings
        from PIL import Image
        warnings.simplefilter("ignore")     # it would rather keep alpha
        planes = Image.open(args[0]).convert("RGB").split()
        sys.stdout.buffer.write(b"".join(p.tobytes() for p in planes))
    else:
        sys.exit("png.py: unknown command " + command)


main(*sys.argv[1:])
