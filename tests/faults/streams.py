"""streams - R01 to R09, R23, R25, R26: input that is cut, damaged, claimed, or whose writer fails"""
import os
import random
import re
import signal
import struct
import subprocess
import time
import zlib

import kit
from kit import DAMAGED, DONE, FAILED, READERS, UPSTREAM, call, fault, fill, one_line, put, side_by_side
from sst_write import frame, pad, seal, split

# The file, and where in it: a frame and a byte, or what stands before all frames.
PLACE = re.compile(r"(in\.sst|standard input): .*(frame \d+, byte \d+|byte \d+|preamble|text header|not a tensor stream|line ends were translated|newer version)")


def published(folder, template):
    """Complaint if a tool that failed has put something under its output's name, or left something behind."""
    left = kit.left_over(folder, ["in.sst"])
    if "ss-train" not in template:
        return "left behind: %s" % left if left else None
    # A run's first checkpoint is made before it reads: a whole model, of step 0.
    left = [n for n in left if n != "out"]
    if left:
        return "left behind: %s" % left
    if os.path.exists(os.path.join(folder, "out")):
        return None if call(["ss-info", "--check", "out"], folder).status == DONE else "a damaged checkpoint"
    return None


def refused(fix, template, data, piped, status=DAMAGED, place=PLACE, says=()):
    """A trial: the tool must refuse the data, say where the fault is, and publish nothing."""
    def trial(folder):
        if not piped:
            put(os.path.join(folder, "in.sst"), data)
        e = call(fill(template, fix, "-" if piped else "in.sst"), folder, data if piped else None)
        if e.status != status:
            return "status %s, %s" % (e.status, e.err[:200])
        if e.out:
            return "%d bytes on standard output" % len(e.out)
        complaint = one_line(e.err, *says)
        if complaint is None and place is not None and not place.search(e.err):
            complaint = "no place in: " + e.err.strip()
        return complaint or published(folder, template)
    return trial


def damage(row, fix, kinds, short, place=PLACE, says=(), status=DAMAGED, sample=None, turns=False):
    """kinds: function of a stream giving (what, bytes); by file and by pipe, or in turns by either."""
    trials = []
    for i, (name, source, template) in enumerate(READERS):
        made = list(kinds(kit.bytes_of(os.path.join(fix, source + ".sst"))))
        if sample is not None and len(made) > sample:
            made = random.Random(i).sample(made, sample)
        for j, (what, data) in enumerate(made):
            for piped in ([(i + j) % 2 == 1] if short or turns else [False, True]):
                trials.append(("%s, %s%s" % (name, what, ", piped" if piped else ""),
                               refused(fix, template, data, piped, status, place, says)))
    side_by_side(row, trials)


def borders(b):
    at, out = 0, []
    for p in split(b):
        at += len(p)
        out.append(at)
    return out[:-1]


@fault("R01", "stream cut at any byte")
def cut(row, fix, short):
    damage(row, fix, lambda b: [("%d bytes" % n, b[:n]) for n in range(len(b))], short,
                  place=re.compile("empty input|" + PLACE.pattern), sample=12 if short else None, turns=True)


@fault("R02", "stream cut between frames")
def cut_at_border(row, fix, short):
    damage(row, fix, lambda b: [("%d bytes" % n, b[:n]) for n in borders(b)], short, says=["end frame missing"])


