"""claims - R25b: files of other formats whose lengths and shapes claim more than there is"""
import io
import json
import os
import struct
import zipfile

import kit
from kit import DAMAGED, FAILED, MISUSED, fault, one_line, put, side_by_side
from streams import LIMIT_MIB, LIMIT_SECONDS, measured

SIZES = (0, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1)


def npy(shape, length=None):
    head = ("{'descr': '|u1', 'fortran_order': False, 'shape': (%s,), }" % ", ".join(map(str, shape))).encode() + b"\n"
    return b"\x93NUMPY\2\0" + struct.pack("<I", len(head) if length is None else length) + head + bytes(48)


def idx(kind, dims, rest=b""):
    return bytes([0, 0, kind, len(dims)]) + b"".join(struct.pack(">I", d) for d in dims) + rest


def safetensors(shape, begin, end, length=None, kind="F32"):
    head = json.dumps({"a": {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}}).encode()
    return struct.pack("<Q", len(head) if length is None else length) + head + bytes(16)


def npz(shape=(4,), places=(), value=0, method=zipfile.ZIP_STORED):
    """An archive of one array; the places in its directory, from its beginning, get 32 bits of value."""
    out, info = io.BytesIO(), zipfile.ZipInfo("a.npy")
    info.compress_type = method
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(info, npy(shape))
    b = bytearray(out.getvalue())
    for k in places:
        struct.pack_into("<I", b, b.index(b"PK\1\2") + k, value)
    return bytes(b)


def wide_npz(place, value):
    """With 64-bit sizes: packed, unpacked, offset of the local header, in that order of places."""
    b = npz()
    at, end = b.index(b"PK\1\2"), b.index(b"PK\5\6")
    sizes = [struct.unpack_from("<I", b, at + k)[0] for k in (24, 20, 42)]
    sizes[place] = value
    extra = struct.pack("<HHQQQ", 1, 24, *sizes)
    entry = bytearray(b[at:end])
    for k in (20, 24, 42):
        struct.pack_into("<I", entry, k, 2 ** 32 - 1)
    struct.pack_into("<H", entry, 30, len(extra))
    tail = bytearray(b[end:])
    struct.pack_into("<I", tail, 12, len(entry) + len(extra))
    return b[:at] + bytes(entry) + extra + bytes(tail)


def claims():
    """What, the file's name, its bytes, the command."""
    loads = {"npy": ["ss-load", "npy", "in"], "idx": ["ss-load", "idx", "in"]}
    for n in SIZES:
        for k in range(4):
            shape = [1, 3, 4, 4]
            shape[k] = n
            yield "npy of shape %s" % shape, npy(shape), loads["npy"]
        yield "npy of shape %s" % [n, n, n, n], npy([n] * 4), loads["npy"]
        yield "npy of rank %d" % min(n, 5000), npy([1] * min(n, 5000)), loads["npy"]
        if n < 2 ** 32:
            yield "npy with a head of %d" % n, npy([1, 3, 4, 4], n), loads["npy"]
            for k in range(3):
                dims = [1, 4, 4]
                dims[k] = n
                yield "idx of shape %s" % dims, idx(8, dims, bytes(16) if n else b""), loads["idx"]
            yield "idx of shape %s" % [n, n, n], idx(8, [n] * 3, bytes(16)), loads["idx"]
        weights = ["ss-model", "import", "-q", "-o", "out", "in.npz"]
        yield "npz of shape [%d]" % n, npz([n]), weights
        yield "npz of shape [%d, %d], packed" % (n, n), npz([n, n], method=zipfile.ZIP_DEFLATED), weights
        if n < 2 ** 32:
            for k in (20, 24, 42):
                yield "npz with %d at %d of its directory" % (n, k), npz(places=[k], value=n), weights
            yield "npz of the sizes %d" % n, npz(places=[20, 24], value=n), weights
            yield "npz that unpacks to %d" % n, npz(places=[24], value=n, method=zipfile.ZIP_DEFLATED), weights
        for k in range(3):
            yield "npz with %d as 64-bit size %d" % (n, k), wide_npz(k, n), weights
        model = ["ss-info", "in.safetensors"]
        yield "safetensors with a head of %d" % n, safetensors([4], 0, 16, n), model
        yield "safetensors of shape [%d]" % n, safetensors([n], 0, 16), model
        yield "safetensors of shape [%d, %d]" % (n, n), safetensors([n, n], 0, 16), model
        yield "safetensors with data to %d" % n, safetensors([4], 0, n), model
        yield "safetensors with data from %d" % (n + 1), safetensors([4], n + 1, n + 17), model
        yield "safetensors with data to %d, of that size" % n, safetensors([n // 4], 0, n // 4 * 4), model
    yield "idx of 255 dimensions", idx(8, [1] * 255), loads["idx"]


@fault("R25b", "huge claims of npy, npz, idx and safetensors")
def claimed(row, fix, short):
    worst = [0.0, 0.0]

    def trial(data, argv):
        def f(folder):
            put(os.path.join(folder, argv[-1]), data)
            status, mib, seconds, err = measured(argv + (["-o", "out"] if argv[0] == "ss-load" else []), folder)
            worst[0], worst[1] = max(worst[0], mib), max(worst[1], seconds)
            if status not in (FAILED, MISUSED, DAMAGED):
                return "status %d, %s" % (status, err[:200])
            if mib > LIMIT_MIB or seconds > LIMIT_SECONDS:
                return "%.0f MiB, %.2f s" % (mib, seconds)
            left = kit.left_over(folder, [argv[-1], "err"])
            return one_line(err, argv[-1]) or ("left behind: %s" % left if left else None)
        return f

    trials = [(what, trial(data, argv)) for what, data, argv in claims()]
    side_by_side(row, trials[::10] if short else trials)
    row.worst = "%.0f MiB, %.2f s" % tuple(worst)
