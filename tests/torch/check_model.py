"""
check_model - holds ss-model to PyTorch: weights from there give the same features here, and the other way round

    python3 tests/torch/check_model.py      prints TAP; run by `make check-torch`

Networks of torchvision's own blocks, with random weights and statistics that are not those of the beginning, are saved by
numpy.savez, imported, and used by ss-embed: the features must be those of eval() in PyTorch.  What ss-model exports,
load_state_dict takes with nothing missing but fc.*, and gives the same features.  Keras' ResNet is rebuilt in PyTorch and saved
under Keras' names.  Where python3-safetensors is installed it reads
and writes too.  Which networks ss-model knows is asked of it, so that those with a large stem are tried as soon as there are any.
"""
import os
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    import torch.nn as nn
    import torchvision.models as models
    from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
except ImportError as e:
    print("1..0 # SKIP %s" % e)
    sys.exit(0)
try:
    import safetensors.torch as st
except ImportError:
    st = None

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import check_embedding  # noqa: E402
import read_model  # noqa: E402
import sst_write  # noqa: E402
from ssnet import ResNet as SmallResNet  # noqa: E402

BIN = os.environ.get("BIN", os.path.join(HERE, "..", "..", "build", "bin"))
TOLERANCE = 1e-4        # of the largest feature
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LAYERS = {"resnet18": (BasicBlock, [2, 2, 2, 2]), "resnet34": (BasicBlock, [3, 4, 6, 3]),
          "resnet50": (Bottleneck, [3, 4, 6, 3]), "resnet101": (Bottleneck, [3, 4, 23, 3])}
LINES = []


def small_stem(net):
    """As the literature has it for CIFAR."""
    net.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    net.maxpool = nn.Identity()
    return net


NETWORKS = {
    # what it is, which images, how it is made
    "resnet20": (32, lambda: SmallResNet((16, 32, 64), (3, 3, 3), "A")),
    "resnet18, small stem": (32, lambda: small_stem(ResNet(*LAYERS["resnet18"]))),
    "resnet50, small stem": (16, lambda: small_stem(ResNet(*LAYERS["resnet50"]))),
    "resnet18 of torchvision": (64, models.resnet18),
    "resnet34 of torchvision": (40, models.resnet34),
    "resnet50 of torchvision": (65, models.resnet50),
}


def line(good, what, complaint=""):
    LINES.append(good)
    print("%sok %d - %s" % ("" if good else "not ", len(LINES), what))
    if not good and complaint:
        print("# " + complaint.strip().replace("\n", "\n# "))


