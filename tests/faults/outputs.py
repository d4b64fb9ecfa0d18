"""outputs - R10, R11, R12, R30, R31: disks that are full, calls that fail or come back early, links, folders that go away

Calls are made to fail by strace, short and interrupted ones by shim.c, which is preloaded.
"""
import os
import re
import resource
import shutil
import subprocess

import kit
from kit import DONE, FAILED, MISUSED, call, fault, fill, one_line, put, side_by_side

# What writes files: name, which fixture it reads, command; OUT is the output.
WRITERS = [(n, s, t) for n, s, t in kit.READERS if " -o OUT" in t and n not in ("cat second", "sample held", "export tsv")] + [
    ("load", "images", "ss-load shapes --records 8 --size 16 -o OUT"),
    ("plot", "images", "ss-plot -o OUT FIX/log.jsonl"),
    ("train log", "views", " ".join(kit.TRAIN) + " -o model --log OUT IN"),
    ("export npy", "features", "ss-export --format npy --tensor embedding -o OUT IN"),
    ("map tsv", "features", "ss-map -t 1 --method pca --tsv OUT IN"),
    ("model import", "images", "ss-model import -q -o OUT FIX/state.npz"),
    ("model export", "images", "ss-model export -o OUT FIX/model.safetensors"),
    ("model npz", "images", "ss-model export --format npz -o OUT FIX/model.safetensors"),
]
# Those that write to standard output if they are told nothing else.
PRINTERS = [("load", "ss-load shapes --records 8 --size 16"), ("cat", "ss-cat FIX/images.sst"),
            ("sample", "ss-sample --every 2 FIX/images.sst"), ("augment", "ss-augment --two-views FIX/images.sst"),
            ("embed", "ss-embed -t 1 -m FIX/model.safetensors FIX/images.sst"), ("info", "ss-info FIX/images.sst"),
            ("cmp", "ss-cmp FIX/images.sst FIX/views.sst"), ("export tsv", "ss-export --format tsv FIX/features.sst"),
            ("export npz", "ss-export --format npz FIX/features.sst"), ("grid", "ss-grid FIX/images.sst"),
            ("knn", "ss-knn -t 1 -k 2 --bank FIX/features.sst --query FIX/features.sst"),
            ("knn near", "ss-knn -t 1 --neighbours --bank FIX/features.sst --leave-one-out"),
            ("dups", "ss-dups -t 1 --threshold 0 FIX/features.sst"), ("dups rest", "ss-dups -t 1 --threshold 0 --rest -0 FIX/features.sst"),
            ("linprobe", "ss-linprobe -t 1 --train FIX/features.sst --test FIX/features.sst"), ("top1", "ss-top1 FIX/features.sst"),
            ("health", "ss-health -t 1 FIX/features.sst"), ("map", "ss-map -t 1 --method pca FIX/features.sst"),
            ("plot", "ss-plot FIX/log.jsonl"), ("model npz", "ss-model export --format npz -o - FIX/model.safetensors")]
CALLS = "write,writev,pwrite64,fsync,fdatasync,close,rename,renameat,renameat2,link,linkat,ftruncate,fallocate,fchmod,flock,fcntl," \
    "unlink,unlinkat,openat"


