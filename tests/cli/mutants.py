#!/usr/bin/env python3
"""mutants.py SS-INFO GEN - damaged and odd streams, shown to both readers

Prints TAP. Each stream goes to `ss-info --check` and to the reader of
tests/sst_read.py; both must take it or both refuse it, as expected here.
"""
import io
import os
import random
import struct
import subprocess
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import sst_read  # noqa: E402
from sst_write import split  # noqa: E402

INFO, GEN = sys.argv[1:]
count = 0
SOUND, DAMAGED, UPSTREAM = 0, 3, 4


def gen(*args):
    return subprocess.run([GEN, *args], stdout=subprocess.PIPE, check=True).stdout


def by_info(b):
    r = subprocess.run([INFO, "--check", "-"], input=b, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    silent = r.stdout == b"" and r.stderr.count(b"\n") == (r.returncode != 0)
    return r.returncode if silent else "noisy %d" % r.returncode


def by_python(b):
    stderr, sys.stderr = sys.stderr, io.StringIO()
    try:
        sst_read.read(io.BytesIO(b))
        return SOUND
    except (ValueError, KeyError, struct.error):
        return DAMAGED
    except SystemExit as e:
        return e.code
    finally:
        sys.stderr = stderr


def check(name, streams, want, readers=(by_info, by_python)):
    """streams: (what, bytes) pairs; one line of TAP for all."""
    global count
    bad, n = [], 0
    for what, b in streams:
        n += 1
        bad += ["%s: %s says %s" % (what, r.__name__, r(b)) for r in readers if r(b) != want]
    count += 1
    print("%sok %d - %s: %d of %d" % ("not " if bad or not n else "", count, name, n - len(bad), n))
    print("".join("# %s\n" % x for x in bad[:5]), end="")


def seal(b):
    return b[:60] + struct.pack("<I", zlib.crc32(b[:60]))


def preamble(text, major=1, minor=0, flags=0, zeros=bytes(36)):
    return seal(b"\x89SST\r\n\x1a\n" + struct.pack("<HHIII", major, minor, len(text), flags,
                                                    zlib.crc32(text)) + zeros)


def frame(kind, seq, first=0, records=0, epoch=0, payload=b"", size=None, zeros=bytes(16)):
    return seal(b"SSTF" + struct.pack("<HHQQIIQI", kind, 0, seq, first, records, epoch,
                len(payload) if size is None else size, zlib.crc32(payload)) + zeros) + payload


def pad(b):
    return b + bytes(-len(b) % 64)


def head(*lines, minor=0, **more):
    text = "\n".join(lines).encode() + b"\n"
    text += b"\n" * (-len(text) % 64)
    return preamble(text, minor=minor, **more) + text


def end(seq, frames, records, items, rows=0):
    """END of a stream with one tensor whose items have this checksum."""
    digest = zlib.crc32(struct.pack("<IIQ", items, rows, records))
    return frame(2, seq, records, payload=pad(struct.pack("<QQI", frames, records, digest)))


HD, TN = "@HD\tVN:1.0\tNS:*\tEP:2", "@TN\tNM:x\tDT:u8\tSH:"
X = bytes([1, 2, 3])
H, CRC = head(HD, TN), zlib.crc32(X)
DATA, END = frame(1, 0, 0, 3, 0, pad(X)), end(1, 1, 3, CRC)


small, rich = gen("-l", "-r", "5", "-f", "2"), gen("-r", "9", "-f", "3", "-e", "2")
parts = split(rich)
rng = random.Random(1)

check("whole streams are taken", [("small", small), ("rich", rich), ("made here", H + DATA + END)], SOUND)
check("cut at every byte", (("%d bytes" % n, small[:n]) for n in range(len(small))), DAMAGED)
check("cut at every border of a frame, and beside it",
      (("%d+%d" % (i, d), rich[:sum(map(len, parts[:i])) + d]) for i in range(len(parts)) for d in (-1, 0, 1)
       if 0 <= sum(map(len, parts[:i])) + d), DAMAGED)


def flip(b, bit):
    b = bytearray(b)
    b[bit // 8] ^= 1 << bit % 8
    return bytes(b)


check("every bit flipped (independent reader)", (("bit %d" % i, flip(small, i)) for i in range(8 * len(small))),
      DAMAGED, (by_python,))
check("some bits flipped", (("bit %d" % i, flip(rich, i)) for i in rng.sample(range(8 * len(rich)), 500)), DAMAGED)
check("bytes inserted", (("at %d" % i, rich[:i] + b"\0" + rich[i:]) for i in rng.sample(range(len(rich)), 50)), DAMAGED)
check("bytes lost", (("at %d" % i, rich[:i] + rich[i + 1:]) for i in rng.sample(range(len(rich)), 50)), DAMAGED)
n = range(1, len(parts))
check("frames dropped", ((str(i), b"".join(parts[:i] + parts[i + 1:])) for i in n), DAMAGED)
check("frames repeated", ((str(i), b"".join(parts[:i] + parts[i:i + 1] + parts[i:])) for i in n), DAMAGED)
check("frames swapped", (("%d,%d" % (i, j), b"".join(parts[:i] + [parts[j]] + parts[i + 1:j] + [parts[i]] + parts[j + 1:]))
                         for i in n for j in n if i < j), DAMAGED)
check("bytes behind the end", [("a zero", small + b"\0"), ("zeros", small + bytes(64)),
                               ("itself", small + small), ("a frame", small + parts[1])], DAMAGED)
check("other things", [("nothing", b""), ("a byte", b"\x89"), ("text", b"hello world\n" * 20), ("zeros", bytes(4096)),
                       ("gzip", b"\x1f\x8b" + bytes(100)), ("line ends", small.replace(b"\r\n", b"\n")),
                       ("bytes swapped", bytes(x for i in range(0, len(small), 2) for x in (small[i + 1], small[i])))], DAMAGED)

check("what later versions may add", [
    ("minor version", head(HD.replace("1.0", "1.7"), TN, minor=7) + DATA + END),
    ("line", head(HD, TN, "@QQ\twhat:ever") + DATA + END),
    ("key", head(HD + "\tQQ:1", TN + "\tLO:chw") + DATA + END),
    ("frame", H + frame(0x8001, 0, 77, 78, 79, bytes(640)) + frame(1, 1, 0, 3, 0, pad(X)) + end(2, 1, 3, CRC))], SOUND)
check("what is odd but allowed", [
    ("note", H + DATA + frame(4, 1, 3, payload=pad(b"hello")) + end(2, 1, 3, CRC)),
    ("no frames", H + end(0, 0, 0, 0)),
    ("fields in another order", head("@HD\tDS:a\\tb\tNS:3\tVN:1.0", "@TN\tSH:\tDT:u8\tNM:x") + DATA + END),
    ("tensors after other lines", head(HD, "@CO\tfree text", TN) + DATA + END),
    ("more newlines", (lambda t: preamble(t) + t)(H[64:] + b"\n" * 64) + DATA + END),
    ("a dimension of 0", head(HD, TN + "0,7") + frame(1, 0, 0, 3) + end(1, 1, 3, 0)),
    ("records 0", head("@HD\tVN:1.0\tNS:0", TN) + end(0, 0, 0, 0)),
    ("epoch left out", H + frame(1, 0, 0, 3, 1, pad(X)) + END),
    ("varying", head(HD, TN + "?") + frame(1, 0, 0, 2, 0, pad(struct.pack("<II", 0, 3)) + pad(X)) +
     end(1, 1, 2, CRC, zlib.crc32(struct.pack("<II", 0, 3))))], SOUND)

T = lambda *lines, **more: head(*lines, **more) + DATA + END     # noqa: E731
check("headers with right checksums that are wrong", [
    ("major version", T(HD, TN, major=2)), ("version 0", T(HD, TN, major=0)), ("flag", T(HD, TN, flags=1)),
    ("reserved", T(HD, TN, zeros=bytes(35) + b"\1")), ("VN", T(HD.replace("1.0", "1.1"), TN)),
    ("no @HD", T(TN)), ("@HD second", T(TN, HD)), ("@HD twice", T(HD, HD, TN)), ("no NS", T("@HD\tVN:1.0", TN)),
    ("NS", T(HD.replace("*", "-1"), TN)), ("NS large", T(HD.replace("*", str(2 ** 64)), TN)),
    ("EP 0", T(HD.replace("EP:2", "EP:0"), TN)), ("E0+EP", T(HD + "\tE0:4294967295", TN)),
    ("key twice", T(HD, TN + "\tNM:y")), ("type", T(HD, TN.replace("u8", "u9"))), ("no SH", T(HD, "@TN\tNM:x\tDT:u8")),
    ("name", T(HD, TN.replace("x", "a b"))), ("name too long", T(HD, TN.replace("x", "x" * 65))), ("same name", T(HD, TN, TN)),
    ("no tensor", head(HD) + end(0, 0, 0, 0)), ("rank", T(HD, TN + ",".join("1" * 9))),
    ("65 tensors", T(HD, *(TN.replace("x", "x%d" % i) for i in range(65)))), ("dimension", T(HD, TN + "2147483648")),
    ("shape", T(HD, TN + "1,,1")), ("shape", T(HD, TN + "+1")), ("escape byte", T(HD, TN, "@CO\t\x1b[2J")),
    ("C1 byte", T(HD, TN, "@CO\t\x9b")), ("empty line", T(HD, "", TN)), ("no tag", T(HD, "hello", TN)),
    ("not UTF-8", (lambda t: preamble(t) + t)(H[64:-3] + b"@CO\t\xff\n"[-3:]) + DATA + END),
    ("text length 0", preamble(b"") + DATA + END), ("text length", (lambda t: preamble(t) + t)(H[64:] + b"\n") + DATA + END)],
    DAMAGED)

two = frame(1, 1, 3, 3, 1, pad(X))
check("frames with right checksums that are wrong", [
    ("type", H + frame(5, 0) + END), ("type 0", H + frame(0, 0) + END), ("reserved", H + frame(1, 0, 0, 3, 0, pad(X), zeros=b"\1" * 16) + END),
    ("padding", H + frame(1, 0, 0, 3, 0, pad(X)[:-1] + b"\1") + END), ("first record", H + frame(1, 0, 1, 3, 0, pad(X)) + END),
    ("no records", H + frame(1, 0, 0, 0, 0, b"") + end(1, 1, 0, 0)), ("epoch beyond", H + frame(1, 0, 0, 3, 2, pad(X)) + END),
    ("payload long", H + frame(1, 0, 0, 3, 0, pad(X) + bytes(64)) + END),
    ("payload short", H + frame(1, 0, 0, 65, 0, pad(X)) + end(1, 1, 65, CRC)),
    ("length", H + frame(1, 0, 0, 3, 0, pad(X), size=63) + END),
    ("epoch back", H + frame(1, 0, 0, 3, 1, pad(X)) + frame(1, 1, 3, 3, 0, pad(X)) + end(2, 2, 6, zlib.crc32(X + X))),
    ("records in a note", H + DATA + frame(4, 1, 3, 1, payload=bytes(64)) + end(2, 1, 3, CRC)),
    ("totals", H + DATA + end(1, 2, 3, CRC)), ("records", H + DATA + frame(2, 1, 3, payload=pad(struct.pack("<QQI", 1, 4, 0)))),
    ("digest", H + DATA + end(1, 1, 3, CRC ^ 1)), ("end too long", H + DATA + END[:32] + struct.pack("<Q", 128) + END[40:]),
    ("more than NS", head(HD.replace("*", "2"), TN) + DATA + END), ("fewer than NS", head(HD.replace("*", "4"), TN) + DATA + END),
    ("epoch missing", head(HD.replace("*", "3"), TN) + DATA + END),
    ("varying too large", head(HD, TN + "?") + frame(1, 0, 0, 1, 0, pad(struct.pack("<I", 2 ** 31)) + pad(X)) + end(1, 1, 1, CRC)),
    ("product wraps", head(HD, TN + "?,?,?") + frame(1, 0, 0, 1, 0, pad(struct.pack("<III", 2 ** 30, 2 ** 30, 16)) + pad(b""))
     + end(1, 1, 1, 0, zlib.crc32(struct.pack("<III", 2 ** 30, 2 ** 30, 16)))),
    ("table cut", head(HD, TN + "?") + frame(1, 0, 0, 20, 0, bytes(64)) + end(1, 1, 20, 0, 0))], DAMAGED)
check("huge claims", [("payload %d" % n, H + frame(1, 0, 0, min(n, 2 ** 32 - 1), 0, b"", size=n)) for n in
                      (2 ** 30, 2 ** 31, 2 ** 32 - 64, 2 ** 63, 2 ** 64 - 64)] +
      [("text %d" % n, seal(H[:12] + struct.pack("<I", n) + H[16:64])) for n in (2 ** 20, 2 ** 20 + 64, 2 ** 31, 2 ** 32 - 64)], DAMAGED)
check("an epoch per frame", [("two", head(HD.replace("*", "3"), TN) + DATA + two + end(2, 2, 6, zlib.crc32(X + X)))], SOUND)
check("the program upstream failed", [
    ("before the header", head(HD.replace("*", "0").replace("2", "1")) + frame(3, 0, payload=pad(b"x: no"))),
    ("later", gen("-x")), ("without a word", H + DATA + frame(3, 1, 3)),
    ("control bytes", H + DATA + frame(3, 1, 3, payload=pad(b"x: \x1b[2J\n")))], UPSTREAM)
print("1..%d" % count)
