"""pngs - R27: pictures that claim, or unpack to, more than anybody has"""
import os
import struct
import zlib

import kit
from kit import DAMAGED, DONE, fault, one_line, put, side_by_side
from streams import LIMIT_MIB, LIMIT_SECONDS, measured

BIG = 30000


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, kind, depth, packed, before=b"", interlace=0):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace)) + before + \
        chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def zeros(n):
    """So many, packed; little memory, since what this process takes counts for those that it starts."""
    z = zlib.compressobj(1)
    block = bytes(1 << 20)
    return b"".join([z.compress(block) for _ in range(n >> 20)] + [z.compress(bytes(n & (1 << 20) - 1)), z.flush()])


def bombs(short):
    """What, a file, whether it is a sound picture all the same."""
    little = zlib.compress(bytes(4 * 13))
    megabytes = zeros(64 << 20)
    for side in (2 ** 16, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1):
        for w, h in ((side, side), (side, 4), (4, side)):
            if (w, h) != (2 ** 16, 4) and (w, h) != (4, 2 ** 16) and (w, h) != (2 ** 20, 4) and (w, h) != (4, 2 ** 20):
                yield "claims %d x %d" % (w, h), png(w, h, 2, 8, little), False
    for w, h in ((0, 4), (4, 0)):
        yield "claims %d x %d" % (w, h), png(w, h, 2, 8, little), False
    for kind, what in ((2, "colours"), (0, "gray"), (6, "colours and alpha")):
        for interlace in (0, 1):
            yield "%d x %d, %s, next to nothing in it%s" % (BIG, BIG, what, ", interlaced" if interlace else ""), \
                png(BIG, BIG, kind, 8, little, interlace=interlace), False
    if not short:
        yield "%d x %d of zeros, one bit each" % (BIG, BIG), png(BIG, BIG, 0, 1, zeros(BIG * (BIG // 8 + 1))), False
        yield "%d x %d of zeros" % (BIG, BIG), png(BIG, BIG, 0, 8, zeros(BIG * (BIG + 1))), False
    yield "64 MiB behind the last row", png(4, 4, 2, 8, zeros((64 << 20) + 4 * 13)), None
    for name, head in ((b"zTXt", b"Comment\0\0"), (b"iCCP", b"profile\0\0"), (b"iTXt", b"Comment\0\1\0\0\0")):
        yield "64 MiB in %s" % name.decode(), png(4, 4, 2, 8, little, chunk(name, head + megabytes)), None
    yield "100000 texts", png(4, 4, 2, 8, little, 100000 * chunk(b"tEXt", b"Comment\0x")), None
    yield "a text of 2 GiB that is not there", png(4, 4, 2, 8, little)[:33] + struct.pack(">I", 2 ** 31 - 1) + b"tEXt", False


@fault("R27", "PNG bombs: sizes that are claimed, and what unpacks")
def png_bombs(row, fix, short):
    """Refused, or read if a picture is there all the same (None: either); memory and time stay small."""
    worst = [0.0, 0.0]
    trials = []

    def trial(data, sound):
        def f(folder):
            os.mkdir(os.path.join(folder, "in"))
            put(os.path.join(folder, "in", "a.png"), data)
            status, mib, seconds, err = measured(["ss-load", "folder", "in", "-o", "out"], folder)
            worst[0], worst[1] = max(worst[0], mib), max(worst[1], seconds)
            if mib > LIMIT_MIB or seconds > LIMIT_SECONDS:
                return "%.0f MiB, %.2f s" % (mib, seconds)
            if status == DONE and sound is not False:
                return None
            if status != DAMAGED:
                return "status %d, %s" % (status, err[:200])
            left = kit.left_over(folder, ["in", "err"])
            return one_line(err, "a.png") or ("left behind: %s" % left if left else None)
        return f

    for what, data, sound in bombs(short):
        trials.append((what, trial(data, sound)))
    side_by_side(row, trials)
    row.worst = "%.0f MiB, %.2f s" % tuple(worst)
