#!/usr/bin/env python3
"""views.py COMMAND ... - streams for ss-train and ss-embed to read, and a look at what they wrote

    views KEY=VALUE ...     a stream of views (or of images) to standard output; the keys are DEFAULTS
    log FILE FIRST LAST     FILE is a log that has every step from FIRST to LAST once, and nothing else
    same A B                two logs say the same, but for the speed
    count FILE              trained numbers of the backbone of a model
    finite FILE             all numbers of a model are finite
    tensors FILE            names of a model's tensors
    value FILE TENSOR       its bytes
    term WIDTH COMMAND ...  run COMMAND with standard error on a terminal, and pass on what it shows

Standard library only. What a record holds depends on (seed, epoch, index, view) alone."""
import fcntl
import json
import math
import os
import pty
import random
import struct
import sys
import termios
import time
import zlib

DEFAULTS = dict(n=64, epochs=1, first=0, frame=7, views=2, c=3, h=8, w=8, seed=0,
                names="view",       # tensors are called view1, view2 ...; or "image", of which there is one
                same=0,             # so many different images only
                unknown=0,          # the header does not say how many records there are
                other_shape=0,      # the second view has another shape
                dtype="u8",
                extra=0,            # tensors index, label and lines that only a later version knows
                labels=1,           # with extra: the tensor label too
                lb="ID:0\tNM:dark", # with extra: what the line @LB says
                major=1,            # version of the stream
                error=-1,           # after so many frames an ERROR frame
                wait=-1,            # after so many frames a long wait
                slow=0)             # milliseconds before each frame


def padded(b, unit=b"\0"):
    return b + unit * (-len(b) % 64)


def sealed(b):
    return b + struct.pack("<I", zlib.crc32(b))


def frame(kind, seq, first, n, epoch, payload):
    head = struct.pack("<4sHHQQIIQI", b"SSTF", kind, 0, seq, first, n, epoch, len(payload), zlib.crc32(payload))
    return sealed(head.ljust(60, b"\0")) + payload


