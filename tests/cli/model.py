#!/usr/bin/env python3
"""model.py WHAT ... - files of weights for ss-model.t, and what is in those it wrote; numpy is their other writer and reader

    dict MODEL OUT [CHANGE ...]    the backbone of a model file as PyTorch would have it, with counters and fc.*, to OUT.npz by
                                   numpy.savez, or to OUT.safetensors by a writer of its own; changes are the names of CHANGES
    same A B [TOLERANCE]           whether two files have the same tensors: names, shapes, numbers
    names FILE                     the names in a file, sorted
    crafted FOLDER                 archives that are wrong in one way each, FOLDER/REASON.npz
"""
import json
import os
import struct
import sys
import warnings
import zipfile

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import read_model  # noqa: E402

NAMES = {"float16": "F16", "float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8"}


def backbone(path):
    """With statistics that are not those of the beginning."""
    tensors = read_model.read(path)[0]
    r = np.random.RandomState(len(tensors))
    out = {}
    for k, v in tensors.items():
        if k.split(".")[0] in ("optimizer", "target", "projector", "predictor", "prototypes", "method"):
            continue
        if k.endswith("running_mean"):
            v = r.normal(0, 0.1, v.shape).astype("f4")
            out[k.replace("running_mean", "num_batches_tracked")] = np.array(7, "i8")
        elif k.endswith("running_var"):
            v = r.uniform(0.5, 1.5, v.shape).astype("f4")
        elif v.ndim == 1:
            v = (v + r.normal(0, 0.1, v.shape)).astype("f4")
        out[k] = np.array(v)
    width = [v for k, v in out.items() if k.endswith("running_mean")][-1].shape[0]
    out["fc.weight"], out["fc.bias"] = np.zeros((5, width), "f4"), np.zeros(5, "f4")
    return out


def put(d, name, index, value):
    d[name] = d[name].copy()
    d[name].flat[index] = value


def map_floats(d, f):
    return {k: f(v) if v.dtype == np.float32 else v for k, v in d.items()}


def wider(d):
    """In f64, with bits that f32 has not."""
    r = np.random.RandomState(3)
    return map_floats(d, lambda v: v.astype("f8") * (1 + 1e-9 * r.uniform(-1, 1, v.shape)))


def keras(d):
    """Under Keras' names, with its layout, and a bias for each convolution that its norm takes off again."""
    out = {}
    for k, v in d.items():
        at = k.split(".")
        if k.endswith("tracked"):
            continue
        if at[0] == "fc":
            out["predictions/" + {"weight": "kernel", "bias": "bias"}[at[1]] + ":0"] = v.T
            continue
        layer, number, kind = "conv1", "", "bn" if "bn" in at[-2] or at[-2:-1] == ["1"] else "conv"
        if at[0].startswith("layer"):
            layer = "conv%d_block%d_" % (int(at[0][5:]) + 1, int(at[1]) + 1)
            number = "0_" if at[2] == "downsample" else at[2][-1] + "_"
        else:
            layer += "_"
        if kind == "conv":
            b = np.linspace(-0.3, 0.7, len(v)).astype("f4")
            out[layer + number + "conv/kernel:0"], out[layer + number + "conv/bias:0"] = v.transpose(2, 3, 1, 0).copy(), b
        else:
            name = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}[at[-1]]
            if name == "moving_mean":
                v = v + np.linspace(-0.3, 0.7, len(v)).astype("f4")
            out[layer + number + "bn/" + name + ":0"] = v
    return out


def with_value(name, value):
    def change(d):
        put(d, name, 1, value)
        return d
    return change


def without(name):
    return lambda d: {k: v for k, v in d.items() if k != name}


def plus(name, value):
    return lambda d: dict(d, **{name: value})


