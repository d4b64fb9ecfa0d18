"""runs - R15 to R18, R22, R24, R34, R40: training that is killed, stopped, resumed, or goes astray"""
import os
import random
import re
import signal
import struct
import subprocess
import time

import kit
import outputs
import sst_write
from kit import COLLAPSED, DONE, FAILED, MISUSED, NONFINITE, STOPPED, call, fault, one_line, put, side_by_side

EPOCHS, RECORDS = 4, 48
RUN = kit.TRAIN + ["--checkpoint-every", "1", "-o", "out"]


def long_views(fix):
    """A stream of 48 steps, and the model at its end."""
    path, end = os.path.join(fix, "long.sst"), os.path.join(fix, "end.safetensors")
    if not os.path.exists(end):
        r = random.Random(7)
        side = 3 * kit.SIDE * kit.SIDE
        views = [("view%d" % v, "u8", (3, kit.SIDE, kit.SIDE), bytes(r.randrange(256) for _ in range(RECORDS * side)))
                 for v in (1, 2)]
        index = ("index", "u64", (), b"".join(struct.pack("<Q", i) for i in range(RECORDS)))
        sst_write.write(path, views + [index], "noise", epochs=EPOCHS, per_frame=7)
        e = call(RUN + [path], fix)
        if e.status != DONE:
            raise RuntimeError(e.err)
        os.rename(os.path.join(fix, "out"), end)
    return path, kit.bytes_of(end)


def sound(folder, name="out"):
    return call(["ss-info", "--check", name], folder).status == DONE


def to_the_end(folder, path, want, more=()):
    """Goes on undisturbed; complaint unless it ends in the same bytes and leaves nothing behind."""
    e = call(RUN + list(more) + ["--resume", path], folder)
    if e.status != DONE:
        return "going on: status %s, %s" % (e.status, e.err[:200])
    if kit.bytes_of(os.path.join(folder, "out")) != want:
        return "other bytes at the end"
    left = [n for n in os.listdir(folder) if n.startswith(".") or n.endswith(".tmp")]
    return "left behind: %s" % left if left else None


