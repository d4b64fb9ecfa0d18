#!/usr/bin/env python3
"""grid.py SHEET STREAM COLUMNS RECORDS SCALE TENSOR... - is the sheet made of those pictures?

Decodes the PNG by itself, with zlib alone. With SCALE 0 the pictures are in places of 128 x 128
and their longer side has to fill them."""
import os
import struct
import sys
import zlib

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import augment  # noqa: E402

MARGIN, GAP, THIN, BACKGROUND, FITTED = 12, 12, 3, 0xe8, 128


def decode(path):
    with open(path, "rb") as f:
        b = f.read()
    assert b[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, kinds = 8, b"", []
    while at < len(b):
        n, kind = struct.unpack_from(">I4s", b, at)
        chunk = b[at + 8:at + 8 + n]
        assert struct.unpack_from(">I", b, at + 8 + n)[0] == zlib.crc32(kind + chunk)
        kinds.append(kind)
        data += chunk if kind == b"IDAT" else b""
        if kind == b"IHDR":
            width, height, *rest = struct.unpack(">IIBBBBB", chunk)
            assert rest == [8, 2, 0, 0, 0]
        at += 12 + n
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and at == len(b)
    data, pitch = zlib.decompress(data), 3 * width
    assert len(data) == height * (1 + pitch)
    rows, above = [], bytes(pitch)
    for y in range(height):
        kind, row = data[y * (1 + pitch)], bytearray(data[y * (1 + pitch) + 1:(y + 1) * (1 + pitch)])
        unfilter(kind, row, above)
        rows.append(row)
        above = row
    return np.array(rows, np.uint8).reshape(height, width, 3)


def unfilter(kind, row, above):
    """A row of 3 bytes a pixel, in place: section 9.2 of the PNG specification."""
    if kind == 1:
        for i in range(3, len(row)):
            row[i] = row[i] + row[i - 3] & 255
    elif kind == 2:
        for i, up in enumerate(above):
            row[i] = row[i] + up & 255
    elif kind == 3:
        for i, up in enumerate(above):
            row[i] = row[i] + ((row[i - 3] if i >= 3 else 0) + up >> 1) & 255
    elif kind == 4:
        for i, up in enumerate(above):
            left, corner = (row[i - 3], above[i - 3]) if i >= 3 else (0, 0)
            a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
            row[i] = row[i] + (left if a <= b and a <= c else up if b <= c else corner) & 255
    else:
        assert kind == 0


def main(path, stream, columns, records, scale, *names):
    columns, records, scale = int(columns), int(records), int(scale)
    sheet, items = decode(path), augment.read(stream)
    pictures = [[np.broadcast_to(m, (3,) + m.shape[1:]).transpose(1, 2, 0) for m in items[n]] for n in names]
    places = [(FITTED, FITTED) if scale == 0 else (p[0].shape[0] * scale, p[0].shape[1] * scale) for p in pictures]
    high, wide = max(h for h, _ in places), sum(w for _, w in places) + THIN * (len(places) - 1)
    rows = -(-records // columns)
    columns = min(columns, records)
    want = (2 * MARGIN + rows * (high + GAP) - GAP, 2 * MARGIN + columns * (wide + GAP) - GAP)
    assert sheet.shape[:2] == want, "%s instead of %s" % (sheet.shape, want)
    for i in range(records):
        top, left = MARGIN + i // columns * (high + GAP), MARGIN + i % columns * (wide + GAP)
        for p, (h, w) in zip(pictures, places):
            got, m = sheet[top:top + h, left:left + w], p[i]
            if scale:
                assert (got == m.repeat(scale, 0).repeat(scale, 1)).all(), "record %d" % i
            else:
                inside = (got != BACKGROUND).any(2)
                size = inside.any(1).sum(), inside.any(0).sum()
                shape = [max(1, round(FITTED * d / max(m.shape[:2]))) for d in m.shape[:2]]
                assert all(abs(a - b) <= 1 for a, b in zip(size, shape)), "record %d: %s, %s" % (i, size, shape)
                assert abs(got[inside].mean() - m.mean()) < 8, "record %d" % i
            sheet[top:top + h, left:left + w] = BACKGROUND
            left += w + THIN
    assert (sheet == BACKGROUND).all(), "something beside the pictures"


if __name__ == "__main__":
    main(*sys.argv[1:])