CHANGES = {
    "bare": lambda d: {k: v for k, v in d.items() if not k.startswith("fc.") and not k.endswith("tracked")},
    "f16": lambda d: map_floats(d, lambda v: v.astype("f2")),
    "f64": lambda d: map_floats(d, lambda v: v.astype("f8")),
    "wider": wider,
    "rounded": lambda d: {k: v.astype("f4") if v.dtype == np.float64 else v for k, v in d.items()},
    "back": lambda d: {k: v.astype("f4") if v.dtype == np.float16 else v for k, v in d.items()},
    "large": lambda d: with_value("bn1.weight", 1e39)(map_floats(d, lambda v: v.astype("f8"))),
    "nan": with_value("layer1.0.bn2.bias", np.nan),
    "inf": with_value("conv1.weight", -np.inf),
    "negative": with_value("bn1.running_var", -1e-3),
    "integers": lambda d: dict(d, **{"bn1.bias": np.arange(len(d["bn1.bias"]))}),
    "fortran": lambda d: dict(d, **{"conv1.weight": np.asfortranarray(d["conv1.weight"])}),
    "big-endian": lambda d: dict(d, **{"conv1.weight": d["conv1.weight"].astype(">f4")}),
    "fortran-fc": lambda d: dict(d, **{"fc.weight": np.asfortranarray(d["fc.weight"])}),
    "absent": without("layer2.0.bn1.running_var"),
    "absent-stem": without("conv1.weight"),
    "shape": lambda d: dict(d, **{"layer1.0.conv1.weight": d["layer1.0.conv1.weight"][:, :, 1:, 1:]}),
    "more": lambda d: dict(d, **{"layer1.7.conv1.weight": d["layer1.0.conv1.weight"]}),
    "bias": plus("conv1.bias", np.arange(16, dtype="f4")),
    "biased": lambda d: dict(d, **{"bn1.running_mean": d["bn1.running_mean"] - np.arange(16, dtype="f4")}),
    "wide-bias": plus("conv1.bias", np.zeros(17, "f4")),
    "stray-bias": plus("layer1.0.bias", np.zeros(16, "f4")),
    "bgr": lambda d: dict(d, **{"conv1.weight": d["conv1.weight"][:, ::-1].copy()}),
    "keras": keras,
    "keras-names": lambda d: {"body/" + k[:-2]: v for k, v in keras(d).items()},
    "queue": plus("queue\t\x1b[2J", np.zeros((3, 2), "f4")),
    "words": plus("note", np.array("made by hand")),
    "prefixed": lambda d: {"module.encoder_q." + k: v for k, v in d.items()},
    "moco": lambda d: dict({"module.encoder_k." + k: v + 1 for k, v in d.items()}, queue=np.zeros(3),
                           **{"module.encoder_q." + k: v for k, v in d.items()}),
    "gray": lambda d: dict(d, **{"conv1.weight": d["conv1.weight"][:, :1]}),
}


