#!/usr/bin/env python3
"""sst_read.py FILE [TENSOR] - a second reader of tensor streams, written from formats/sst.md alone

Checks FILE and prints header, a line per tensor and digest, or writes the items of TENSOR.
Status 3: the stream is damaged, 4: the program that wrote it failed."""
import re
import struct
import sys
import zlib

FORMATS = dict(u8="B", i8="b", u16="H", i16="h", u32="I", i32="i", u64="Q", i64="q",
               f16="e", bf16="H", f32="f", f64="d")


def need(condition, message):
    if not condition:
        raise ValueError(message)


def take(f, n, what):
    b = f.read(n)
    need(len(b) == n, "input ends in " + what if b else "end frame missing")
    return b


def sealed(b, magic):
    return b.startswith(magic) and zlib.crc32(b[:60]) == struct.unpack_from("<I", b, 60)[0]


def fields(line):
    pairs = [p.split(":", 1) for p in line.split("\t")[1:]]
    need(len({p[0] for p in pairs}) == len(pairs) and len(line) <= 4096, "key twice, or long line")
    return {p[0]: p[-1] for p in pairs}         # none of those used here needs its escapes resolved


def number(s, limit):
    need(s.isascii() and s.isdigit() and int(s) < limit, "bad number")
    return int(s)


class Tensor:
    def __init__(self, line):
        d = fields(line)
        self.name, self.type = d["NM"], d["DT"]
        need(re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", self.name) and self.type in FORMATS, "bad @TN")
        self.shape = [None if x == "?" else number(x, 2 ** 31) for x in d["SH"].split(",") if d["SH"]]
        need(len(self.shape) <= 8, "rank")
        self.width = struct.calcsize("<" + FORMATS[self.type])
        self.items = self.rows = 0      # two running checksums
        self.count, self.low, self.high = 0, float("inf"), float("-inf")

    def cut(self, payload, at, n):              # the bytes of n items, and where the next tensor begins
        varying = self.shape.count(None)
        rows, at = part(payload, at, 4 * n * varying)
        self.rows = zlib.crc32(rows, self.rows)
        sizes = iter(struct.unpack("<%dI" % (n * varying), rows))
        total = 0
        for _ in range(n):
            elements = 1
            for d in self.shape:
                d = next(sizes) if d is None else d
                need(d < 2 ** 31, "dimension")
                elements *= d
            total += elements
        data, at = part(payload, at, total * self.width)
        self.items = zlib.crc32(data, self.items)
        v = struct.unpack("<%d%s" % (total, FORMATS[self.type]), data)
        self.count, self.low, self.high = self.count + total, min((self.low, *v)), max((self.high, *v))
        return data, at


def part(payload, at, n):
    end = at + n + -n % 64
    need(end <= len(payload) and not any(payload[at + n:end]), "payload too short, or padding")
    return payload[at:at + n], end


def read_header(f):
    b = f.read(64)
    need(len(b) == 64 and sealed(b, b"\x89SST\r\n\x1a\n"), "not a tensor stream, or damaged" if b else "empty input")
    major, minor, size, flags, crc = struct.unpack_from("<HHIII", b, 8)
    need(major == 1 and flags == 0, "newer than this reader")
    need(not any(b[24:60]) and size % 64 == 0 and 64 <= size <= 1 << 20, "preamble")
    raw = take(f, size, "text header")
    text = raw.decode("utf-8")
    need(zlib.crc32(raw) == crc and text[-1] == "\n", "text header checksum")
    lines = text.rstrip("\n").split("\n")
    need(all(re.fullmatch("@[A-Z]{2}(\t[^\x00-\x08\x0a-\x1f\x7f-\x9f]*)?", x) for x in lines), "line")
    need([x[:3] == "@HD" for x in lines] == [True] + [False] * (len(lines) - 1), "@HD")
    head = fields(lines[0])
    need(head["VN"] == "%d.%d" % (major, minor), "VN")
    first, epochs = number(head.get("E0", "0"), 2 ** 32), number(head.get("EP", "1"), 2 ** 32)
    need(0 < epochs <= 2 ** 32 - first, "epochs")
    per_epoch = None if head["NS"] == "*" else number(head["NS"], 2 ** 64 - 1)
    tensors = [Tensor(x) for x in lines if x.startswith("@TN")]
    need(len({t.name for t in tensors}) == len(tensors) <= 64, "tensors")
    return lines, tensors, per_epoch, range(first, first + epochs)


def read_frames(f, tensors, per_epoch, epochs, wanted):
    seq = frames = records = kind = 0
    counts = {}         # records of each epoch
    while kind != 2:
        b = take(f, 64, "frame header")
        need(sealed(b, b"SSTF") and not any(b[44:60] + b[6:8]), "frame header")
        kind, n, first, count, epoch, size, crc = struct.unpack_from("<HxxQQIIQI", b, 4)
        need(n == seq and size % 64 == 0 and size <= 1 << 30, "sequence number or length")
        payload = take(f, size, "payload") if size else b""
        need(zlib.crc32(payload) == crc, "payload checksum")
        seq += 1
        if kind >= 0x8000:
            continue
        need(1 <= kind <= 4 and first == records and (tensors or kind == 3), "type or first record")
        need(count > 0 if kind == 1 else count == epoch == 0, "records")
        if kind == 3:
            print("upstream failed:", ascii(payload.rstrip(b"\0").decode()), file=sys.stderr)
            sys.exit(4)
        if kind == 1:
            need(epoch >= max(counts, default=0) and epoch in epochs, "epoch")
            counts[epoch] = counts.get(epoch, 0) + count
            records, frames, at = records + count, frames + 1, 0
            for t in tensors:
                data, at = t.cut(payload, at, count)
                sys.stdout.buffer.write(data if t.name == wanted else b"")
            need(at == len(payload), "payload is too long")
    need(per_epoch is None or set(counts.values()) <= {per_epoch} - {0}, "an epoch without exactly NS records")
    need(not per_epoch or len(counts) == len(epochs), "an epoch is missing")
    digest = zlib.crc32(b"".join(struct.pack("<II", t.items, t.rows) for t in tensors) + struct.pack("<Q", records))
    need(payload == struct.pack("<QQI44x", frames, records, digest), "totals")
    need(not f.read(1), "bytes behind the end frame")
    return records, digest


def read(f, wanted=None):
    lines, tensors, *rest = read_header(f)
    return (lines, tensors, *read_frames(f, tensors, *rest, wanted))


if __name__ == "__main__":
    try:
        lines, tensors, records, digest = read(open(sys.argv[1], "rb"), *sys.argv[2:])
    except (ValueError, KeyError, struct.error) as e:
        print("sst_read.py: %s: %s" % (sys.argv[1], e), file=sys.stderr)
        sys.exit(3)
    if len(sys.argv) == 2:
        print("\n".join(lines))
        for t in tensors:
            print("tensor", t.name, "elements", t.count, "min", t.low, "max", t.high)
        print("records %d digest %08x" % (records, digest))