def start(folder, path, more=(), before=()):
    return subprocess.Popen(list(before) + RUN + list(more) + ["--resume", path], cwd=folder, env=kit.ENV, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def how_long(folder, path):
    """Seconds of a run from its beginning to its end."""
    begun = time.monotonic()
    call(RUN + ["--force", path], folder)
    for n in os.listdir(folder):
        os.remove(os.path.join(folder, n))
    return time.monotonic() - begun


@fault("R15", "killed while it writes a checkpoint at every step")
def kills(row, fix, short):
    path, want = long_views(fix)
    runs, each = (1, 5) if short else (8, 25)

    def trial(seed):
        def f(folder):
            r, seconds = random.Random(seed), how_long(folder, path)
            for k in range(each):
                p = start(folder, path)
                time.sleep(r.uniform(0, 0.6) * seconds)
                p.kill()
                p.communicate()
                if os.path.exists(os.path.join(folder, "out")) and not sound(folder):
                    return "a damaged checkpoint after kill %d" % k
            return to_the_end(folder, path, want)
        return f

    side_by_side(row, [("run %d" % i, trial(i)) for i in range(runs)])
    row.tried *= each
    row.held *= each
    row.worst = "same bytes at the end of %d runs" % runs


@fault("R15b", "the newest checkpoint is damaged: the one before it is taken, and that is said")
def damaged_checkpoint(row, fix, short):
    path, want = long_views(fix)
    r = random.Random(8)
    whole = want
    trials = []

    def again(change):
        def f(folder):
            p = start(folder, path, ["--keep", "2"])
            for _ in range(2000):
                if os.path.exists(os.path.join(folder, "out.2")):
                    break
                time.sleep(0.005)
            p.send_signal(signal.SIGTERM)
            err = p.communicate()[1].decode()
            if p.returncode != STOPPED:
                return "status %d, %s" % (p.returncode, err)
            b = kit.bytes_of(os.path.join(folder, "out"))
            put(os.path.join(folder, "out"), change(b))
            e = call([w for w in RUN if w != "-q"] + ["--keep", "2", "--resume", path], folder)
            if e.status != DONE:
                return "status %s, %s" % (e.status, e.err[:200])
            if not re.search("'?out'?", e.err) or "out.1" not in e.err:
                return "does not say so: %s" % e.err[:200]
            return None if kit.bytes_of(os.path.join(folder, "out")) == whole else "other bytes at the end"
        return f

    def flip(at):
        def change(b):
            b = bytearray(b)
            b[int(at * (len(b) - 1))] ^= 1 << r.randrange(8)
            return bytes(b)
        return change

    trials += [("empty", again(lambda b: b"")), ("half", again(lambda b: b[:len(b) // 2])),
               ("a byte less", again(lambda b: b[:-1]))]
    for i in range(0 if short else 20):
        at = r.random()
        trials.append(("a bit flipped at %.3f" % at, again(flip(at))))
    side_by_side(row, trials)


@fault("R16", "a checkpoint's order: write, fsync, rename, fsync of the folder")
def order(row, fix, short):
    if not outputs.can_trace():
        return row.skip("strace is not there or not allowed")
    path, want = long_views(fix)

    def f(folder):
        call(["strace", "-f", "-qq", "-y", "-o", "trace", "-e", "trace=openat,write,writev,pwrite64,fsync,rename,renameat,renameat2"] +
             RUN + [path], folder)
        saves, state = 0, "none"
        for line in kit.bytes_of(os.path.join(folder, "trace")).decode("utf-8", "replace").splitlines():
            m = re.match(r"\d+ +(\w+)\((.*)", line)
            if not m or "out" not in m.group(2) and m.group(1) != "fsync":
                continue
            what = m.group(1)
            if what in ("write", "writev", "pwrite64") and ".out.tmp" in m.group(2):
                if state not in ("none", "write"):
                    return "written to after %s: %s" % (state, line[:120])
                state = "write"
            elif what == "fsync" and state == "write" and ".out.tmp" in m.group(2):
                state = "fsync"
            elif what.startswith("rename"):
                if state != "fsync":
                    return "renamed after %s" % state
                state = "rename"
            elif what == "fsync" and state == "rename":
                state, saves = "none", saves + 1
        row.worst = "%d saves" % saves
        steps = RECORDS // 4 * EPOCHS
        return None if state == "none" and saves >= steps else "%d saves, the last one stands at %s" % (saves, state)

    side_by_side(row, [("every save of a run", f)])


@fault("R17", "SIGTERM, SIGUSR1, SIGINT, SIGHUP: a checkpoint, status 75, and on")
def signals(row, fix, short):
    path, want = long_views(fix)
    latest = [0.0]
    trials = []

    def trial(number, share):
        def f(folder):
            seconds = how_long(folder, path)
            p = start(folder, path)
            for _ in range(2000):           # not before it has begun
                if os.path.exists(os.path.join(folder, "out")):
                    break
                time.sleep(0.002)
            time.sleep(share * seconds)
            sent = time.monotonic()
            p.send_signal(number)
            err = p.communicate()[1].decode()
            latest[0] = max(latest[0], time.monotonic() - sent)
            if p.returncode not in (STOPPED, DONE):
                return "status %d, %s" % (p.returncode, err)
            if p.returncode == STOPPED and not err.strip():
                return "status 75 without a word"
            return None if sound(folder) and to_the_end(folder, path, want) is None else "not resumable to the same bytes"
        return f

    r = random.Random(9)
    for i in range(2 if short else 48):
        n = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGHUP)[i % 4]
        trials.append(("%s" % n.name, trial(n, r.uniform(0, 0.5))))
    side_by_side(row, trials)
    row.worst = "%.0f ms to the end" % (1000 * latest[0])


@fault("R22", "a loss that is not finite: no update, the records named, the last good checkpoint stays")
def not_finite(row, fix, short):
    path, want = long_views(fix)

    def trial(method, rate):
        def f(folder):
            e = call(["ss-train", "-q", "-t", "1", "--batch", "4", "--method", method, "--lr", rate, "--momentum", "0.999999", "--checkpoint-every", "1", "-o", "out",
                      path], folder)
            if e.status != NONFINITE:
                return "status %s, %s" % (e.status, e.err[:200])
            if not re.search("record", e.err):
                return "no records named: %s" % e.err
            if not sound(folder):
                return "a damaged checkpoint"
            state = call(["ss-info", "out"], folder)
            return "not finite in the checkpoint: %s" % state.out[:300] if re.search(rb"\b[1-9]\d* (NaN|Inf)", state.out) else None
        return f

    trials = [("%s, lr %s" % (m, r), trial(m, r)) for m in ("simclr", "byol", "barlow", "vicreg") for r in
              (["1e6"] if short else ["1e5", "1e6"])]
    side_by_side(row, trials)


@fault("R24", "all images alike, or no stop-gradient: collapse is named, and ends a run that asks for it")
def collapse(row, fix, short):
    trials = []

    def trial(what, options):
        def f(folder):
            n, side = 256, 3 * kit.SIDE * kit.SIDE
            pixels = bytes([7]) * (n * side)
            sst_write.write(os.path.join(folder, "in.sst"), [("view%d" % v, "u8", (3, kit.SIDE, kit.SIDE), pixels) for v in (1, 2)],
                            epochs=4)
            argv = ["ss-train", "-t", "1", "--batch", "8", "-o", "out"] + kit.HEADS + options + ["in.sst"]
            e = call(argv, folder)
            if e.status != DONE or "ollapse" not in e.err:
                return "not named: status %s, %s" % (e.status, e.err[:200])
            e = call(argv + ["--force", "--stop-on-collapse"], folder)
            return None if e.status == COLLAPSED and sound(folder) else "status %s, %s" % (e.status, e.err[:200])
        return f

    for what, options in (("simsiam", []), ("byol", ["--method", "byol"]), ("simsiam without stop-gradient", ["--stop-grad", "off"])):
        trials.append((what, trial(what, options)))
    side_by_side(row, trials)


@fault("R34", "two runs with one output: the second refuses")
def two_runs(row, fix, short):
    path, want = long_views(fix)
    data = kit.bytes_of(path)

    def trial(more):
        def f(folder):
            first = subprocess.Popen(RUN + ["-"], cwd=folder, env=kit.ENV, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
            first.stdin.write(data[:len(data) // 2])
            first.stdin.flush()
            for _ in range(2000):
                if os.path.exists(os.path.join(folder, "out")):
                    break
                time.sleep(0.005)
            e = call(RUN + more + [path], folder)
            try:
                first.stdin.write(data[len(data) // 2:])
                first.stdin.close()
            except BrokenPipeError:
                pass
            err = first.stderr.read().decode()
            if first.wait(kit.TIMEOUT) != DONE or kit.bytes_of(os.path.join(folder, "out")) != want:
                return "the first one is disturbed: %s" % err
            if e.status not in (FAILED, MISUSED):
                return "the second one: status %s" % e.status
            return one_line(e.err, "'out'", "another run")
        return f

    side_by_side(row, [(" ".join(more) or "plainly", trial(more)) for more in ([], ["--resume"], ["--force"])])


@fault("R40", "killed, and then the disk is full while it goes on")
def compound(row, fix, short):
    if not outputs.can_trace():
        return row.skip("strace is not there or not allowed")
    path, want = long_views(fix)

    def trial(seed):
        def f(folder):
            r, seconds = random.Random(seed), how_long(folder, path)
            for k in range(4 if short else 10):
                p = start(folder, path)
                time.sleep(r.uniform(0, 0.4) * seconds)
                p.kill()
                p.communicate()
                what = r.choice(["write", "writev", "fsync", "rename", "close"])
                e = call(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=%s:error=ENOSPC:when=%d+" % (what, r.randrange(1, 40))] +
                         RUN + ["--resume", path], folder)
                if not isinstance(e.status, int) or e.status < 0:
                    return "status %s" % e.status
                if os.path.exists(os.path.join(folder, "out")) and not sound(folder):
                    return "a damaged checkpoint after %s" % what
            return to_the_end(folder, path, want)
        return f

    side_by_side(row, [("run %d" % i, trial(100 + i)) for i in range(1 if short else 10)])


@fault("R13b", "each request for memory fails while a run goes on: its log keeps every step")
def no_memory_to_resume(row, fix, short):
    shim = outputs.build_shim(fix)
    if shim is None or not outputs.sane():
        return row.skip("no compiler, or sanitizers are on")
    path, want = long_views(fix)
    base = os.path.join(fix, "stopped")
    os.makedirs(base, exist_ok=True)
    argv = RUN + ["--keep", "60", "--log", "log", "--resume", path]
    call(argv, base)
    steps = steps_of(base)
    os.rename(os.path.join(base, "out.44"), os.path.join(base, "out"))     # the log goes beyond it
    keep = {n: kit.bytes_of(os.path.join(base, n)) for n in ("out", "log")}

    def trial(k, count=None):
        def f(folder):
            for n, data in keep.items():
                put(os.path.join(folder, n), data)
            e = call(argv, folder, env=dict({"LD_PRELOAD": shim, "SHIM_ALLOC": str(k)}, **({"SHIM_COUNT": count} if count else {})))
            if e.status not in (DONE, FAILED) or (e.status == FAILED and "emory" not in e.err and "cannot start" not in e.err):
                return "status %s, %s" % (e.status, e.err[:200])
            e = call(argv, folder)
            if e.status != DONE or kit.bytes_of(os.path.join(folder, "out")) != want:
                return "going on: status %s, %s" % (e.status, e.err[:200] or "other bytes at the end")
            return None if steps_of(folder) == steps else "the log has other steps"
        return f

    count = os.path.join(fix, "requests to resume")
    side_by_side(row, [("undisturbed", trial(0, count))])
    n = int(kit.bytes_of(count))
    which = random.Random(4).sample(range(1, n + 1), min(n, 3 if short else 60))
    side_by_side(row, [("request %d of %d" % (k, n), trial(k)) for k in sorted(which)])


def steps_of(folder):
    return re.findall(rb'"step":(\d+)', kit.bytes_of(os.path.join(folder, "log")))
