"""
check - holds the stored values, our readers and our programs to the PyTorch installed here

    python3 tests/torch/check.py        prints TAP; run by `make check-torch`

1. makes every golden value anew and compares;
2. compares check_embedding.py's networks in numpy with PyTorch's, at every layer;
3. takes two steps with ss-train, lets PyTorch take the second one from the checkpoint of the
   first, and compares weights, running statistics, momentum and loss; embeds with ss-embed, and
   compares every layer with numpy and PyTorch (programs are looked for in $BIN, build/bin).
   A ReLU near its kink would make this a test of luck (one flipped mask in millions changes a
   gradient by per cents), so images are small and are drawn anew until there is none.

A tensor agrees if its largest difference is within TOLERANCE of its largest element.  Without
PyTorch everything is skipped, and said to be.
"""
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
GOLDEN = os.path.join(TESTS, "golden")
TOLERANCE = 1e-4
BIN = os.environ.get("BIN", os.path.join(os.path.dirname(TESTS), "build", "bin"))
FILES = ("ops", "losses", "optim", "methods", "step_simsiam", "step_simclr")

try:
    import numpy as np
    import torch
except ImportError as e:
    print("1..0 # SKIP %s" % e)
    sys.exit(0)

sys.path[:0] = [TESTS, HERE]
import check_embedding  # noqa: E402
import make_goldens  # noqa: E402
import read_model  # noqa: E402
import ssnet  # noqa: E402


def compare(stored, made):
    """Complaints about one file, and the largest relative difference."""
    if stored[1] != made[1]:
        return ["metadata differ"], 0.0
    bad = ["only in one: %s" % name for name in stored[0].keys() ^ made[0].keys()]
    worst = 0.0
    for name in stored[0].keys() & made[0].keys():
        a, b = stored[0][name], made[0][name]
        if a.shape != b.shape or a.dtype != b.dtype:
            bad.append("%s: %s %s, now %s %s" % (name, a.dtype, a.shape, b.dtype, b.shape))
        elif a.dtype.kind != "f":
            if not np.array_equal(a, b):
                bad.append("%s differs" % name)
        else:
            difference = float(np.abs(a.astype("f8") - b).max())
            scale = float(np.abs(a).max())
            if not difference <= TOLERANCE * scale:
                bad.append("%s differs by %g of %g" % (name, difference, scale))
            elif scale > 0:
                worst = max(worst, difference / scale)
    return bad, worst


class Report:
    """Numbers and counts the lines of TAP."""

    def __init__(self):
        self.number = self.failed = 0

    def line(self, good, what, complaints=()):
        self.number += 1
        self.failed += not good
        print("%sok %d - %s" % ("" if good else "not ", self.number, what), flush=True)
        for text in complaints:
            print("# " + text)


def goldens(report):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, os.path.join(HERE, "make_goldens.py"), folder],
                       check=True, stdout=subprocess.DEVNULL)
        for name in FILES:
            path = name + ".safetensors"
            bad, worst = compare(read_model.read(os.path.join(GOLDEN, path)),
                                 read_model.read(os.path.join(folder, path)))
            report.line(not bad, "%s made anew, largest difference %.2g" % (path, worst), bad)


def numpy_networks(report):
    """The trained networks of the two steps, in evaluation mode, by numpy and by PyTorch."""
    for method in ("simsiam", "simclr"):
        tensors, _ = read_model.read(os.path.join(GOLDEN, "step_%s.safetensors" % method))
        model = {k[7:]: v for k, v in tensors.items() if k.startswith("after2.")}
        net = make_goldens.small_net(method).double().eval()
        state = {k: model[make_goldens.file_name(k)] for k in net.state_dict()
                 if not k.endswith("num_batches_tracked")}
        net.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in state.items()}, strict=False)
        torch.set_default_dtype(torch.float64)
        x = ssnet.normalise(torch.from_numpy(tensors["view1"].copy()))
        torch.set_default_dtype(torch.float32)
        with torch.no_grad():
            want = {"backbone": net.backbone(x)}
            want["projector"] = net.projector(want["backbone"])
            if method == "simsiam":
                want["predictor"] = net.predictor(want["projector"])
        for layer, y in want.items():
            have = check_embedding.embed_numpy(model, x.numpy(), layer)
            worst = float(np.abs(have - y.numpy()).max() / np.abs(y.numpy()).max())
            report.line(worst <= 1e-9, "%s, %s in numpy, largest difference %.2g" %
                        (method, layer, worst))


