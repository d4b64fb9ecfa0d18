"""sst_write - writes tensor streams from Python, standard library only, for the tests of tools
that read them

    write("x.sst", [("embedding", "f32", (64,), data), ("label", "i32", (), labels)])

data is bytes, or anything that bytes() takes: the items of all records, row-major."""
import struct
import zlib

WIDTH = dict(u8=1, i8=1, u16=2, i16=2, u32=4, i32=4, u64=8, i64=8, f16=2, bf16=2, f32=4, f64=8)


def pad(b, filler=b"\0"):
    return b + filler * (-len(b) % 64)


def seal(b):
    return b + struct.pack("<I", zlib.crc32(b))


def split(b):
    """Header and frames of a stream."""
    at = 64 + struct.unpack_from("<I", b, 12)[0]
    out = [b[:at]]
    while at < len(b):
        n = 64 + struct.unpack_from("<Q", b, at + 32)[0]
        out.append(b[at:at + n])
        at += n
    return out


def frame(kind, seq, first, records, epoch, payload):
    head = b"SSTF" + struct.pack("<HHQQIIQI", kind, 0, seq, first, records, epoch, len(payload),
                                 zlib.crc32(payload))
    return seal(head + bytes(16)) + payload


def write(path, tensors, dataset="", lines=(), epochs=1, per_frame=100, end=True, names=None):
    """Each epoch holds the same records; lines are further header lines, end=False leaves out END; names: a bytes for each."""
    items = []
    for name, dtype, shape, data in tensors:
        width = WIDTH[dtype]
        for d in shape:
            width *= d
        items.append((width, memoryview(bytes(data))))
    n = len(items[0][1]) // items[0][0]
    assert all(len(data) == n * width for width, data in items), "tensors of different length"
    text = ["@HD\tVN:1.0\tNS:%d\tEP:%d\tE0:0" % (n, epochs) + ("\tDS:" + dataset if dataset else "")]
    text += ["@TN\tNM:%s\tDT:%s\tSH:%s" % (t[0], t[1], ",".join(map(str, t[2]))) for t in tensors]
    text += ["@TN\tNM:name\tDT:u8\tSH:?"] if names else []
    text = pad(("\n".join(text + list(lines)) + "\n").encode(), b"\n")
    with open(path, "wb") as f:
        f.write(seal(b"\x89SST\r\n\x1a\n" + struct.pack("<HHIII", 1, 0, len(text), 0, zlib.crc32(text)) +
                     bytes(36)) + text)
        seq = 0
        for epoch in range(epochs):
            for at in range(0, n, per_frame):
                k = min(per_frame, n - at)
                payload = b"".join(pad(bytes(data[at * w:(at + k) * w])) for w, data in items)
                if names:
                    some = names[at:at + k]
                    payload += pad(struct.pack("<%dI" % k, *map(len, some))) + pad(b"".join(some))
                f.write(frame(1, seq, epoch * n + at, k, epoch, payload))
                seq += 1
        if end:
            sums = b"".join(struct.pack("<II", zlib.crc32(bytes(data) * epochs), 0) for _, data in items)
            if names:
                dims = struct.pack("<%dI" % n, *map(len, names))
                sums += struct.pack("<II", zlib.crc32(b"".join(names) * epochs), zlib.crc32(dims * epochs))
            digest = zlib.crc32(sums + struct.pack("<Q", n * epochs))
            f.write(frame(2, seq, n * epochs, 0, 0, pad(struct.pack("<QQI", seq, n * epochs, digest))))
