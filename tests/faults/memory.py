"""memory - R13, R14: requests for memory that fail, and what a run takes"""
import os
import random
import re
import resource
import shutil
import signal
import subprocess

import kit
import outputs
import photos
from kit import DONE, FAILED, call, fault, fill, put, side_by_side


def commands(fix):
    """name, argv, whether standard output counts."""
    for name, source, template in outputs.WRITERS:
        if name not in ("train log", "map tsv", "export npy"):
            yield name, outputs.writer(fix, name, source, template), False
    for name, template in outputs.PRINTERS:
        if name in ("info", "cmp", "export tsv", "knn", "knn near", "dups", "dups rest", "linprobe", "top1", "health"):
            yield name, fill(template, fix, ""), True
    yield "info model", ["ss-info", os.path.join(fix, "model.safetensors")], True
    for name, argv in photos.commands(fix):
        yield name, argv, True
    yield "cmp models", ["ss-cmp", os.path.join(fix, "model.safetensors"), os.path.join(fix, "m2")], True


@fault("R13", "each request for memory fails, once and from then on")
def no_memory(row, fix, short):
    shim = outputs.build_shim(fix)
    if shim is None or not outputs.sane():
        return row.skip("no compiler, or sanitizers are on")
    outputs.prepare(fix)
    trials, most = [], 0
    base = os.path.join(fix, "requests")
    os.makedirs(base, exist_ok=True)
    helps = [("help " + tool, [tool, "--help"], True) for tool in sorted(os.listdir(kit.BIN))]
    for i, (name, argv, prints) in enumerate(list(commands(fix)) + helps):
        want = call(argv, base, env={"LD_PRELOAD": shim, "SHIM_COUNT": "count"})
        if want.status not in (DONE, 1, 6):
            row.trial(name, "undisturbed: status %s, %s" % (want.status, want.err))
            continue
        n = int(kit.bytes_of(os.path.join(base, "count")))
        made = None if prints else kit.bytes_of(os.path.join(base, "out"))
        for left in os.listdir(base):
            os.remove(os.path.join(base, left))
        most = max(most, n)
        which = sorted(random.Random(i).sample(range(1, n + 1), min(4, n))) if short else range(1, n + 1)
        for k in which:
            for forever in (False, True):
                trials.append(("%s, request %d of %d%s" % (name, k, n, " and all behind" if forever else ""),
                               trial(shim, name, argv, k, forever, want, made)))
    side_by_side(row, trials)
    row.worst = "%d requests at most" % most


def trial(shim, name, argv, k, forever, want, made):
    def f(folder):
        if made is not None:
            put(os.path.join(folder, "out"), outputs.OLD)
        e = call(argv, folder, env={"LD_PRELOAD": shim, "SHIM_ALLOC": str(k), "SHIM_FOREVER": str(int(forever))})
        if e.status == want.status and (made is not None or e.out == want.out):
            # What did without: the right result all the same.
            if made is None:
                return None
            return outputs.judge_run(folder, e, made, name) if name == "train" else outputs.judge(folder, e, made)
        if e.status != FAILED and not (e.status == 2 and name.startswith("cmp")):
            return "status %s, %s" % (e.status, e.err[:200])
        if not re.search("memory|cannot start", e.err):
            return "no word of memory: %s" % e.err[:200]
        if len(e.err.splitlines()) != 1:
            return "more than one line: %s" % e.err[:300]
        if made is None:
            return None
        return outputs.judge_run(folder, e, made, name) if name == "train" else outputs.judge(folder, e, made)
    return f


@fault("R14", "an address space of a given size: done, or one line")
def little_space(row, fix, short):
    if not outputs.sane():
        return row.skip("sanitizers are on")
    outputs.prepare(fix)
    trials = []

    def limited(name, argv, mib, made):
        def f(folder):
            if made:
                put(os.path.join(folder, "out"), outputs.OLD)
            e = call(argv, folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20)))
            if e.status == 127 or "error while loading shared libraries" in e.err or \
                    (e.status == -signal.SIGINT and "OpenBLAS blas_thread_init" in e.err):
                return None         # the loader's own end, or OpenBLAS' as it is loaded, before there is a program
            if e.status in (DONE, 6) or (e.status == 1 and name == "cmp"):
                return None
            if e.status not in (FAILED, 2):
                return "status %s, %s" % (e.status, e.err[:200])
            if not e.err.strip():
                return "status %s without a word" % e.status
            return outputs.judge_run(folder, e, None, name) if name == "train" else \
                outputs.judge(folder, e, None) if made else None
        return f

    for name, argv, prints in commands(fix):
        for mib in ([24, 96] if short else [8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256]):
            trials.append(("%s in %d MiB" % (name, mib), limited(name, argv, mib, not prints)))
    side_by_side(row, trials)


@fault("R14b", "the memory that ss-train announces, against what it takes")
def announced(row, fix, short):
    """Within a fifth, and 64 MiB for the program itself."""
    runs = [("resnet20", 32, 32), ("resnet20", 32, 256), ("resnet18", 32, 16)] + \
        ([] if short else [("resnet20v2", 32, 128), ("resnet18", 32, 64), ("resnet50", 32, 16), ("resnet20", 64, 64)])
    worst = 0.0
    for arch, side, batch in runs[:1] if short else runs:
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            load = subprocess.Popen(["ss-load", "shapes", "--size", str(side), "--records", str(2 * batch)], env=kit.ENV,
                                    stdout=subprocess.PIPE)
            views = subprocess.Popen(["ss-augment", "--two-views"], env=kit.ENV, stdin=load.stdout, stdout=subprocess.PIPE)
            load.stdout.close()
            train = subprocess.Popen(["ss-train", "-v", "-t", "2", "--arch", arch, "--batch", str(batch), "-o", "m"], cwd=folder,
                                     env=kit.ENV, stdin=views.stdout, stderr=subprocess.PIPE)
            views.stdout.close()
            err = train.stderr.read().decode()
            _, status, usage = os.wait4(train.pid, 0)
            train.returncode = os.waitstatus_to_exitcode(status)
            load.wait()
            views.wait()
        said = re.search(r"([0-9.]+) (GB|MB) of memory", err)
        what = "%s, %d x %d, batch %d" % (arch, side, side, batch)
        if train.returncode != 0 or not said:
            row.trial(what, "status %d, %s" % (train.returncode, err[:200]))
            continue
        says = float(said.group(1)) * (1000 if said.group(2) == "GB" else 1)
        took = usage.ru_maxrss * 1024 / 1e6
        off = max(says / took, took / says) - 1
        worst = max(worst, off)
        row.trial(what, None if abs(says - took) <= 0.2 * took + 64 else "said %.0f MB, took %.0f" % (says, took))
    row.worst = "%.0f %% off" % (100 * worst)


@fault("R33", "valgrind over every tool")
def valgrind(row, fix, short):
    """Each tool once, on little; kernels are those of the CPU that valgrind plays."""
    if short or shutil.which("valgrind") is None or not outputs.sane():
        return row.skip("not in the short part" if short else "valgrind is not there, or sanitizers are on")
    outputs.prepare(fix)

    def trial(argv):
        def f(folder):
            want = call(argv, folder)
            e = call(["valgrind", "-q", "--error-exitcode=99"] + argv, folder, timeout=600)
            if (e.status, e.out) != (want.status, want.out):
                return "status %s, %s" % (e.status, e.err[:600])
            return None if "==" not in e.err else e.err[:600]
        return f

    side_by_side(row, [(name, trial(argv)) for name, argv, _ in commands(fix)])