def tool(name, *args):
    """Status and stderr."""
    p = subprocess.run([os.path.join(BIN, name)] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p.returncode, p.stderr.decode()


def disturb(net, seed):
    """Weights as they are drawn, but norms as after training, with features that differ."""
    torch.manual_seed(seed)
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.normal_(m.bias, 0, 0.2)
            m.running_mean.normal_(0, 0.2)
            m.running_var.uniform_(0.5, 2)
            m.num_batches_tracked.fill_(123)
    return net.eval()


def features(net, images):
    """Without fc."""
    body = net
    if hasattr(net, "fc"):
        kept, net.fc = net.fc, nn.Identity()
    x = torch.from_numpy(images.astype("f4")) / 255
    x = (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    with torch.no_grad():
        y = body(x).numpy()
    if hasattr(net, "fc"):
        net.fc = kept
    return y


def embed(model, stream, *options):
    status, err = tool("ss-embed", "-q", "--force", "-m", model, *options, "-o", "embedding.sst", stream)
    if status != 0:
        raise RuntimeError(err)
    return check_embedding.read_stream("embedding.sst", lambda t: t.type == "f32")


def difference(a, b):
    if a.shape != b.shape or np.abs(b).max() == 0 or np.ptp(b, axis=0).max() < 1e-3:
        return float("inf")     # what is the same for all images tells nothing
    return float(np.abs(a - b).max() / np.abs(b).max())


def arrays(net, half=False):
    return {k: v.numpy().astype("f2") if half and v.is_floating_point() else v.numpy() for k, v in net.state_dict().items()}


def known(err):
    return re.search(r"the weights of no network known here", err) is None


def check(name, side, make, seed):
    net = disturb(make(), seed)
    images = np.random.RandomState(seed).randint(0, 256, (4, 3, side, side)).astype("u1")
    images[1] //= 3         # as different as pictures are
    images[2, 0] = 255
    sst_write.write("images.sst", [("image", "u8", images.shape[1:], images.tobytes())])
    np.savez("in.npz", **arrays(net))
    status, err = tool("ss-model", "import", "--force", "-o", "in.safetensors", "in.npz")
    if status == 3 and not known(err) and "wanted" in err:
        print("ok %d - %s # SKIP ss-model does not know this network" % (len(LINES) + 1, name))
        LINES.append(True)
        return
    line(status == 0, "%s: import of numpy.savez" % name, err)
    if status != 0:
        return
    arch = re.search("the weights of a ([^,]*),", err).group(1)
    off = difference(embed("in.safetensors", "images.sst"), features(net, images))
    line(off <= TOLERANCE, "%s is %s: ss-embed against PyTorch, %.2g" % (name, arch, off))
    same = read_model.read("in.safetensors")[0]
    line(all(np.array_equal(v, net.state_dict()[k].numpy()) for k, v in same.items()) and len(same) > 60,
         "%s: numbers as they were" % name)

    tool("ss-model", "export", "--force", "--num-batches-tracked", "-o", "out.npz", "in.safetensors")
    other = make().eval()
    with np.load("out.npz") as z:
        answer = other.load_state_dict({k: torch.from_numpy(z[k]) for k in z.files}, strict=False)
        counted = all(z[k].shape == () for k in z.files if k.endswith("num_batches_tracked"))
    line(counted and not answer.unexpected_keys and [k for k in answer.missing_keys if not k.startswith("fc.")] == [],
         "%s: load_state_dict takes the export" % name, str(answer)[:500])
    off = difference(features(other, images), features(net, images))
    line(off == 0, "%s: and gives the same features, %.2g" % (name, off))
    out = read_model.read("in.safetensors")[0]
    tool("ss-model", "export", "--force", "-o", "out.safetensors", "in.safetensors")
    back = read_model.read("out.safetensors")[0]
    line(out.keys() == back.keys() and all(np.array_equal(out[k], back[k]) for k in out), "%s: export as safetensors" % name)
    if st is not None:
        other = make()
        answer = other.load_state_dict(st.load_file("out.safetensors"), strict=False)
        st.save_file({k: v.contiguous() for k, v in net.state_dict().items()}, "st.safetensors")
        status, err = tool("ss-model", "import", "--force", "-o", "st", "st.safetensors")
        line(not answer.unexpected_keys and status == 0 and tool("ss-cmp", "st", "in.safetensors")[0] == 0,
             "%s: safetensors' own" % name, err)

    np.savez_compressed("half.npz", **{"module.encoder_q." + k: v for k, v in arrays(net, True).items()})
    status, err = tool("ss-model", "import", "--force", "--strip", "module.encoder_q.", "-o", "half", "half.npz")
    rounded = make()
    rounded.load_state_dict({k: torch.from_numpy(v.astype("f4")) if v.dtype == np.float16 else torch.from_numpy(v)
                             for k, v in arrays(net, True).items()})
    off = difference(embed("half", "images.sst"), features(rounded.eval(), images)) if status == 0 else float("inf")
    line(off <= TOLERANCE, "%s: in f16, packed, behind a prefix, %.2g" % (name, off), err)


class KerasNet(nn.Module):
    """keras.applications.ResNet50, after its source: biases everywhere, eps 1.001e-5, the stride in the first 1x1 of a block."""

    def __init__(self, small):
        super().__init__()
        net = ResNet(*LAYERS["resnet50"])
        self.net = small_stem(net) if small else net
        net.fc = nn.Identity()
        for name, m in list(net.named_modules()):
            if isinstance(m, Bottleneck) and not small:
                m.conv1.stride, m.conv2.stride = m.conv2.stride, (1, 1)
            if isinstance(m, nn.BatchNorm2d):
                m.eps = 1.001e-5
            if isinstance(m, nn.Conv2d):
                m.bias = nn.Parameter(torch.zeros(m.out_channels).uniform_(-0.3, 0.3))

    def forward(self, bgr):
        """Bytes, blue first."""
        return self.net(bgr - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1))

    def keras(self):
        """Its arrays as Keras names and lays them out."""
        ours = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
        out = {}
        for name, m in self.net.named_modules():
            if not isinstance(m, (nn.Conv2d, nn.BatchNorm2d)):
                continue
            at = name.split(".")
            where = "conv1_"
            if len(at) > 1:
                where = "conv%d_block%d_%s_" % (int(at[0][-1]) + 1, int(at[1]) + 1, "0" if at[2] == "downsample" else at[2][-1])
            if isinstance(m, nn.Conv2d):
                out[where + "conv/kernel"] = m.weight.detach().numpy().transpose(2, 3, 1, 0)
                out[where + "conv/bias"] = m.bias.detach().numpy()
            else:
                out.update({where + "bn/" + ours[k]: v.numpy() for k, v in m.state_dict().items() if k in ours})
        return {k: np.ascontiguousarray(v) for k, v in out.items()}


def keras(small, side):
    torch.manual_seed(5)
    what = "Keras' names, %s" % ("small stem" if small else "its own network")
    listed = subprocess.run([os.path.join(BIN, "ss-model"), "--help"], stdout=subprocess.PIPE).stdout.decode().split()
    net = disturb(KerasNet(small), 5)
    images = np.random.RandomState(5).randint(0, 256, (4, 3, side, side)).astype("u1")
    images[1] //= 3
    images[2, 0] = 255
    sst_write.write("images.sst", [("image", "u8", images.shape[1:], images.tobytes())])
    np.savez("keras.npz", **net.keras())
    if not small and "resnet50-keras" not in listed:
        print("ok %d - %s # SKIP ss-model does not know it" % (len(LINES) + 1, what))
        LINES.append(True)
        return
    status, err = tool("ss-model", "import", "--force", "--bgr", "-o", "keras", "keras.npz")
    kept = "resnet50-keras" in err      # the network that has biases keeps them
    line(status == 0 and kept != small and ("biases of 53 convolutions" in err) == small, what + ": import", err)
    with torch.no_grad():
        want = net(torch.from_numpy(images[:, ::-1].astype("f4"))).numpy()
    off = difference(embed("keras", "images.sst"), want)
    line(off <= TOLERANCE, "%s: ss-embed against PyTorch, %.2g" % (what, off))


def trained():
    """A network that ss-train made, in PyTorch."""
    views = np.random.RandomState(1).randint(0, 256, (2, 16, 3, 16, 16)).astype("u1")
    sst_write.write("views.sst", [("view%d" % (i + 1), "u8", (3, 16, 16), v.tobytes()) for i, v in enumerate(views)])
    mean, std = (",".join(map(str, v)) for v in (MEAN, STD))
    status, err = tool("ss-train", "-q", "--force", "--arch", "resnet18", "--batch", "8", "--steps", "2", "--mean", mean,
                       "--std", std, "-o", "run.safetensors", "views.sst")
    line(status == 0, "a network trained here", err)
    tool("ss-model", "export", "--force", "--num-batches-tracked", "-o", "run.npz", "run.safetensors")
    net = small_stem(ResNet(*LAYERS["resnet18"])).eval()
    net.fc = nn.Identity()
    with np.load("run.npz") as z:
        net.load_state_dict({k: torch.from_numpy(z[k]) for k in z.files}, strict=True)
    off = difference(embed("run.safetensors", "views.sst", "--tensor", "view1"), features(net, views[0]))
    line(off <= TOLERANCE, "is the same in PyTorch, loaded strictly, %.2g" % off)


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for seed, (name, (side, make)) in enumerate(NETWORKS.items()):
            check(name, side, make, seed)
        keras(True, 16)
        keras(False, 64)
        trained()
        os.chdir("/")
    print("1..%d" % len(LINES))
    sys.exit(not all(LINES))


if __name__ == "__main__":
    main()