def write_stream(path, tensors):
    """A tensor stream of one frame, from formats/sst.md: tensors are (name, u8 array) pairs."""
    def seal(head):
        return head + struct.pack("<I", zlib.crc32(head))

    def pad(data, filler=b"\0"):
        return data + filler * (-len(data) % 64)

    records = len(tensors[0][1])
    text = "@HD\tVN:1.0\tNS:%d\tEP:1\tE0:0\tDS:noise\n" % records
    payload, sums = b"", b""
    for name, x in tensors:
        text += "@TN\tNM:%s\tDT:u8\tSH:%s\n" % (name, ",".join(map(str, x.shape[1:])))
        payload += pad(x.tobytes())
        sums += struct.pack("<II", zlib.crc32(x.tobytes()), 0)
    text = pad(text.encode(), b"\n")

    def frame(kind, number, first, count, data):
        return seal(struct.pack("<4sHHQQIIQI16x", b"SSTF", kind, 0, number, first, count, 0,
                                len(data), zlib.crc32(data))) + data

    end = struct.pack("<QQI44x", 1, records, zlib.crc32(sums + struct.pack("<Q", records)))
    with open(path, "wb") as f:
        f.write(seal(struct.pack("<8sHHIII36x", b"\x89SST\r\n\x1a\n", 1, 0, len(text), 0,
                                 zlib.crc32(text))) + text)
        f.write(frame(1, 0, 0, records, payload) + frame(2, 1, records, 0, end))


def tool(name, *arguments):
    subprocess.run([os.path.join(BIN, name)] + list(arguments), check=True)


RUNS = {    # method: options of ss-train, the same network in PyTorch
    "simsiam": (["--projector", "48bnr,64bN", "--predictor", "16bnr,64b", "--predictor-lr", "decay"],
                lambda body: ssnet.SimSiam(body, hidden=48, out=64, bottleneck=16)),
    "simclr": (["--projector", "48bnr,32b"], lambda body: ssnet.SimCLR(body, hidden=48, out=32)),
}
STATISTICS = ("batch", "running")   # PyTorch's train() and eval()
LR, MOMENTUM, DECAY, BATCH = 0.05, 0.9, 0.02, 8
MARGIN = 5e-6
KINKED = 2e-3
TRIALS = 100


def draw_images(r, n, size):
    """Coloured blocks under noise: unlike noise alone, images differ in their features."""
    blocks = r.randint(0, 192, (n, 3, 4, 4)).repeat(size // 4, 2).repeat(size // 4, 3)
    return (blocks + r.randint(0, 64, (n, 3, size, size))).astype(np.uint8)


def second_step(net, checkpoint, views, statistics, margin):
    """Step 1 of 0..1 from the checkpoint of step 0, in double; returns tensors and loss."""
    state = {k: checkpoint[make_goldens.file_name(k)].astype("f8") for k in net.state_dict()
             if not k.endswith("num_batches_tracked")}
    net.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()}, strict=False)
    net.train(statistics == "batch")
    sgd = torch.optim.SGD(net.parameters(), LR * 0.5 * (1 + math.cos(math.pi / 2)),
                          momentum=MOMENTUM, weight_decay=DECAY)
    for name, w in net.named_parameters():
        velocity = checkpoint["optimizer.momentum." + make_goldens.file_name(name)]
        sgd.state[w]["momentum_buffer"] = torch.from_numpy(velocity.astype("f8"))
    with make_goldens.WatchedReLU(margin):
        loss, _ = net(*[ssnet.normalise(torch.from_numpy(v)) for v in views])
    loss.backward()
    sgd.step()
    after = {make_goldens.file_name(k): v.numpy() for k, v in net.state_dict().items()
             if not k.endswith("num_batches_tracked")}
    for name, w in net.named_parameters():
        after["optimizer.momentum." + make_goldens.file_name(name)] = \
            sgd.state[w]["momentum_buffer"].numpy()
    return after, loss.item()