def write_safetensors(path, d, bf16=False):
    head, data = {"__metadata__": {"format": "pt"}}, b""
    for k, v in sorted(d.items()):
        kind, raw = NAMES[v.dtype.name], v.tobytes()
        if bf16 and kind == "F32":
            kind, raw = "BF16", (v.view("u4") >> 16).astype("<u2").tobytes()
        head[k] = {"dtype": kind, "shape": list(v.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def load(path):
    if not path.endswith(".npz"):
        return read_model.read(path)[0]
    with np.load(path) as z:
        return {k: z[k] for k in z.files}


def make(model, out, changes):
    d, packed, bf16 = backbone(model), False, False
    for c in changes:
        packed |= c == "packed"
        bf16 |= c == "bf16"
        if c == "truncated":            # to the bits that bf16 has
            d = map_floats(d, lambda v: (v.view("u4") & 0xffff0000).view("f4"))
        elif c not in ("packed", "bf16"):
            d = CHANGES[c](d)
    if out.endswith(".npz"):
        (np.savez_compressed if packed else np.savez)(out, **d)
    else:
        write_safetensors(out, d, bf16)


def same(a, b, tolerance=0.0):
    a, b = load(a), load(b)
    if a.keys() != b.keys():
        sys.exit("only in one: %s" % sorted(a.keys() ^ b.keys())[:5])
    for k in a:
        if a[k].dtype != b[k].dtype or a[k].shape != b[k].shape or not (
                np.allclose(a[k], b[k], tolerance, tolerance) if tolerance else a[k].tobytes() == b[k].tobytes()):
            sys.exit("%s: %s %s, %s %s" % (k, a[k].dtype, a[k].shape, b[k].dtype, b[k].shape))


def npy(shape, kind="<f4", data=b""):
    head = ("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (kind, "".join("%d, " % n for n in shape))).encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + data


def crafted(folder):
    """The places in the bytes are those of a zip archive: APPNOTE.TXT, 4.3."""
    sound = os.path.join(folder, "sound.npz")
    with zipfile.ZipFile(sound, "w") as z:
        z.writestr(zipfile.ZipInfo("conv1.weight.npy"), npy((1,), data=bytes(4)))
        z.writestr(zipfile.ZipInfo("b.npy"), npy((1,), data=bytes(4)))
    with open(sound, "rb") as f:
        good = f.read()
    end = good.rindex(b"PK\5\6")
    entry = good.index(b"PK\1\2")
    local = good.index(b"PK\3\4")

    def out(name, data):
        with open(os.path.join(folder, name + ".npz"), "wb") as f:
            f.write(data)

    def patched(at, fmt, value):
        b = bytearray(good)
        struct.pack_into(fmt, b, at, value)
        return bytes(b)

    out("behind", good + b"x")
    out("before", b"PK\3\4" + good)
    out("disks", patched(end + 4, "<H", 3))
    out("members", patched(end + 10, "<H", 3))
    out("fewer", patched(end + 10, "<H", 1))
    out("directory", patched(end + 16, "<I", entry + 4))
    out("encrypted", patched(entry + 8, "<H", 1))
    out("method", patched(entry + 10, "<H", 14))
    out("crc", patched(entry + 16, "<I", 1))
    out("packed", patched(entry + 20, "<I", 2 ** 32 - 2))
    out("sizes", patched(entry + 24, "<I", 3))
    out("offset", patched(entry + 42, "<I", entry - 8))
    out("control", patched(entry + 46, "B", 7))
    out("other-name", patched(local + 30, "B", ord("d")))
    out("no-local", patched(local, "B", 0))
    for name, members in (("twice", [("a.npy", npy((0,)))] * 2), ("no-npy", [("a.txt", b"x")]), ("nameless", [(".npy", npy((0,)))]),
                          ("short", [("a.npy", npy((2,), data=bytes(4)))]), ("long", [("a.npy", npy((0,), data=bytes(4)))]),
                          ("huge", [("a.npy", npy((2 ** 40, 2 ** 40)))]), ("no-magic", [("a.npy", bytes(100))]),
                          ("newer", [("a.npy", b"\x93NUMPY\x09" + bytes(100))])):
        with zipfile.ZipFile(os.path.join(folder, name + ".npz"), "w") as z:
            for n, data in members:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")     # of the name that comes twice
                    z.writestr(zipfile.ZipInfo(n), data)
    info = zipfile.ZipInfo("a.npy")     # a thousandth of what it claims
    info.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(os.path.join(folder, "bomb.npz"), "w") as z:
        z.writestr(info, npy((1 << 28,), "|u1", bytes(1 << 28)))
    os.remove(sound)


def main():
    what, args = sys.argv[1], sys.argv[2:]
    if what == "dict":
        make(args[0], args[1], args[2:])
    elif what == "same":
        same(args[0], args[1], *map(float, args[2:]))
    elif what == "names":
        print("\n".join(sorted(load(args[0]))))
    elif what == "crafted":
        crafted(args[0])


if __name__ == "__main__":
    main()
