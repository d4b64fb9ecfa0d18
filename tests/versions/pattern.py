"""pattern.py MODEL - replaces the numbers of a model by a short pattern, and makes its checksums right again

Variances and scales stay positive, steps and the like as they are.
"""
import json
import re
import struct
import sys
import zlib

path = sys.argv[1]
with open(path, "rb") as f:
    raw = f.read()
n, = struct.unpack("<Q", raw[:8])
head, data = raw[8:8 + n], bytearray(raw[8 + n:])
entries = json.loads(head)
entries.pop("__metadata__")
for name, t in entries.items():
    begin, end = t["data_offsets"]
    if t["dtype"] == "F32":
        count = (end - begin) // 4
        width = (count // t["shape"][0]) ** -0.5 if len(t["shape"]) > 1 else 0.5
        shift = 1.0 if name.endswith(("running_var", ".weight")) and len(t["shape"]) == 1 else 0.0
        period = struct.pack("<61f", *(shift + width * ((i * 37 % 61) / 30 - 1) for i in range(61)))
        data[begin:end] = (period * (count // 61 + 1))[:end - begin]
    crc = b"%08x" % zlib.crc32(data[begin:end])
    head, found = re.subn(rb'("ss\.crc32\.%s":")[0-9a-f]{8}' % re.escape(name).encode(), rb"\g<1>" + crc, head)
    assert found == 1, name
blank = re.sub(rb'("ss\.header\.crc32":")[0-9a-f]{8}', rb"\g<1>00000000", head, count=1)
head = blank.replace(b'"ss.header.crc32":"00000000"', b'"ss.header.crc32":"%08x"' % zlib.crc32(raw[:8] + blank))
with open(path, "wb") as f:
    f.write(raw[:8] + head + bytes(data))
