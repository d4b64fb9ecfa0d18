#!/usr/bin/env python3
"""
read_model - a small reader of safetensors files: numpy and the standard library, nothing else

    import read_model
    tensors, metadata = read_model.read("run.safetensors")

Independent of formats/safetensors.c, whose checksums it verifies where they are present.
As a program it prints one line a tensor: name, type, shape, mean, standard deviation.
"""
import json
import re
import struct
import sys
import zlib

import numpy

TYPES = {"U8": "|u1", "I8": "|i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
         "U64": "<u8", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8"}


def read(path):
    """Returns ({name: array}, {key: string}); ValueError says what is wrong with the file."""
    with open(path, "rb") as f:
        raw = f.read()
    if len(raw) < 8:
        raise ValueError("%s: too short" % path)
    n, = struct.unpack("<Q", raw[:8])
    if n > len(raw) - 8:
        raise ValueError("%s: truncated header" % path)
    head, data = raw[8:8 + n], raw[8 + n:]
    entries = json.loads(head.decode("utf-8"))
    meta = entries.pop("__metadata__", {})
    if "ss.header.crc32" in meta:
        blank = re.sub(rb'("ss\.header\.crc32":")[0-9a-f]{8}', rb"\g<1>00000000", head, count=1)
        if "%08x" % zlib.crc32(raw[:8] + blank) != meta["ss.header.crc32"]:
            raise ValueError("%s: damaged header" % path)
        if (8 + n) % 64 != 0:
            raise ValueError("%s: data do not begin at a multiple of 64" % path)
    tensors, at = {}, 0
    for name, t in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = t["data_offsets"]
        if begin != at or end > len(data):
            raise ValueError("%s: %s: hole, overlap or truncation" % (path, name))
        at = end
        crc = meta.get("ss.crc32." + name)
        if crc is not None and "%08x" % zlib.crc32(data[begin:end]) != crc:
            raise ValueError("%s: %s: damaged" % (path, name))
        tensors[name] = numpy.frombuffer(data[begin:end], TYPES[t["dtype"]]).reshape(t["shape"])
    if at != len(data):
        raise ValueError("%s: bytes behind the last tensor" % path)
    return tensors, meta


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: read_model.py MODEL.safetensors")
    tensors, meta = read(sys.argv[1])
    for key, value in meta.items():
        if not key.startswith("ss.crc32."):
            print("# %s = %r" % (key, value))
    for name, x in tensors.items():
        v = x.astype("f8") if x.size else numpy.zeros(1)
        print("%s\t%s\t%s\t%.6g\t%.6g" % (name, x.dtype.name, ",".join(map(str, x.shape)),
                                         v.mean(), v.std()))


if __name__ == "__main__":
    main()