def can_trace():
    try:
        return subprocess.run(["strace", "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def sane():
    return b"sanitize" not in call(["ss-info", "--version"], "/").out


def prepare(fix):
    """A log to plot, and what every writer makes when nothing fails."""
    if not os.path.exists(os.path.join(fix, "log.jsonl")):
        call(kit.TRAIN + ["-o", "m2", "--log", "log.jsonl", "views.sst"], fix)


def writer(fix, name, source, template):
    """Without a history, in which the input's name would stand."""
    return fill(template, fix, os.path.join(fix, source + ".sst")) + ["--force", "--no-history"]


def wanted_output(fix, name, source, template, folder):
    """Makes the output undisturbed; its bytes."""
    e = call(writer(fix, name, source, template), folder)
    if e.status != DONE:
        raise RuntimeError("%s: %s" % (name, e.err))
    b = kit.bytes_of(os.path.join(folder, "out"))
    for n in os.listdir(folder):
        os.remove(os.path.join(folder, n))
    return b


OLD = b"what was there before\n"


def judge(folder, e, want, but=("out",)):
    """After a failure the old file stands alone and untouched; after success the new one, whole."""
    if e.status == "timeout" or (isinstance(e.status, int) and e.status < 0):
        return "status %s" % e.status
    have = kit.bytes_of(os.path.join(folder, "out")) if os.path.exists(os.path.join(folder, "out")) else None
    left = kit.left_over(folder, list(but) + ["trace"])
    if e.status == DONE:
        return "success, and not the right bytes" if have != want else ("left behind: %s" % left if left else None)
    if left:
        return "status %s, left behind: %s" % (e.status, left)
    if have not in (OLD, want):
        return "status %s, the old file is %s" % (e.status, "gone" if have is None else "destroyed")
    return None if e.err.strip() else "status %s without a word" % e.status


def count_calls(folder, argv):
    """How often each call was made, behind the start of the program."""
    call(["strace", "-f", "-qq", "-o", "trace", "-e", "trace=" + CALLS] + argv, folder)
    calls = {}
    for line in kit.bytes_of(os.path.join(folder, "trace")).decode("utf-8", "replace").splitlines():
        m = re.match(r"\d+ +(\w+)\(", line)
        if m:
            calls[m.group(1)] = calls.get(m.group(1), 0) + 1
    return calls


ERRORS = {"openat": "EMFILE", "close": "EIO", "fsync": "EIO", "fdatasync": "EIO", "rename": "EIO", "renameat": "EIO",
          "renameat2": "EIO", "unlink": "EIO", "unlinkat": "EIO", "flock": "ENOLCK", "fcntl": "EINVAL"}


@fault("R10", "each call that touches an output fails in turn")
def failing_calls(row, fix, short):
    if not can_trace() or not sane():
        return row.skip("strace is not there or not allowed, or sanitizers are on")
    prepare(fix)
    trials = []
    base = os.path.join(fix, "count")
    os.makedirs(base, exist_ok=True)
    for name, source, template in WRITERS[:3] if short else WRITERS:
        want = wanted_output(fix, name, source, template, base)
        argv = writer(fix, name, source, template)
        put(os.path.join(base, "out"), OLD)
        calls = count_calls(base, argv)
        for n in os.listdir(base):
            os.remove(os.path.join(base, n))

        def trial(what, k, argv=argv, want=want, name=name):
            def f(folder):
                put(os.path.join(folder, "out"), OLD)
                e = call(["strace", "-f", "-qq", "-o", "trace", "-e", "inject=%s:error=%s:when=%d" %
                          (what, ERRORS.get(what, "ENOSPC"), k)] + argv, folder)
                if name.startswith("train"):
                    return judge_run(folder, e, want, name)
                return judge(folder, e, want)
            return f

        for what, n in sorted(calls.items()):
            # Nothing else takes away a name that cannot be taken away: of a temporary, of a lock that nobody holds any more.
            if what == "unlink" and (name == "export npz" or name.startswith("train")):
                continue
            for k in range(1, n + 1):
                if not short or what in ("writev", "fsync", "rename"):
                    trials.append(("%s, %s %d" % (name, what, k), trial(what, k)))
    side_by_side(row, trials)


def judge_run(folder, e, want, name):
    """A run that fails leaves its last checkpoint, from which it can go on, or nothing but the old file."""
    if e.status == "timeout" or e.status < 0:
        return "status %s" % e.status
    path = os.path.join(folder, "out")
    model = os.path.join(folder, "model" if name == "train log" else "out")
    left = kit.left_over(folder, ["out", "model", "trace"])
    if left:
        return "status %s, left behind: %s" % (e.status, left)
    if e.status == DONE:
        return None if name == "train log" or kit.bytes_of(path) == want else "success, and not the right bytes"
    if not e.err.strip():
        return "status %s without a word" % e.status
    if os.path.exists(model) and kit.bytes_of(model) != OLD and call(["ss-info", "--check", model], folder).status != DONE:
        return "a damaged checkpoint"
    return None if os.path.exists(path) or name == "train log" else "the old file is gone"


@fault("R10b", "full disks: /dev/full, a file size limit, a small tmpfs")
def full(row, fix, short):
    prepare(fix)
    trials = []

    def to_full(template):
        def f(folder):
            with open("/dev/full", "wb") as out:
                p = subprocess.run(fill(template, fix, ""), cwd=folder, env=kit.ENV, stdout=out, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, timeout=kit.TIMEOUT)
            err = p.stderr.decode()
            if p.returncode not in (FAILED, MISUSED):
                return "status %d, %s" % (p.returncode, err)
            return one_line(err.splitlines()[-1], "standard output", "No space left")
        return f

    def named_full(name, source, template):
        def f(folder):
            e = call(fill(template, fix, os.path.join(fix, source + ".sst"), "/dev/full"), folder)
            return "status %s, %s" % (e.status, e.err) if e.status != FAILED else one_line(e.err, "/dev/full", "No space left")
        return f

    def limited(name, source, template, limit):
        def f(folder):
            put(os.path.join(folder, "out"), OLD)
            want = None
            e = call(writer(fix, name, source, template), folder,
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
            if e.status != FAILED:
                return "status %s, %s" % (e.status, e.err)
            if "train" in name:
                return judge_run(folder, e, want, name)
            return judge(folder, e, want) or one_line(e.err, "File too large")
        return f

    for name, template in PRINTERS:
        trials.append(("%s > /dev/full" % name, to_full(template)))
    for name, source, template in WRITERS:
        if not name.startswith("train"):
            trials.append(("%s -o /dev/full" % name, named_full(name, source, template)))
        for limit in (0, 100):
            trials.append(("%s, files of at most %d bytes" % (name, limit), limited(name, source, template, limit)))
    side_by_side(row, trials)
    if not short:
        small_tmpfs(row, fix)


def small_tmpfs(row, fix):
    """In a file system of 64 kB: the old file stays, nothing else does. Needs the right to mount."""
    place = os.path.join(fix, "small")
    os.makedirs(place, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], stderr=subprocess.DEVNULL).returncode != 0:
        return
    try:
        for name, source, template in WRITERS:
            if name in ("train log", "plot", "map tsv", "export npy", "export npz", "map", "grid"):
                continue
            put(os.path.join(place, "out"), OLD)
            with open(os.path.join(place, "filler"), "wb", buffering=0) as f:
                try:
                    while True:
                        f.write(bytes(4096))
                except OSError:
                    pass
            e = call(writer(fix, name, source, template), place)
            os.remove(os.path.join(place, "filler"))
            complaint = "status %s" % e.status if e.status != FAILED else judge(place, e, None) or one_line(e.err, "No space left")
            row.trial("%s in a full tmpfs" % name, complaint)
            for n in os.listdir(place):
                os.remove(os.path.join(place, n))
    finally:
        subprocess.run(["umount", place])


def build_shim(fix):
    path = os.path.join(fix, "shim.so")
    if not os.path.exists(path):
        cc = os.environ.get("CC", "cc").split()
        if subprocess.run(cc + ["-O1", "-shared", "-fPIC", "-o", path, os.path.join(kit.HERE, "shim.c"), "-ldl"],
                          stderr=subprocess.DEVNULL).returncode != 0:
            return None
    return path


@fault("R12", "short reads and writes, interrupted calls")
def short_calls(row, fix, short):
    shim = build_shim(fix)
    if shim is None or not sane():
        return row.skip("no compiler, or sanitizers are on")
    prepare(fix)
    trials = []

    def trial(name, source, template, how):
        def f(folder):
            want = wanted_output(fix, name, source, template, folder)
            for piped in (False, True):
                argv = writer(fix, name, source, template)
                data = None
                if piped and "IN" in template.split():
                    argv = fill(template, fix, "-") + argv[-2:]
                    data = kit.bytes_of(os.path.join(fix, source + ".sst"))
                e = call(argv, folder, data, env=dict(how, LD_PRELOAD=shim))
                if e.status != DONE:
                    return "status %s, %s" % (e.status, e.err[:200])
                if not same(kit.bytes_of(os.path.join(folder, "out")), want, name):
                    return "other bytes"
            return None
        return f

    def printing(template, how):
        def f(folder):
            want = call(fill(template, fix, ""), folder)
            have = call(fill(template, fix, ""), folder, env=dict(how, LD_PRELOAD=shim))
            return None if (have.status, have.out) == (want.status, want.out) else "status %s, %s" % (have.status, have.err[:200])
        return f

    hows = [{"SHIM_SHORT": "1"}, {"SHIM_SHORT": "13"}, {"SHIM_EINTR": "2"}, {"SHIM_SHORT": "7", "SHIM_EINTR": "3"}]
    for how in hows[-1:] if short else hows:
        what = " ".join("%s=%s" % x for x in how.items())
        for name, source, template in WRITERS:
            trials.append(("%s, %s" % (name, what), trial(name, source, template, how)))
        for name, template in PRINTERS:
            trials.append(("%s, %s" % (name, what), printing(template, how)))
    side_by_side(row, trials)


def same(have, want, name):
    """A log has times, which differ."""
    if name != "train log":
        return have == want
    timeless = re.compile(rb'"(seconds|images_per_second|[a-z_]*_seconds|eta|waiting)":[-0-9.e+]*,?')
    return timeless.sub(b"", have) == timeless.sub(b"", want)


@fault("R30", "links, folders that cannot be written, outputs that exist")
def links(row, fix, short):
    prepare(fix)
    trials = []

    def over_link(name, source, template):
        def f(folder):
            want = wanted_output(fix, name, source, template, folder)
            put(os.path.join(folder, "target"), OLD)
            os.symlink("target", os.path.join(folder, "out"))
            e = call(writer(fix, name, source, template), folder)
            if e.status != DONE or kit.bytes_of(os.path.join(folder, "target")) != OLD or os.path.islink(os.path.join(folder, "out")):
                return "status %s: the link's target was written, or the link stays" % e.status
            return None if same(kit.bytes_of(os.path.join(folder, "out")), want, name) else "other bytes"
        return f

    def exists(name, source, template):
        def f(folder):
            put(os.path.join(folder, "out"), OLD)
            e = call(fill(template, fix, os.path.join(fix, source + ".sst")), folder)
            if e.status != MISUSED:
                return "status %s, %s" % (e.status, e.err)
            return one_line(e.err, "exists", "--force") or judge(folder, e, None, ["out", "model"])
        return f

    def absent(name, source, template):
        def f(folder):
            e = call(fill(template, fix, os.path.join(fix, source + ".sst"), "none/out"), folder)
            left = kit.left_over(folder, ["model"])
            return "status %s, left %s" % (e.status, left) if e.status != FAILED or left else one_line(e.err, "none/out")
        return f

    def planted(name, source, template):
        """Somebody has put a link where the temporary would be: it is not followed."""
        def f(folder):
            put(os.path.join(folder, "victim"), OLD)
            os.symlink("victim", os.path.join(folder, ".out.tmp"))
            e = call(writer(fix, name, source, template), folder)
            if kit.bytes_of(os.path.join(folder, "victim")) != OLD:
                return "the planted link was followed"
            return None if e.status in (DONE, FAILED) else "status %s" % e.status
        return f

    for name, source, template in WRITERS:
        if name == "train log":         # written line by line, where it stands
            trials.append(("%s over an old file" % name, exists(name, source, template)))
            continue
        for what, f in (("over a link", over_link), ("over an old file", exists), ("in no folder", absent), ("beside a planted link", planted)):
            trials.append(("%s %s" % (name, what), f(name, source, template)))
    side_by_side(row, trials)


@fault("R31", "the output's folder vanishes or cannot be written in a run")
def vanishing(row, fix, short):
    """The pipe holds the stream back until the folder is gone."""
    trials = []

    def trial(name, source, template):
        def f(folder):
            place = os.path.join(folder, "place")
            os.mkdir(place)
            data = kit.bytes_of(os.path.join(fix, source + ".sst"))
            p = subprocess.Popen(fill(template, fix, "-", "place/out"), cwd=folder, env=kit.ENV, stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            p.stdin.write(data[:-200])
            p.stdin.flush()
            wait_for(place, p)
            shutil.rmtree(place)
            try:
                p.stdin.write(data[-200:])
                p.stdin.close()
            except BrokenPipeError:
                pass
            err = p.stderr.read().decode()
            status = p.wait(kit.TIMEOUT)
            return "status %d, %s" % (status, err) if status != FAILED else one_line(err, "place/out")
        return f

    for name, source, template in WRITERS:
        if "IN" in template.split() and name not in ("train log", "export npz", "export npy", "map", "map tsv", "grid", "cat columns"):
            trials.append(("%s, folder removed" % name, trial(name, source, template)))
    side_by_side(row, trials)


def wait_for(place, p):
    """Until something is in the folder, or the program has ended."""
    import time
    for _ in range(2000):
        if os.listdir(place) or p.poll() is not None:
            return
        time.sleep(0.005)
