"""surroundings - R19, R20, R32, R38: the same bytes wherever a tool runs; odd descriptors, locales, terminals; any words as options"""
import itertools
import os
import random
import shutil
import subprocess

import kit
import outputs
from kit import DONE, call, fault, fill, side_by_side

READING = [(n, s, t) for n, s, t in outputs.WRITERS if "IN" in t.split() and n not in ("train log", "map tsv")]


def locales():
    """Those with a decimal comma, if any is installed."""
    try:
        out = subprocess.run(["locale", "-a"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode("latin-1")
    except OSError:
        return []
    return [x for x in out.split() if x.startswith(("de_", "fr_"))][:1]


def surroundings():
    """name, changes to the environment, what stands before the command."""
    yield "no environment but PATH", None, ["env", "-i", "PATH=" + kit.ENV["PATH"]]
    yield "no HOME", {"HOME": ""}, ["env", "-u", "HOME"]
    yield "LC_ALL of no locale", {"LC_ALL": "xx_YY.UTF-8"}, []
    for name in locales():
        yield "LC_ALL=" + name, {"LC_ALL": name}, []
    yield "20 columns", {"COLUMNS": "20", "TERM": "xterm"}, []
    yield "TERM=dumb, NO_COLOR", {"TERM": "dumb", "NO_COLOR": "1"}, []
    yield "TZ", {"TZ": "Asia/Kathmandu"}, []
    yield "4 threads", {"SS_THREADS": "4"}, []
    yield "stack of 1 MiB", {}, ["sh", "-c", 'ulimit -s 1024; exec "$@"', "sh"]
    yield "40 descriptors", {}, ["sh", "-c", 'ulimit -n 40; exec "$@"', "sh"]
    yield "umask 077", {}, ["sh", "-c", 'umask 077; exec "$@"', "sh"]
    if outputs.sane() and shutil.which("unshare") and subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/proc"],
                                                  stderr=subprocess.DEVNULL).returncode == 0:
        yield "no /proc", {}, ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc; exec "$@"', "sh"]


@fault("R38", "locale, umask, no HOME, no /proc, few descriptors, any terminal: the same bytes")
def odd_places(row, fix, short):
    outputs.prepare(fix)
    trials = []

    def trial(name, source, template, change, before):
        def f(folder):
            want = outputs.wanted_output(fix, name, source, template, folder)
            argv = outputs.writer(fix, name, source, template)
            e = call(before + argv, folder, env=change or {})
            if e.status != DONE:
                return "status %s, %s" % (e.status, e.err[:200])
            if kit.bytes_of(os.path.join(folder, "out")) != want:
                return "other bytes"
            mode = os.stat(os.path.join(folder, "out")).st_mode & 0o777
            return "mode %o" % mode if before[:3] == ["sh", "-c", 'umask 077; exec "$@"'] and mode != 0o600 else None
        return f

    for what, change, before in surroundings():
        for name, source, template in READING[:4] if short else READING:
            trials.append(("%s, %s" % (name, what), trial(name, source, template, change, before)))
    side_by_side(row, trials)


@fault("R38b", "standard descriptors closed, each and together")
def closed(row, fix, short):
    """With -o and a named input the result is the same; nothing lands in the wrong file."""
    trials = []

    def trial(name, source, template, which):
        def f(folder):
            want = outputs.wanted_output(fix, name, source, template, folder)
            argv = outputs.writer(fix, name, source, template)
            line = 'exec "$@" ' + " ".join({0: "<&-", 1: ">&-", 2: "2>&-"}[k] for k in which)
            e = call(["sh", "-c", line, "sh"] + argv, folder)
            if e.status != DONE:
                return "status %s, %s" % (e.status, e.err[:200])
            return None if kit.bytes_of(os.path.join(folder, "out")) == want else "other bytes"
        return f

    for which in [w for n in (1, 2, 3) for w in itertools.combinations((0, 1, 2), n)]:
        for name, source, template in READING[:3] if short else READING:
            trials.append(("%s without %s" % (name, which), trial(name, source, template, which)))
    side_by_side(row, trials)


@fault("R20", "frames of another size: the same content")
def frames(row, fix, short):
    """Of the tools whose output is a stream, by digest."""
    import sst_write
    trials = []
    r = random.Random(3)
    pixels = bytes(r.randrange(256) for _ in range(40 * 3 * kit.SIDE * kit.SIDE))
    index = b"".join(i.to_bytes(8, "little") for i in range(40))
    tensors = [("image", "u8", (3, kit.SIDE, kit.SIDE), pixels), ("index", "u64", (), index)]

    def trial(template):
        def f(folder):
            digests = set()
            for n in (1, 7, 16, 40):
                sst_write.write(os.path.join(folder, "in.sst"), tensors, per_frame=n)
                e = call(fill(template, fix, "in.sst") + ["--force"], folder)
                if e.status != DONE:
                    return "status %s, %s" % (e.status, e.err[:200])
                digests.add(call(["ss-info", "--digest", "out"], folder).out)
            return None if len(digests) == 1 else "%d digests" % len(digests)
        return f

    for template in ("ss-cat -o OUT IN", "ss-sample --shuffle --fraction 0.5 -o OUT IN", "ss-augment --two-views -o OUT IN",
                     "ss-embed -t 2 -m FIX/model.safetensors -o OUT IN"):
        trials.append((template, trial(template)))
    side_by_side(row, trials)


@fault("R32", "any words as options: a status and a message, no crash")
def words(row, fix, short):
    """Options that a tool has, with values from a list of awkward ones; and words that are none."""
    values = ["", "0", "-1", "1", "2", "1e999", "-1e-999", "nan", "inf", "0x10", "1,2", ",", "99999999999999999999", "9223372036854775807",
              "18446744073709551616", "a" * 5000, "\xff", "%n%s", "../..", "/", "-", "--", "none", "all", "none,none", "64bnr,8b", "8bnr,8bN",
              "/dev/null", "images.sst", "model.safetensors", "1/0", "0/1", "1:2"]
    trials = []

    def trial(tool, argv):
        def f(folder):
            e = call(["timeout", "20", tool] + argv, fix_copy(folder))
            if not isinstance(e.status, int) or e.status < 0 or e.status > 6 and e.status not in (75,):
                return "status %s: %s" % (e.status, argv)
            return "status %d without a word" % e.status if e.status in (1, 2, 3, 4) and not e.err.strip() and tool != "ss-cmp" else None
        return f

    def fix_copy(folder):
        for n in ("images.sst", "features.sst", "views.sst", "model.safetensors"):
            os.link(os.path.join(fix, n), os.path.join(folder, n))
        return folder

    for tool in sorted(n for n in os.listdir(kit.BIN) if n.startswith("ss-")):
        help_text = call([tool, "--help"], "/").out.decode().split()
        options = sorted({w.rstrip(",;:.)") for w in help_text if w.startswith("-") and len(w) > 1})
        r = random.Random(tool)
        for i in range(6 if short else 150):
            argv = []
            for _ in range(r.randrange(1, 5)):
                argv.append(r.choice(options))
                if r.random() < 0.7:
                    argv.append(r.choice(values).encode("latin-1").decode("utf-8", "surrogateescape"))
            if r.random() < 0.7:
                argv.append(r.choice(["images.sst", "features.sst", "views.sst"]))
            trials.append(("%s %d" % (tool, i), trial(tool, argv)))
    side_by_side(row, trials)