def flip(b, bit):
    b = bytearray(b)
    b[bit // 8] ^= 1 << bit % 8
    return bytes(b)


def header_bits(b):
    at, bits = 0, []
    for i, p in enumerate(split(b)):
        bits += range(8 * at, 8 * (at + (len(p) if i == 0 else 64)))
        at += len(p)
    return bits


@fault("R03", "one bit flipped")
def flipped(row, fix, short):

    def kinds(b):
        heads = header_bits(b)
        rest = sorted(set(range(8 * len(b))) - set(heads))
        return [("bit %d" % i, flip(b, i)) for i in heads + random.Random(2).sample(rest, min(len(rest), 2000))]

    damage(row, fix, kinds, short, sample=12 if short else None, turns=True)


@fault("R04", "bytes or frames inserted, lost, swapped, repeated")
def moved(row, fix, short):

    def kinds(b):
        r, parts = random.Random(3), split(b)
        for i in r.sample(range(len(b)), 100):
            yield "byte before %d" % i, b[:i] + b"\0" + b[i:]
            yield "no byte %d" % i, b[:i] + b[i + 1:]
        for i in range(1, len(parts)):
            yield "no part %d" % i, b"".join(parts[:i] + parts[i + 1:])
            yield "part %d twice" % i, b"".join(parts[:i] + parts[i:i + 1] + parts[i:])
            for j in range(i + 1, len(parts)):
                yield "parts %d and %d" % (i, j), b"".join(
                    parts[:i] + [parts[j]] + parts[i + 1:j] + [parts[i]] + parts[j + 1:])

    damage(row, fix, kinds, short, sample=8 if short else None)


@fault("R05", "something behind the end, a second stream too")
def behind_the_end(row, fix, short):
    damage(row, fix, lambda b: [("a zero", b + b"\0"), ("zeros", b + bytes(64)), ("text", b + b"hello\n" * 20),
                                       ("itself", b + b), ("a frame", b + split(b)[1])], short)


@fault("R06", "upstream killed in a pipe")
def killed(row, fix, short):
    """The loader dies by SIGKILL at a random moment, in two shells; the consumer must not take what it has for the whole."""
    shells = [s for s in ("dash", "bash") if any(os.path.exists(d + s) for d in ("/bin/", "/usr/bin/"))]
    consumers = ["ss-cat -o out", "ss-augment --two-views -o out", "ss-embed -t 1 -m %s/model.safetensors -o out" % fix,
                 "ss-augment --two-views | %s -o out" % " ".join(kit.TRAIN)]
    r, trials = random.Random(4), []

    def trial(shell, consumer, wait):
        line = ("sh -c 'echo $$ >pid; exec ss-load shapes --size 16 --records 4000000 --frame 100' | "
                "{ %s 2>err; echo $? >status; }" % consumer)

        def f(folder):
            p = subprocess.Popen([shell, "-c", line], cwd=folder, env=kit.ENV, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
            time.sleep(wait)
            for _ in range(1000):
                if os.path.exists(os.path.join(folder, "pid")) and os.path.getsize(os.path.join(folder, "pid")):
                    break
                time.sleep(0.01)
            os.kill(int(kit.bytes_of(os.path.join(folder, "pid"))), signal.SIGKILL)
            p.wait(kit.TIMEOUT)
            status, err = int(kit.bytes_of(os.path.join(folder, "status"))), kit.bytes_of(os.path.join(folder, "err"))
            if status != (UPSTREAM if "|" in consumer else DAMAGED):
                return "status %d, %s" % (status, err[:200])
            return published_after(folder, consumer)
        return f

    def published_after(folder, consumer):
        if "ss-train" in consumer:
            left = kit.left_over(folder, ["pid", "status", "err", "out"])
            if left:
                return "left %s" % left
            # None if the stream ended before the run could begin.
            return None if not os.path.exists(os.path.join(folder, "out")) or call(["ss-info", "--check", "out"], folder).status == DONE else "a damaged checkpoint"
        left = kit.left_over(folder, ["pid", "status", "err"])
        return "left behind: %s" % left if left else None

    for i in range(4 if short else 100):
        shell, consumer = shells[i % len(shells)], consumers[i // len(shells) % len(consumers)]
        trials.append(("%s, %s" % (shell, consumer), trial(shell, consumer, r.uniform(0, 0.1 if short else 0.4))))
    side_by_side(row, trials)


@fault("R07", "upstream fails and says so")
def upstream_says(row, fix, short):

    def kinds(b):
        parts = split(b)
        for i in range(1, len(parts)):
            first = struct.unpack_from("<Q", parts[i], 16)[0]
            yield "frame %d" % i, b"".join(parts[:i]) + frame(3, i - 1, first, 0, 0, pad(b"ss-load: the disk is on fire"))

    damage(row, fix, kinds, short, place=None, says=["upstream failed: ss-load: the disk is on fire"], status=UPSTREAM)


@fault("R08", "upstream is missing: empty input")
def upstream_missing(row, fix, short):
    damage(row, fix, lambda b: [("nothing", b"")], short, place=None, says=["empty input"])


@fault("R09", "downstream closes early")
def reader_leaves(row, fix, short):
    """Whoever writes to a pipe that nobody reads dies by SIGPIPE silently, or, where that is ignored, says so."""
    commands = ["ss-load shapes --size 32 --records 2000", "ss-cat big.sst", "ss-sample --every 2 big.sst",
                "ss-augment --two-views big.sst", "ss-embed -t 1 -m %s/model.safetensors big.sst" % fix,
                "ss-export --format tsv big.sst"]
    trials = []

    def trial(command, ignored, small):
        def f(folder):
            if "big.sst" in command:
                call("ss-load shapes --size 16 --records 3000 -o big.sst".split(), folder)
            line = "%s{ %s 2>err; echo $? >status; } | head -c %d >/dev/null" % (
                "trap '' PIPE; " if ignored else "", command, small)
            subprocess.run(["sh", "-c", line], cwd=folder, env=kit.ENV, stderr=subprocess.DEVNULL, timeout=kit.TIMEOUT,
                           restore_signals=True)
            status = int(kit.bytes_of(os.path.join(folder, "status")))
            err = kit.bytes_of(os.path.join(folder, "err")).decode()
            if ignored:
                return "status %d" % status if status != FAILED else one_line(err, "Broken pipe")
            return "status %d, %s" % (status, err) if status != 128 + signal.SIGPIPE or err else None
        return f

    for command in commands:
        for ignored in (False, True):
            for small in (1, 10, 5000):
                if not short or small == 10:
                    trials.append(("%s%s, %d bytes" % (command, " with SIGPIPE ignored" if ignored else "", small),
                                   trial(command, ignored, small)))
    side_by_side(row, trials)


@fault("R23", "NaN or infinity in the features")
def not_finite(row, fix, short):
    """Features that are no numbers are refused with the record named."""
    trials = []
    for name, source, template in READERS:
        if source != "features" or "export" in name:
            continue
        for value in (float("nan"), float("inf"), -float("inf")):
            for record in ([5] if short else range(kit.RECORDS)):
                trials.append(("%s, %s in record %d" % (name, value, record), bad_number(fix, template, value, record)))
    side_by_side(row, trials)


def bad_number(fix, template, value, record):
    import sst_write
    labels = b"".join(struct.pack("<i", i % 3) for i in range(kit.RECORDS))
    r = random.Random(5)
    x = [r.gauss(0, 1) for _ in range(kit.RECORDS * kit.WIDTH)]
    x[record * kit.WIDTH + 2] = value

    def f(folder):
        sst_write.write(os.path.join(folder, "in.sst"),
                        [("embedding", "f32", (kit.WIDTH,), struct.pack("<%df" % len(x), *x)), ("label", "i32", (), labels)],
                        per_frame=kit.PER_FRAME)
        e = call(fill(template, fix, "in.sst"), folder)
        if e.status == DONE or e.status < 0 or e.status == "timeout":
            return "status %s" % e.status
        return one_line(e.err, "record %d: element 2 of tensor 'embedding' is " % record) or published(folder, template)
    return f


LIMIT_MIB, LIMIT_SECONDS = 64, 1.0


def measured(argv, folder):
    """Status, megabytes at most, seconds, stderr."""
    begun = time.monotonic()
    with open(os.path.join(folder, "err"), "wb") as err:
        p = subprocess.Popen(argv, cwd=folder, env=kit.ENV, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    return p.returncode, usage.ru_maxrss / 1024, time.monotonic() - begun, kit.bytes_of(os.path.join(folder, "err")).decode()


SIZES = (2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1)


def claims(b):
    """Streams whose lengths are right by their checksums and not by what follows."""
    parts = split(b)
    head, first = parts[0], parts[1]
    text = head[64:].decode()
    shape = re.search(r"SH:([0-9,]+)", text).group(1)

    def with_text(t):
        t = t.rstrip("\n").encode() + b"\n"
        t = pad(t, b"\n")
        return seal(head[:12] + struct.pack("<III", len(t), 0, zlib.crc32(t)) + bytes(36)) + t

    for n in SIZES:
        if n < 2 ** 32:
            yield "text of %d" % n, seal(head[:12] + struct.pack("<I", n) + head[16:60])
            yield "text of %d, and it" % n, seal(head[:12] + struct.pack("<I", n) + head[16:60]) + b"".join(parts)[64:]
            yield "%d records in a frame" % n, b"".join([head, seal(first[:24] + struct.pack("<I", n) + first[28:60])] +
                                                      [first[64:]] + parts[2:])
        for aligned in (n, n // 64 * 64):
            yield "payload of %d" % aligned, head + seal(first[:32] + struct.pack("<Q", aligned) + first[40:60]) + first[64:]
        yield "shape of %d" % n, with_text(text.replace("SH:" + shape, "SH:%d" % n, 1)) + b"".join(parts[1:])
        yield "shape of %d x %d" % (n, n), with_text(text.replace("SH:" + shape, "SH:%d,%d" % (n, n), 1)) + b"".join(parts[1:])
        yield "NS of %d" % n, with_text(re.sub("NS:[0-9]+", "NS:%d" % n, text, 1)) + b"".join(parts[1:])
        yield "EP of %d" % n, with_text(re.sub("EP:[0-9]+", "EP:%d" % n, text, 1)) + b"".join(parts[1:])


@fault("R25", "huge claimed sizes")
def claimed(row, fix, short):
    """Any status but success, by itself; memory and time stay small."""
    worst = [0.0, 0.0]
    trials = []

    def trial(template, data):
        def f(folder):
            put(os.path.join(folder, "in.sst"), data)
            status, mib, seconds, err = measured(fill(template, fix, "in.sst"), folder)
            worst[0], worst[1] = max(worst[0], mib), max(worst[1], seconds)
            os.remove(os.path.join(folder, "err"))
            if status not in (FAILED, kit.MISUSED, DAMAGED):
                return "status %d, %s" % (status, err[:200])
            if mib > LIMIT_MIB or seconds > LIMIT_SECONDS:
                return "%.0f MiB, %.2f s" % (mib, seconds)
            return one_line(err) or published(folder, template)
        return f

    for i, (name, source, template) in enumerate(READERS):
        made = list(claims(kit.bytes_of(os.path.join(fix, source + ".sst"))))
        for what, data in random.Random(i).sample(made, 3) if short else made:
            trials.append(("%s, %s" % (name, what), trial(template, data)))
    side_by_side(row, trials)
    row.worst = "%.0f MiB, %.2f s" % tuple(worst)


@fault("R26", "other byte order, other versions")
def versions(row, fix, short):
    """Streams of a later version: a minor one is read, a major one and swapped bytes are refused."""

    def kinds(b):
        swapped = bytearray(b)
        for i in range(0, len(b) - 1, 2):
            swapped[i], swapped[i + 1] = b[i + 1], b[i]
        yield "swapped by twos", bytes(swapped)
        yield "major version 2", seal(b[:8] + struct.pack("<HH", 2, 0) + b[12:60]) + b[64:]
        yield "lengths big-endian", b[:12] + b[12:16][::-1] + b[16:]

    damage(row, fix, kinds, short)
    trials = []
    for name, source, template in READERS:
        b = kit.bytes_of(os.path.join(fix, source + ".sst"))
        text = b[64:64 + struct.unpack_from("<I", b, 12)[0]].replace(b"VN:1.0", b"VN:1.7")
        later = seal(b[:10] + struct.pack("<H", 7) + b[12:20] + struct.pack("<I", zlib.crc32(text)) + b[24:60]) + text + \
            b[64 + len(text):]

        def f(folder, template=template, later=later):
            put(os.path.join(folder, "in.sst"), later)
            e = call(fill(template, fix, "in.sst"), folder)
            return None if e.status == DONE or "ss-cmp" in template else "status %s, %s" % (e.status, e.err[:200])
        trials.append(("%s, minor version 7" % name, f))
    side_by_side(row, trials)
