"""photos - R27b, R28, R29: bombs of JPEG, damaged pictures among sound ones, crafted tar archives"""
import os
import random
import struct
import subprocess
import sys

import kit
from kit import DAMAGED, DONE, FAILED, call, fault, one_line, put, side_by_side
from streams import LIMIT_MIB, LIMIT_SECONDS, measured

sys.path.insert(0, os.path.join(kit.TOP, "tests", "cli"))
import webdataset  # noqa: E402

JPEG = os.path.join(os.path.dirname(kit.BIN), "tests", "cli", "jpeg")


def made(*options, w=64, h=48):
    """A JPEG by tests/cli/jpeg.c."""
    path = "/proc/self/fd/1"
    return subprocess.run([JPEG, *options, path, str(w), str(h)], stdout=subprocess.PIPE, check=True).stdout


def commands(fix):
    """name, argv: what reads pictures of several kinds, for faults of other rows."""
    folder, shard = os.path.join(fix, "photos"), os.path.join(fix, "shard.tar")
    if os.path.exists(JPEG) and not os.path.exists(folder):
        os.mkdir(folder)
        for name, options in (("a.jpg", ["-p"]), ("b.jpg", ["-k", "cmyk", "-s", "1x1"]), ("c.jpg", ["-o", "6", "-i", "100"])):
            put(os.path.join(folder, name), made(*options))
        put(os.path.join(folder, "d.png"), webdataset.PNG)
        webdataset.main("plain", shard)
    if os.path.exists(folder):
        yield "load folder", ["ss-load", "folder", folder, "-t", "2"]
        yield "load folder, scaled", ["ss-load", "folder", folder, "--size", "8", "--crop", "--on-error", "skip"]
        yield "load tar", ["ss-load", "tar", shard]


def claiming(data, w, h):
    """The same, with another size in its header."""
    at = 2
    while data[at + 1] not in (0xc0, 0xc1, 0xc2):
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    return data[:at + 5] + struct.pack(">HH", h, w) + data[at + 9:]


def bombs():
    """name, bytes: little that claims much."""
    base, progressive = made(), made("-p")      # small: what this program takes counts for those that it starts
    for w, h in ((65000, 65000), (65500, 65500), (9441, 9441)):
        yield "130 bytes of %d x %d" % (w, h), bytes.fromhex("ffd8ffc20011 08%04x%04x 03012200021101031101" % (h, w)) + bytes(108)
    for name, data in (("baseline", base), ("progressive", progressive)):
        for w, h in ((65000, 65000), (9440, 9440), (65500, 1300), (1, 65500), (65500, 1)):
            yield "%s that claims %d x %d" % (name, w, h), claiming(data, w, h)
        yield "258 bytes of a %s" % name, claiming(data, 9440, 9440)[:258]
        yield "all but the end of a %s" % name, claiming(data, 9440, 9440)[:-2]
    for n in (101, 501, 757):
        yield "%d scans" % n, made("-n", str(n))
        yield "%d scans of 2 megapixels" % n, made("-n", str(n), w=1600, h=1200)
    segment = b"\xff\xe1\xff\xff" + b"Exif\0\0" + bytes(65527)
    yield "100 blocks of Exif and no end", base[:2] + 100 * segment


def refused(data, argv, worst):
    def f(folder):
        os.mkdir(os.path.join(folder, "p"))
        put(os.path.join(folder, "p", "x.jpg"), data)
        status, mib, seconds, err = measured(argv, folder)
        worst[0], worst[1] = max(worst[0], mib), max(worst[1], seconds)
        if status != DAMAGED:
            return "status %d, %s" % (status, err[:200])
        if mib > LIMIT_MIB or seconds > LIMIT_SECONDS:
            return "%.0f MiB, %.2f s" % (mib, seconds)
        return one_line(err, "'p/x.jpg'")
    return f


@fault("R27b", "JPEG files that claim much: size, scans, segments")
def jpeg_bombs(row, fix, short):
    if not os.path.exists(JPEG):
        return row.skip("tests/cli/jpeg is not built")
    worst, trials = [0.0, 0.0], []
    for name, data in bombs():
        for more in ([], ["--size", "32", "--crop"], ["--on-error", "fail", "-t", "2"])[:1 if short else 3]:
            trials.append((" ".join([name] + more), refused(data, ["ss-load", "folder", "p"] + more, worst)))
    side_by_side(row, trials, 1)
    row.worst = "%.0f MiB, %.2f s" % tuple(worst)


