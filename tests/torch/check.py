"""
check - holds the stored values, our readers and our programs to the PyTorch installed here

    python3 tests/torch/check.py        prints TAP; run by `make check-torch`

1. makes every golden value anew and compares;
2. compares check_embedding.py's networks in numpy with PyTorch's, at every layer.

A tensor agrees if its largest difference is within TOLERANCE of its largest element.  Without
PyTorch everything is skipped, and said to be.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
GOLDEN = os.path.join(TESTS, "golden")
TOLERANCE = 1e-4
FILES = ("ops", "losses", "optim", "step_simsiam", "step_simclr")

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


def main():
    report = Report()
    goldens(report)
    numpy_networks(report)
    print("1..%d" % report.number)
    sys.exit(report.failed > 0)


if __name__ == "__main__":
    main()
