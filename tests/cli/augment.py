#!/usr/bin/env python3
"""augment.py COMMAND ... - streams for ss-augment to read, and a look at what it wrote

    make KEY=VALUE ...          write a stream of images to standard output
    tensor FILE NAME            the items of a tensor, raw
    replay                      redo what was recorded; reads lines "IN OUT ORDER FILTER NAME": in torchvision,
                                or by tf_image.py if FILTER is a dialect of TensorFlow's
    draws OUT                   are the recorded numbers of the default recipe distributed as promised
    alike OUT OUT               the same was drawn for both, but for a pixel of the crop
    differ OUT A B SHARE        at least this share of the records have different A and B

replay prints for each line "ok" or "not ok", NAME, the largest difference and the share of equal
bytes (of TensorFlow's dialects, of correct roundings); torchvision's may be 1 apart, tf-bytes 3, tf
and tf-clamp nothing. ORDER is that of the operations: crop,flip,..."""
import os
import struct
import sys
import zlib

import numpy as np

TYPES = dict(u8="u1", i8="i1", u16="<u2", i16="<i2", u32="<u4", i32="<i4", u64="<u8", i64="<i8",
             f32="<f4", f64="<f8")


# A stream, as formats/sst.md says

def padded(b, unit=b"\0"):
    return b + unit * (-len(b) % 64)


def sealed(b):
    return b + struct.pack("<I", zlib.crc32(b))


def frame(kind, seq, first, n, epoch, payload):
    head = struct.pack("<4sHHQQIIQI", b"SSTF", kind, 0, seq, first, n, epoch, len(payload), zlib.crc32(payload))
    return sealed(head.ljust(60, b"\0")) + payload