def hurt(jpeg, png):
    """Ten ways for a picture to be none."""
    middle = len(jpeg) - 60
    return [b"", b"hello", jpeg[:len(jpeg) // 2], jpeg[:-2], jpeg[:middle] + b"\xff\xd9" + jpeg[middle + 2:], claiming(jpeg, 65000, 65000),
            jpeg[:3] + bytes(200), png[:-20], png[:40] + bytes([png[40] ^ 255]) + png[41:], b"GIF89a" + png]


def some_hurt(kind, n, threads):
    r = random.Random(n)
    jpegs = [made("-v", str(i), w=24, h=16) for i in range(0, 256, 32)]
    bad = dict(zip(r.sample(range(n), 10), hurt(jpegs[0], webdataset.PNG)))
    files = [("%05d" % i, bad.get(i, jpegs[i % 8] if i % 3 else webdataset.picture(i)[0])) for i in range(n)]

    def write(folder, name, chosen):
        path = os.path.join(folder, name)
        if kind == "tar":
            s = webdataset.Shard()
            for key, data in chosen:
                s.add(key + ".jpg", data)
            s.save(path + ".tar")
            return name + ".tar"
        os.mkdir(path)
        for key, data in chosen:
            put(os.path.join(path, key), data)
        return name

    def f(folder):
        argv = ["ss-load", kind]
        sound = write(folder, "sound", [x for x in files if int(x[0]) not in bad])
        damaged = write(folder, "damaged", files)
        want = call(argv + [sound, "-q", "--no-history"], folder)
        got = call(argv + [damaged, "-t", threads, "--on-error", "skip", "--no-history"], folder)
        if want.status != DONE or got.status != DONE:
            return "status %s and %s, %s" % (want.status, got.status, got.err[:200])
        put(os.path.join(folder, "a"), want.out)
        put(os.path.join(folder, "b"), got.out)
        if call(["ss-cmp", "a", "b"], folder).status != DONE:
            return "not what the sound ones give"
        lines = [x for x in got.err.splitlines() if "left out: " in x]
        names = [next((k for k, _ in files if damaged in x and k in x), None) for x in lines]
        if names != ["%05d" % i for i in sorted(bad)] or "10 of %d " % n not in got.err:
            return "told of %s" % names
        e = call(argv + [damaged, "-t", threads], folder)
        return "status %s" % e.status if e.status != DAMAGED else one_line(e.err, damaged)
    return f


@fault("R28", "damaged pictures among sound ones: left out, named, counted; or the first ends it")
def some_bad(row, fix, short):
    if not os.path.exists(JPEG):
        return row.skip("tests/cli/jpeg is not built")
    side_by_side(row, [("%s of %d, -t %s" % (kind, n, t), some_hurt(kind, n, t)) for kind in ("folder", "tar")
                       for n in ((100,) if short else (100, 1000)) for t in (("2",) if short else ("1", "2", "5"))])


# What a crafted archive ends with; DAMAGED if it is not here.
READ = {"plain": DONE, "mixed": DONE, "evil": DONE, "nothing": FAILED, "only-rubbish": FAILED}


def crafted(kind, piped):
    def f(folder):
        inside = os.path.join(folder, "x", "y")
        os.makedirs(inside)
        webdataset.main(kind, os.path.join(inside, "c.tar"))
        before = sorted(os.walk(folder))
        data = kit.bytes_of(os.path.join(inside, "c.tar"))
        e = call(["ss-load", "tar", "-" if piped else "c.tar", "-q"], inside, data if piped else None)
        if sorted(os.walk(folder)) != before or os.path.exists("/absolute.png"):
            return "files were made"
        if e.status != READ.get(kind, DAMAGED):
            return "status %s, %s" % (e.status, e.err[:200])
        return None if e.status == DONE else one_line(e.err)
    return f


@fault("R29", "crafted tar archives: names, links, devices, sizes that lie, members apart: nothing is written")
def crafted_tars(row, fix, short):
    side_by_side(row, [(kind + ", piped" * piped, crafted(kind, piped)) for kind in ["plain", "mixed", "evil"] + sorted(webdataset.CRAFTED)
                       for piped in (False, True)])
