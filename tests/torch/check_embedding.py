"""
check_embedding - recompute ss-embed's output from the model file alone

    check_embedding.py [--numpy] MODEL.safetensors IMAGES.sst EMBEDDING.sst LAYER ...

The network is read off the tensors' names and shapes, as a stranger would who has only the
model file: torchvision's names for the backbone, nn.Sequential's for the heads, a ReLU where a
head's numbering leaves a gap.  It is computed in double by numpy (convolutions as im2col), and,
where PyTorch is installed, by PyTorch too.  Ours must agree with both to 1e-4 of the largest
element.  Any number of pairs EMBEDDING.sst LAYER; with --numpy PyTorch is not asked.  Exit
status 0 or 1.
"""
import os
import subprocess
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)
import read_model  # noqa: E402
import sst_read  # noqa: E402

TOLERANCE = 1e-4
EPS = 1e-5
BATCH = 100


def conv(t, name, x, stride):
    """x (N,C,H,W), weight (O,C,k,k), padding k / 2."""
    weight = t[name + ".weight"]
    k = weight.shape[2]
    pad = k // 2
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), (2, 3))
    windows = windows[:, :, ::stride, ::stride]             # (N,C,h,w,k,k)
    n, c, h, w = windows.shape[:4]
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * h * w, c * k * k)
    out = rows @ weight.reshape(len(weight), -1).astype("f8").T
    if name + ".bias" in t:
        out = out + t[name + ".bias"]
    return out.reshape(n, h, w, -1).transpose(0, 3, 1, 2)


def pool(x):
    """The largest of each 3x3 pixels, every second one."""
    x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))[:, :, ::2, ::2].max((4, 5))


def norm(t, name, x):
    """Batch normalisation by running statistics; channels are dimension 1."""
    shape = (1, -1) + (1,) * (x.ndim - 2)
    mean, var = (t[name + s].astype("f8").reshape(shape) for s in (".running_mean", ".running_var"))
    x = (x - mean) / np.sqrt(var + EPS)
    if name + ".weight" in t:
        x = x * t[name + ".weight"].reshape(shape) + t[name + ".bias"].reshape(shape)
    return x


def relu(x):
    return np.maximum(x, 0)


def block(t, name, x, stride):
    """Two 3x3, or 1x1, 3x3, 1x1; the stride is in the first 3x3, or, with biases, as Keras has it, in the first."""
    last = 3 if name + ".conv3.weight" in t else 2
    strided = 2 if last == 3 and name + ".conv1.bias" not in t else 1
    y = x
    for i in range(1, last + 1):
        y = norm(t, "%s.bn%d" % (name, i), conv(t, "%s.conv%d" % (name, i), y, stride if i == strided else 1))
        y = relu(y) if i < last else y
    if name + ".downsample.0.weight" in t:
        x = norm(t, name + ".downsample.1", conv(t, name + ".downsample.0", x, stride))
    else:                           # option A: every second pixel, zero channels appended
        x = x[:, :, ::stride, ::stride]
        x = np.pad(x, ((0, 0), (0, y.shape[1] - x.shape[1]), (0, 0), (0, 0)))
    return relu(x + y)


def stages(layer):
    """Which stage "layer2" is the end of, and None of other layers."""
    return int(layer[len("layer"):]) if layer.startswith("layer") else None


def backbone(t, x, last=None):
    """To its end, or that of stage `last`; the mean over pixels."""
    photos = t["conv1.weight"].shape[2] == 7
    x = relu(norm(t, "bn1", conv(t, "conv1", x, 2 if photos else 1)))
    x = pool(x) if photos else x
    stage = 1
    while "layer%d.0.conv1.weight" % stage in t:
        b = 0
        while "layer%d.%d.conv1.weight" % (stage, b) in t:
            x = block(t, "layer%d.%d" % (stage, b), x, 2 if stage > 1 and b == 0 else 1)
            b += 1
        if stage == last:
            break
        stage += 1
    return x.mean((2, 3))