def pixels(o, epoch, index, view):
    """Noise, brighter in one class than in the next."""
    if o.same:
        index, epoch, view = index % o.same, 0, 0
    noise = random.Random("%d/%d/%d/%d" % (o.seed, epoch, index, view)).randbytes(o.c * o.h * o.w)
    return noise.translate(bytes(i // 2 + 40 * (index % 4) for i in range(256)))


def views(*args):
    o = type("Options", (), dict(DEFAULTS))
    for a in args:
        key, value = a.split("=")
        setattr(o, key, type(DEFAULTS[key])(value))
    out = sys.stdout.buffer
    names = ["image"] if o.names == "image" else ["view%d" % (v + 1) for v in range(o.views)]
    shape = "%d,%d,%d" % (o.c, o.h, o.w)
    lines = ["@HD\tVN:%d.0\tNS:%s\tEP:%d\tE0:%d" % (o.major, "*" if o.unknown else o.n, o.epochs, o.first)]
    for v, name in enumerate(names):
        other = o.other_shape and v == 1
        lines.append("@TN\tNM:%s\tDT:%s\tSH:%s" % (name, o.dtype, "%d,%d,%d" % (o.c, o.w * o.h, 1) if other else shape))
    if o.extra:
        lines += ["@TN\tNM:index\tDT:u64\tSH:"] + ["@TN\tNM:label\tDT:i32\tSH:"] * o.labels
        lines += ["@LB\t" + o.lb, "@XY\tZZ:of a later version", "@PG\tID:views\tPN:views\tCL:views.py"]
    text = padded(("\n".join(lines) + "\n").encode(), b"\n")
    head = b"\x89SST\r\n\x1a\n" + struct.pack("<HHIII", o.major, 0, len(text), 0, zlib.crc32(text))
    out.write(sealed(head.ljust(60, b"\0")) + text)
    seq = done = 0
    sums = [0] * (len(names) + (1 + o.labels if o.extra else 0))
    for epoch in range(o.first, o.first + o.epochs):
        for at in range(0, o.n, o.frame):
            out.flush()
            time.sleep(o.slow / 1000)
            if seq == o.wait:
                time.sleep(600)
            if seq == o.error:
                out.write(frame(3, seq, done, 0, 0, padded(b"views: asked to fail")))
                return
            some = range(at, min(at + o.frame, o.n))
            parts = [b"".join(pixels(o, epoch, i, v) for i in some) for v in range(len(names))]
            if o.dtype != "u8":
                parts = [struct.pack("<%df" % len(p), *p) for p in parts]
            if o.extra:
                parts += [b"".join(struct.pack("<Q", i) for i in some)]
                parts += [b"".join(struct.pack("<i", i % 4) for i in some)] * o.labels
            sums = [zlib.crc32(p, s) for p, s in zip(parts, sums)]
            out.write(frame(1, seq, done, len(some), epoch, b"".join(padded(p) for p in parts)))
            seq, done = seq + 1, done + len(some)
    digest = zlib.crc32(b"".join(struct.pack("<II", s, 0) for s in sums) + struct.pack("<Q", done))
    out.write(frame(2, seq, done, 0, 0, struct.pack("<QQI44x", seq, done, digest)))


def number(x, low=-math.inf, high=math.inf):
    assert type(x) in (int, float) and low <= x <= high, x


HEALTH = ["mean_cosine", "mean_norm", "dead"]

# What methods add to a line.
NOTES = [[], ["contrast_accuracy"], ["queue_accuracy"], ["target_cosine"], ["accuracy"], ["diagonal"], ["assignment_entropy", "code_entropy"],
         ["assignment_entropy", "teacher_entropy"], ["invariance", "std", "covariance"]]


# What is measured after an epoch.
MEASURES = ["epoch_loss", "knn", "validation_loss", "validation_accuracy", "backbone_rankme", "best"]


def check_log(path, first, last):
    steps, measured = [], []
    with open(path) as f:
        for line in f:
            assert line.endswith("}\n") and " " not in line
            o = json.loads(line, parse_constant=lambda x: 1 / 0)
            number(o["step"], 1), number(o["epoch"], 0)
            if "best" in o:
                assert [k for k in MEASURES if k in o] == list(o)[2:] and len(o) > 3 and type(o["best"]) is bool
                for k in list(o)[2:-1]:
                    number(o[k], -1, math.inf if k.endswith("loss") else 64 if k == "backbone_rankme" else 1)
                assert ("knn" in o) == ("backbone_rankme" in o), o
                continue
            keys = ["step", "epoch", "loss", "lr", "images_per_second", "std_ratio", "grad_norm"] + HEALTH
            keys += ["alignment"] if "alignment" in o else []
            notes = list(o)[len(keys):]
            assert list(o)[:len(keys)] == keys, o
            if "rankme" in o:
                measured.append(o["step"])
                at = notes.index("rankme")
                assert notes[at:at + 2] == ["rankme", "uniformity"]
                assert notes[at + 2:] == ["contrast_accuracy"] * ("alignment" in o and "contrast_accuracy" not in notes[:at])
                number(o["rankme"], 1 - 1e-6, 16.1), number(o["uniformity"], -16, 1e-6)
                number(o.get("contrast_accuracy", 0), 0, 1)
                notes = notes[:at]
            assert notes in NOTES, o
            number(o["mean_cosine"], -1, 1.0001), number(o["mean_norm"], 0), number(o["dead"], 0, 2048)
            number(o.get("alignment", 0), 0, 4.0001)
            number(o["loss"], -1), number(o["lr"], 0), number(o["images_per_second"], 0)
            number(o["std_ratio"], 0, 1.5), number(o["grad_norm"], 0)
            for n in notes:
                number(o[n], -1 if n == "target_cosine" else 0, math.inf if n in NOTES[-1] else 1.0001)
            steps.append(o["step"])
    assert steps == list(range(int(first), int(last) + 1)), steps
    assert set(measured) <= {s for s in steps if s == 1 or s % 50 == 0 or s == steps[-1]}
    assert first != "1" or 1 in measured, measured


def without_speed(path):
    with open(path) as f:
        return [{k: v for k, v in json.loads(line).items() if k != "images_per_second"} for line in f]


def read_model(path):
    with open(path, "rb") as f:
        raw = f.read()
    n, = struct.unpack("<Q", raw[:8])
    entries = json.loads(raw[8:8 + n])
    del entries["__metadata__"]
    return entries, raw[8 + n:]


def count(path):
    total = 0
    for name, t in read_model(path)[0].items():
        if not name.startswith(("projector.", "predictor.", "optimizer.")) and ".running_" not in name:
            total += math.prod(t["shape"])
    print(total)


def finite(path):
    entries, data = read_model(path)
    for name, t in entries.items():
        begin, end = t["data_offsets"]
        for x, in struct.iter_unpack("<f", data[begin:end]):
            assert math.isfinite(x), name


def term(width, *command):
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(width), 0, 0))
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0), os.dup2(null, 1)
        os.execvp(command[0], command)
    shown = b""
    try:
        while True:
            b = os.read(fd, 65536)
            if not b:
                break
            shown += b
    except OSError:
        pass
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def main():
    command, args = sys.argv[1], sys.argv[2:]
    try:
        if command == "views":
            views(*args)
        elif command == "log":
            check_log(*args)
        elif command == "same":
            a, b = map(without_speed, args)
            assert a == b, [(x, y) for x, y in zip(a, b) if x != y][:1] or (len(a), len(b))
        elif command == "count":
            count(*args)
        elif command == "finite":
            finite(*args)
        elif command == "tensors":
            print("\n".join(read_model(*args)[0]))
        elif command == "value":
            entries, data = read_model(args[0])
            begin, end = entries[args[1]]["data_offsets"]
            sys.stdout.buffer.write(data[begin:end])
        elif command == "term":
            term(*args)
        else:
            sys.exit(__doc__)
    except AssertionError as e:
        sys.exit("# %s: %s" % (command, e))


if __name__ == "__main__":
    main()