def picture(rng, kind, shape):
    """Noise, or something smooth with edges, as photographs are."""
    c, h, w = shape
    if kind == 0:
        return rng.integers(0, 256, shape, dtype=np.uint8)
    y, x = np.mgrid[0:h, 0:w].astype(float)
    planes = np.zeros(shape)
    for _ in range(3):
        a, b, p = rng.normal(0, 6 / max(h, w), 2).tolist() + [rng.uniform(0, 6)]
        planes += rng.uniform(0, 90, (c, 1, 1)) * np.sin(a * x + b * y + p)
    planes[:, h // 3:, w // 4:] += rng.uniform(-80, 80, (c, 1, 1))
    return (planes + rng.uniform(60, 200, (c, 1, 1)) + rng.normal(0, 4, shape)).clip(0, 255).astype(np.uint8)


ODD = dict(empty=(0, 9), thin=(1, 30000), long=(1, 2 ** 24 + 1))     # sizes of the 15th image


def make(n="20", c="3", h="32", w="32", frame_records="7", epochs="1", vary="", index="yes", dtype="u8",
         seed="0", name="image"):
    n, c, h, w, epochs = int(n), int(c), int(h), int(w), int(epochs)
    rng = np.random.default_rng(int(seed))
    shapes = [(c, h, w)] * n
    if vary:
        shapes = [(c, int(rng.integers(1, 2 * h)), int(rng.integers(1, 2 * w))) for _ in range(n)]
    if vary in ODD:
        shapes[14] = (c, *ODD[vary])
    images = [picture(rng, i % 2, s) for i, s in enumerate(shapes)]
    if dtype != "u8":
        images = [m.astype(TYPES[dtype]) for m in images]
    lines = ["@HD\tVN:1.0\tNS:%d\tEP:%d\tE0:0\tDS:test" % (n, epochs)]
    lines += ["@TN\tNM:label\tDT:i32\tSH:",
              "@TN\tNM:%s\tDT:%s\tSH:%s" % (name, dtype, "?,%d,%d" % (h, w) if vary == "channels" else
                                        "%d,?,?" % c if vary else "%d,%d,%d" % (c, h, w)),
              "@TN\tNM:name\tDT:u8\tSH:?"]
    lines += ["@TN\tNM:index\tDT:u64\tSH:"] if index == "yes" else []
    lines += ["@LB\tID:0\tNM:zero", "@CO\tpassed on"]
    text = padded(("\n".join(lines) + "\n").encode(), b"\n")
    out = [sealed(struct.pack("<8sHHIII", b"\x89SST\r\n\x1a\n", 1, 0, len(text), 0,
                              zlib.crc32(text)).ljust(60, b"\0")) + text]
    sums = {key: (0, 0) for key in ["label", "image", "name"] + ["index"] * (index == "yes")}
    seq = records = 0
    for epoch in range(epochs):
        for at in range(0, n, int(frame_records)):
            batch = list(range(at, min(at + int(frame_records), n)))
            names = [b"picture %d" % (10 ** (i % 4)) for i in batch]
            parts = [("label", b"", struct.pack("<%di" % len(batch), *(i % 10 for i in batch))),
                     ("image", np.array([images[i].shape[1:] for i in batch], "<u4").tobytes() if vary else b"",
                      b"".join(images[i].tobytes() for i in batch)),
                     ("name", struct.pack("<%dI" % len(batch), *map(len, names)), b"".join(names))]
            if index == "yes":
                parts += [("index", b"", struct.pack("<%dQ" % len(batch), *(1000 + i for i in batch)))]
            payload = b""
            for key, rows, items in parts:
                payload += padded(rows) + padded(items)
                sums[key] = zlib.crc32(items, sums[key][0]), zlib.crc32(rows, sums[key][1])
            out.append(frame(1, seq, records, len(batch), epoch, payload))
            seq, records = seq + 1, records + len(batch)
    digest = zlib.crc32(b"".join(struct.pack("<II", *v) for v in sums.values()) + struct.pack("<Q", records))
    out.append(frame(2, seq, records, 0, 0, struct.pack("<QQI44x", seq, records, digest)))
    sys.stdout.buffer.write(b"".join(out))


def read(path):
    """{name: list of items, in all epochs}; the stream is taken on trust."""
    with open(path, "rb") as f:
        b = f.read()
    size, = struct.unpack_from("<I", b, 12)
    tensors = [dict(p.split(":", 1) for p in line.split("\t")[1:])
               for line in b[64:64 + size].decode().split("\n") if line.startswith("@TN")]
    items = {t["NM"]: [] for t in tensors}
    at = 64 + size
    while True:
        kind, n, length = struct.unpack_from("<4xH18xI4xQ", b, at)
        at += 64
        if kind != 1:
            return items
        end = at + length
        for t in tensors:
            shape = [None if d == "?" else int(d) for d in t["SH"].split(",") if d]
            varying = shape.count(None)
            rows = np.frombuffer(b, "<u4", n * varying, at).reshape(n, varying)
            at += (rows.nbytes + 63) // 64 * 64
            start = at
            for r in range(n):
                dims = iter(rows[r].tolist())
                full = [next(dims) if d is None else d for d in shape]
                v = np.frombuffer(b, TYPES[t["DT"]], int(np.prod(full)), at).reshape(full)
                items[t["NM"]].append(v)
                at += v.nbytes
            at = start + (at - start + 63) // 64 * 64
        at = end


# What torchvision makes of the recorded numbers

NUMBERS = ("top left height width mirror upend op0 op1 op2 op3 brightness contrast saturation hue "
           "gray sigma kernel threshold whole_height whole_width place_top place_left again down right").split()


def replay_one(F, ImageFilter, mode, image, p, order, size):
    jitter = [(F.adjust_brightness, p["brightness"]), (F.adjust_contrast, p["contrast"]),
              (F.adjust_saturation, p["saturation"]), (F.adjust_hue, p["hue"])]
    for step in order:
        if step == "crop":
            box = [int(p[k]) for k in ("top", "left", "height", "width")]
            image = F.resized_crop(image, *box, [int(p["whole_height"]), int(p["whole_width"])], mode)
            if (p["whole_height"], p["whole_width"], p["place_top"], p["place_left"]) != (*size, 0, 0):
                image = F.crop(image, int(p["place_top"]), int(p["place_left"]), *size)
        elif step == "flip":
            image = F.hflip(image) if p["mirror"] else image
            image = F.vflip(image) if p["upend"] else image
        elif step == "translate":
            image = F.hflip(image) if p["again"] else image
            if p["down"] or p["right"]:
                image = F.crop(image, -int(p["down"]), -int(p["right"]), *size)
        elif step == "jitter":
            for k in ("op0", "op1", "op2", "op3"):
                if p[k] >= 0:
                    function, factor = jitter[int(p[k])]
                    image = function(image, factor)
        elif step == "gray" and p["gray"]:
            image = F.to_grayscale(image, len(image.getbands()))
        elif step == "blur" and p["sigma"] > 0:
            if p["kernel"] == 0:
                image = image.filter(ImageFilter.GaussianBlur(p["sigma"]))
            else:
                image = F.gaussian_blur(image, int(p["kernel"]), p["sigma"])
        elif step == "solarize" and p["threshold"] < 256:
            image = F.solarize(image, int(p["threshold"]))
    return image


def torchvision_view(m, p, order, filter, size):
    from PIL import Image, ImageFilter
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms import functional as F
    m = Image.fromarray(m[0], "L") if m.shape[0] == 1 else \
        Image.fromarray(np.ascontiguousarray(m.transpose(1, 2, 0)), "RGB")
    want = np.asarray(replay_one(F, ImageFilter, InterpolationMode(filter), m, p, order, size))
    return want[None] if want.ndim == 2 else want.transpose(2, 0, 1)


def replay():
    import warnings
    import tf_image
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        source, views, order, filter, name = line.rstrip("\n").split(" ", 4)
        images, made = read(source)["image"], read(views)
        tf = filter in tf_image.DIALECTS
        worst = equal = total = 0
        for view in (n[:-len(".params")] for n in made if n.endswith(".params")):
            assert len(made[view]) == len(made[view + ".params"]) > 0
            for m, got, numbers in zip(images, made[view], made[view + ".params"]):
                p = dict(zip(NUMBERS, numbers.tolist()))
                want = tf_image.view(m.transpose(1, 2, 0), p, order.split(","), filter, *got.shape[1:]).transpose(2, 0, 1) \
                    if tf else torchvision_view(m, p, order.split(","), filter, got.shape[1:])
                off = np.abs(got - want.astype(float))      # of tf's, want is not rounded
                worst, equal, total = max(worst, off.max()), equal + (off < .501).sum(), total + off.size
        enough, limit = {"tf": (1, 0), "tf-clamp": (1, 0), "tf-bytes": (0.999, 3)}.get(filter, (0, 1))
        print("%sok - %s: largest difference %.3g, equal %.4f %% of %d bytes"
              % ("" if total and worst < limit + .501 and equal >= enough * total else "not ", name, worst, 100 * equal / total, total))


# Distributions

def ks(a, b):
    """The Kolmogorov-Smirnov distance of two samples, in units of its 0.1 % limit."""
    both = np.sort(np.concatenate([a, b]))
    gap = np.abs(np.searchsorted(np.sort(a), both, "right") / len(a)
                 - np.searchsorted(np.sort(b), both, "right") / len(b)).max()
    return gap / (1.95 * np.sqrt((len(a) + len(b)) / (len(a) * len(b))))


def say(good, what):
    if not good:
        print("# " + what)
    return not good


def crops_like_torchvision(rows, size, scale, ratio):
    """The crops, against torchvision's own draws, or where it is absent against its algorithm."""
    want = []
    try:
        import torch
        from torchvision.transforms import RandomResizedCrop
        torch.manual_seed(7)
        blank = torch.zeros(1, *size)
        for _ in range(6000):
            want.append(RandomResizedCrop.get_params(blank, list(scale), list(ratio)))
    except ImportError:
        rng = np.random.default_rng(7)
        while len(want) < 6000:
            a = size[0] * size[1] * rng.uniform(*scale)
            r = np.exp(rng.uniform(*np.log(ratio)))
            w, h = round(np.sqrt(a * r)), round(np.sqrt(a / r))
            if 0 < w <= size[1] and 0 < h <= size[0]:
                want.append((rng.integers(size[0] - h + 1), rng.integers(size[1] - w + 1), h, w))
    want = np.array(want, float)
    bad = 0
    for column, name in enumerate(("top", "left", "height", "width")):
        bad += say(ks(rows[:, column], want[:, column]) < 1, "distribution of %s" % name)
    bad += say(ks(rows[:, 2] * rows[:, 3], want[:, 2] * want[:, 3]) < 1, "distribution of areas")
    return bad + say(ks(rows[:, 2] / rows[:, 3], want[:, 2] / want[:, 3]) < 1, "distribution of ratios")


def draws(path):
    made = read(path)
    rows = np.concatenate([np.array(made["view%d.params" % k]) for k in (1, 2)])
    n, bad = len(rows), 0
    col = {name: rows[:, i] for i, name in enumerate(NUMBERS)}
    size = made["view1"][0].shape[1:]

    def chance(what, hits, p, of):
        return say(abs(hits - p * of) <= 3.5 * np.sqrt(of * p * (1 - p)), "%s: %d of %d" % (what, hits, of))

    jittered = col["op0"] >= 0
    bad += chance("flip", col["mirror"].sum(), 0.5, n)
    bad += chance("jitter", jittered.sum(), 0.8, n)
    bad += chance("gray", col["gray"].sum(), 0.2, n)
    bad += say(not col["upend"].any() and not col["sigma"].any() and (col["threshold"] == 256).all(),
               "something that the recipe does not do")
    order = rows[jittered, 6:10]
    bad += say((np.sort(order, 1) == np.arange(4)).all(), "orders are permutations")
    kinds, counts = np.unique(order, axis=0, return_counts=True)
    chi = ((counts - len(order) / 24) ** 2 / (len(order) / 24)).sum()
    bad += say(len(kinds) == 24 and chi < 49.7, "orders: chi square %g (23 degrees, 0.1 %%)" % chi)
    for name, lo, hi in (("brightness", .6, 1.4), ("contrast", .6, 1.4), ("saturation", .6, 1.4), ("hue", -.1, .1)):
        v = col[name][jittered]
        even = np.linspace(lo, hi, 100001)
        bad += say(v.min() >= np.float32(lo) and v.max() <= np.float32(hi) and ks(v, even) < 1,
                   "%s in %g..%g" % (name, lo, hi))
        bad += say((col[name][~jittered] == (0 if name == "hue" else 1)).all(), name + " of no jitter")
    bad += crops_like_torchvision(rows, size, (.2, 1), (3 / 4, 4 / 3))
    # draws are independent of each other: no correlation beyond 4 standard deviations
    pick = rows[jittered][:, [2, 4, 10, 11, 12, 13, 14]]
    worst = np.abs(np.corrcoef(pick.T) - np.eye(pick.shape[1])).max()
    bad += say(worst < 4 / np.sqrt(len(pick)), "correlation %g" % worst)
    a, b = (np.array(made["view%d.params" % k])[:, [4, 14]] for k in (1, 2))
    bad += say(abs(np.corrcoef(a[:, 0], b[:, 0])[0, 1]) < 4 / np.sqrt(len(a)), "views are independent")
    sys.exit(int(bad > 0))


def alike(one, other):
    """The options that --list-recipes shows have six digits."""
    one, other = read(one), read(other)
    names = [n for n in one if n.endswith(".params")]
    far = [max(abs(a - b).max() for a, b in zip(np.array(one[n])[:, part].T, np.array(other[n])[:, part].T))
           for n in names for part in (slice(0, 4), slice(4, None))]
    sys.exit(int(not (names and list(one) == list(other) and max(far[::2]) <= 1 and max(far[1::2]) < 1e-6)))


def differ(path, one, other, share):
    made = read(path)
    n = sum((a != b).any() for a, b in zip(made[one], made[other]))
    print("# %d of %d differ" % (n, len(made[one])))
    sys.exit(int(n < float(share) * len(made[one])))


def tensor(path, name):
    try:
        sys.stdout.buffer.write(b"".join(v.tobytes() for v in read(path)[name]))
        sys.stdout.flush()
    except BrokenPipeError:         # cmp has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "make":
        make(**dict(a.split("=", 1) for a in rest))
    else:
        dict(tensor=tensor, replay=replay, alike=alike, draws=draws, differ=differ)[command](*rest)