def head(t, name, x, last=None):
    """As far as number `last` of the head, or to its end."""
    numbers = sorted({int(k.split(".")[1]) for k in t if k.startswith(name + ".")})
    at = 0
    for i in numbers + ([] if last is None else [last + 1]):
        if i > at:
            x = relu(x)
        if last is not None and i > last:
            return x
        at = i + 1
        part = "%s.%d" % (name, i)
        if part + ".running_mean" in t:
            x = norm(t, part, x)
        else:
            x = x @ t[part + ".weight"].astype("f8").T
            if part + ".bias" in t:
                x = x + t[part + ".bias"]
    return x


def heads(t, x, layer):
    """From the backbone's output to that of "backbone", "projector", "predictor", "projector.2" ..."""
    name, _, number = layer.partition(".")
    last = int(number) if number else None
    if name == "projector":
        return head(t, name, x, last)
    return head(t, name, head(t, "projector", x), last) if name == "predictor" else x


def embed_numpy(t, x, layer):
    """In double."""
    return heads(t, backbone(t, x, stages(layer)), layer)


def embed_torch(t, arch, x, layer):
    """The same by PyTorch in float32; None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    import ssnet
    net = ssnet.resnet(arch) if isinstance(arch, str) else arch
    state = {k: torch.from_numpy(v.copy()) for k, v in t.items()
             if not k.startswith(("projector.", "predictor.", "optimizer."))}
    missing, unexpected = net.load_state_dict(state, strict=False)
    if unexpected or not all(k.endswith("num_batches_tracked") for k in missing):
        sys.exit("PyTorch: tensors missing %s, unexpected %s" % (missing, unexpected))
    ends = []
    if stages(layer) is not None:
        getattr(net, layer).register_forward_hook(lambda module, inputs, output: ends.append(output.mean((2, 3))))
    with torch.no_grad():
        y = net.eval()(torch.from_numpy(x.astype("f4")))
    y = (ends[0] if ends else y).numpy()
    return heads(t, y, layer)       # numpy's are simple enough to be trusted, the backbone is PyTorch's


def channels(text):
    return np.array([float(v) for v in text.split(",")]).reshape(1, -1, 1, 1)


def read_stream(path, want):
    """All items of the first tensor that want() accepts, as one array."""
    with open(path, "rb") as f:
        tensors = [t for t in sst_read.read_header(f)[1] if want(t)]
    if not tensors:
        sys.exit("%s: no tensor of the expected kind" % path)
    t = tensors[0]
    data = subprocess.run([sys.executable, sst_read.__file__, path, t.name], check=True,
                          stdout=subprocess.PIPE).stdout
    kind = {"u8": "u1", "f32": "<f4"}[t.type]
    return np.frombuffer(data, kind).reshape([-1] + t.shape)


ORACLES = (("numpy", lambda t, arch, x, layer: embed_numpy(t, x, layer)), ("torch", embed_torch))


def differences(model, images, ours, layer, oracles=ORACLES):
    """Yields (oracle, largest difference relative to the largest element)."""
    t, meta = model
    mean, std = channels(meta["ss.mean"]), channels(meta["ss.std"])
    for name, oracle in oracles:
        parts = []
        for i in range(0, len(images), BATCH):
            x = (images[i:i + BATCH] / 255.0 - mean) / std
            parts.append(oracle(t, meta["ss.arch"], x, layer))
        if parts[0] is not None:
            want = np.concatenate(parts)
            if want.shape != ours.shape:
                sys.exit("shape %s, expected %s" % (ours.shape, want.shape))
            yield name, float(np.abs(ours - want).max() / np.abs(want).max())


def main():
    args, oracles = sys.argv[1:], ORACLES
    if args[:1] == ["--numpy"]:
        args, oracles = args[1:], ORACLES[:1]
    if len(args) < 4 or len(args) % 2 != 0:
        sys.exit(__doc__.split("\n")[3].strip())
    model = read_model.read(args[0])
    images = read_stream(args[1], lambda t: t.type == "u8" and len(t.shape) == 3)
    bad = False
    for path, layer in zip(args[2::2], args[3::2]):
        ours = read_stream(path, lambda t: t.type == "f32" and len(t.shape) == 1)
        for name, worst in differences(model, images, ours, layer, oracles):
            print("%s: %d embeddings (%s), largest relative difference %.2g" %
                  (name, len(ours), layer, worst))
            bad |= not worst <= TOLERANCE
    sys.exit(bad)


if __name__ == "__main__":
    main()
