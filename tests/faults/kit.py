"""kit - what the fault tests share: the tools and how each is called, small inputs, trials side by side

A fault is tried in trials. A trial gets a folder of its own, and says what went wrong, or nothing.
"""
import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import sst_write  # noqa: E402

BIN = os.environ.get("BIN", os.path.join(TOP, "build", "bin"))
ENV = {k: v for k, v in os.environ.items() if not k.startswith("SS_")}
ENV.update(PATH=BIN + ":" + ENV.get("PATH", ""), LC_ALL="C")
DONE, FAILED, MISUSED, DAMAGED, UPSTREAM, NONFINITE, COLLAPSED, STOPPED = 0, 1, 2, 3, 4, 5, 6, 75
TIMEOUT = 120
HEADS = ["--projector", "8bnr,8bN", "--predictor", "4bnr,8b"]
TRAIN = ["ss-train", "-q", "-t", "1", "--batch", "4"] + HEADS

# Tools that read streams: name, which input (IN stands for it), and the output it publishes (OUT), if it does.
READERS = [
    ("cat", "images", "ss-cat -o OUT IN"),
    ("cat second", "images", "ss-cat -o OUT FIX/images.sst IN"),
    ("cat columns", "images", "ss-cat --columns -o OUT FIX/labels.sst IN"),
    ("sample", "images", "ss-sample --every 2 -o OUT IN"),
    ("sample held", "images", "ss-sample --shuffle --fraction 0.5 -o OUT IN"),
    ("augment", "images", "ss-augment --two-views -o OUT IN"),
    ("embed", "images", "ss-embed -t 1 -m FIX/model.safetensors -o OUT IN"),
    ("train", "views", " ".join(TRAIN) + " -o OUT IN"),
    ("info check", "images", "ss-info --check IN"),
    ("info", "images", "ss-info IN"),
    ("info digest", "images", "ss-info --digest IN"),
    ("cmp", "images", "ss-cmp FIX/images.sst IN"),
    ("export npz", "features", "ss-export --format npz -o OUT IN"),
    ("export tsv", "features", "ss-export --format tsv -o OUT IN"),
    ("grid", "images", "ss-grid -o OUT IN"),
    ("grid by", "images", "ss-grid --by FIX/by.tsv -o OUT IN"),
    ("knn bank", "features", "ss-knn -t 1 -k 2 --bank IN --query FIX/features.sst"),
    ("knn query", "features", "ss-knn -t 1 -k 2 --bank FIX/features.sst --query IN"),
    ("knn near", "features", "ss-knn -t 1 --neighbours --bank IN --query FIX/features.sst"),
    ("dups", "features", "ss-dups -t 1 --threshold 0 IN"),
    ("linprobe train", "features", "ss-linprobe -t 1 --train IN --test FIX/features.sst"),
    ("linprobe test", "features", "ss-linprobe -t 1 --train FIX/features.sst --test IN"),
    ("top1", "features", "ss-top1 IN"),
    ("health", "features", "ss-health -t 1 IN"),
    ("map", "features", "ss-map -t 1 --method pca -o OUT IN"),
]
RECORDS, PER_FRAME, SIDE, WIDTH = 8, 3, 8, 5


def fixtures(folder):
    """Streams of three frames, a model, and its weights for others."""
    os.makedirs(folder, exist_ok=True)
    r = random.Random(1)
    labels = ("label", "i32", (), b"".join(i.to_bytes(4, "little") for i in [0, 1, 2, 0, 1, 2, 0, 1]))
    index = ("index", "u64", (), b"".join(i.to_bytes(8, "little") for i in range(RECORDS)))
    import struct
    floats = struct.pack("<%df" % (RECORDS * WIDTH), *(r.gauss(0, 1) for _ in range(RECORDS * WIDTH)))

    def pictures(name):
        return name, "u8", (3, SIDE, SIDE), bytes(r.randrange(256) for _ in range(RECORDS * 3 * SIDE * SIDE))

    names = ("@LB\tID:0\tNM:cat", "@LB\tID:1\tNM:dog", "@LB\tID:2\tNM:horse")
    for name, tensors in (("images", [pictures("image"), labels, index]), ("labels", [index]),
                          ("views", [pictures("view1"), pictures("view2"), index]),
                          ("features", [("embedding", "f32", (WIDTH,), floats), labels, index])):
        sst_write.write(os.path.join(folder, name + ".sst"), tensors, "noise",
                        names if labels in tensors else (), per_frame=PER_FRAME)
    put(os.path.join(folder, "by.tsv"), b"group\tname\n1\t0\n1\t3\n2\t7\n")
    call(TRAIN + ["-o", "model.safetensors", "views.sst"], folder)
    call(["ss-model", "export", "-o", "state.npz", "model.safetensors"], folder)
    return folder


def bytes_of(path):
    with open(path, "rb") as f:
        return f.read()


def put(path, data):
    with open(path, "wb") as f:
        f.write(data)


class Ended:
    """How a program ended: status (negative: killed by that signal), stdout, stderr as text."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


def call(argv, folder, data=None, env=None, timeout=TIMEOUT, **more):
    """Runs a program in a folder; data: its standard input."""
    e = dict(ENV, **env) if env else ENV
    try:
        p = subprocess.run(argv, cwd=folder, env=e, input=b"" if data is None else data, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=timeout, **more)
    except subprocess.TimeoutExpired:
        return Ended("timeout", b"", "")
    return Ended(p.returncode, p.stdout, p.stderr.decode("utf-8", "replace"))


def fill(template, fix, source, out="out"):
    """The words of a command line, with its places filled in."""
    return [w.replace("FIX", fix) if w.startswith("FIX") else {"IN": source, "OUT": out}.get(w, w)
            for w in template.split()]


def one_line(err, *wanted):
    """Complaint unless stderr is one line that has every text wanted."""
    lines = err.splitlines()
    if len(lines) != 1:
        return "%d lines on stderr: %s" % (len(lines), err[:200])
    for w in wanted:
        if w not in lines[0]:
            return "no '%s' in: %s" % (w, lines[0])
    return None


def left_over(folder, but=()):
    """Names in a folder that should not be there."""
    return sorted(set(os.listdir(folder)) - set(but))


ROWS = []       # (number, what, function of (row, folder of fixtures, whether to be short))


def fault(number, what):
    """Decorates the function that tries a fault."""
    def note(f):
        ROWS.append((number, what, f))
        return f
    return note


class Row:
    """One fault: what was tried, what held, the worst value of what there is to measure."""

    def __init__(self, number, what):
        self.number, self.what = number, what
        self.tried = self.held = 0
        self.worst, self.wrong, self.skipped = "", [], None

    def trial(self, name, complaint):
        self.tried += 1
        if complaint is None:
            self.held += 1
        else:
            self.wrong.append("%s: %s" % (name, complaint))

    def skip(self, why):
        self.skipped = why


def side_by_side(row, trials, workers=None):
    """trials: (name, function of a folder that returns a complaint or None). Counted in their order."""
    base = tempfile.mkdtemp(prefix="faults.")

    def one(job):
        i, (name, f) = job
        folder = os.path.join(base, str(i))
        os.mkdir(folder)
        try:
            return name, f(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    try:
        with concurrent.futures.ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))) as pool:
            for name, complaint in pool.map(one, enumerate(trials)):
                row.trial(name, complaint)
    finally:
        shutil.rmtree(base, ignore_errors=True)