def live_step(report, method, arch, statistics, folder):
    heads, make_net = RUNS[method]
    size, margin, tolerance = 8, MARGIN, TOLERANCE
    if "-" in arch:     # for photographs, where some of a million units are near their kinks, whatever the images
        size, margin, tolerance = 64, 0, KINKED
    stream, model, log, base = (os.path.join(folder, f) for f in ("views.sst", "m", "log", "base"))
    common = ["-q", "--method", method, "--batch", str(BATCH), "--force", *heads, stream]
    manner = ["--arch", arch]
    if "50" in arch:    # else what is rounded in the first of 50 layers has grown to percents in the last, in PyTorch's floats too
        manner += ["--zero-gamma"]
    if statistics == "running":     # not 0 and 1, behind which most units would be near their kinks, but those of a batch
        manner = ["--init", base, "--init-parts", "all", "--norm-statistics", "running"]
    for trial in range(TRIALS):
        r = np.random.RandomState(trial)
        views = [draw_images(r, 2 * BATCH, size) for _ in range(2)]
        write_stream(stream, [("view1", views[0]), ("view2", views[1])])
        if statistics == "running":
            tool("ss-train", "--arch", arch, "--steps", "1", "--norm-momentum", "1", "-o", base, *common)
        tool("ss-train", *manner, "--lr", str(LR), "--momentum", str(MOMENTUM), "--weight-decay", str(DECAY),
             "--checkpoint-every", "1", "--keep", "1", "--log", log, "-o", model, *common)
        ours, (first, meta) = read_model.read(model)[0], read_model.read(model + ".1")
        torch.set_default_dtype(torch.float64)
        try:
            after, loss = second_step(make_net(ssnet.resnet(arch)), first,
                                      [v[BATCH:] for v in views], statistics, margin)
            break
        except make_goldens.BadExample:
            continue
        finally:
            torch.set_default_dtype(torch.float32)
    else:
        report.line(False, "%s, %s: no images without a ReLU near its kink" % (method, arch))
        return
    bad = ["only in one: " + k for k in ours.keys() ^ after.keys()]
    worst = 0.0
    for name in sorted(ours.keys() & after.keys()):
        difference = float(np.abs(ours[name] - after[name]).max())
        scale = float(np.abs(after[name]).max())
        if not difference <= tolerance * scale:
            bad.append("%s differs by %g of %g" % (name, difference, scale))
        worst = max(worst, difference / scale)
    with open(log) as f:
        logged = [row["loss"] for row in map(json.loads, f) if "loss" in row]
    if len(logged) != 2 or not abs(logged[1] - loss) <= TOLERANCE * abs(loss):
        bad.append("losses in the log: %s; expected of step 1: %.9g" % (logged, loss))
    if meta["ss.step"] != "1":
        bad.append("the first checkpoint is of step %s" % meta["ss.step"])
    report.line(not bad, "%s, %s, %s statistics: a step of ss-train, largest difference %.2g" %
                (method, arch, statistics, worst), bad)


def live_embedding(report, method, arch, folder):
    """ss-embed on images of CIFAR's size, with a network that ss-train wrote."""
    stream, model, out = (os.path.join(folder, f) for f in ("images.sst", "m", "embedding.sst"))
    images = draw_images(np.random.RandomState(7), 37, 32)
    write_stream(stream, [("view1", images), ("view2", images[::-1])])
    tool("ss-train", "-q", "--method", method, "--arch", arch, "--batch", str(BATCH), "--steps", "1",
         "-o", model, "--force", *RUNS[method][0], stream)
    write_stream(stream, [("image", images)])
    layers = ["backbone", "projector"] + ["predictor"] * (method == "simsiam")
    for layer in layers:
        tool("ss-embed", "-q", "-m", model, "--layer", layer, "--force", "-o", out, stream)
        ours = check_embedding.read_stream(out, lambda t: t.type == "f32" and len(t.shape) == 1)
        for name, worst in check_embedding.differences(read_model.read(model), images, ours, layer):
            report.line(worst <= TOLERANCE, "%s, %s: ss-embed --layer %s against %s, "
                        "largest difference %.2g" % (method, arch, layer, name, worst))


def live(report):
    for name in ("ss-train", "ss-embed"):
        if not os.path.exists(os.path.join(BIN, name)):
            report.line(True, "live # SKIP no %s in %s" % (name, BIN))
            return
    for method, arch in (("simsiam", "resnet20"), ("simclr", "resnet20"), ("simclr", "resnet18"),
                         ("simsiam", "resnet18-imagenet"), ("simclr", "resnet50-imagenet"), ("simsiam", "resnet50-keras")):
        with tempfile.TemporaryDirectory() as folder:
            try:
                for statistics in STATISTICS[:1] if "50" in arch else STATISTICS:
                    live_step(report, method, arch, statistics, folder)
                live_embedding(report, method, arch, folder)
            except subprocess.CalledProcessError as e:
                report.line(False, "%s, %s: %s" % (method, arch, e))


def main():
    report = Report()
    torch.set_num_threads(1)    # its threads spin, which starves them on a busy machine
    goldens(report)
    numpy_networks(report)
    live(report)
    print("1..%d" % report.number)
    sys.exit(report.failed > 0)


if __name__ == "__main__":
    main()
