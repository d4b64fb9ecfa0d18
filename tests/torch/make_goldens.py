"""
make_goldens - PyTorch's answers for the operators, losses, optimiser and whole training steps

    python3 tests/torch/make_goldens.py [FOLDER]        default: tests/golden
    python3 tests/torch/make_goldens.py --search        seeds for the training steps

Every value is computed by PyTorch in double and stored rounded to float32, so the files do not
depend on the machine or on PyTorch's kernels.  PyTorch's own float32 must agree with them, or
nothing is written: an example so badly conditioned would test luck.  For the same reason the
seeds of the training steps are such that no ReLU sees a value within MARGIN of zero, where
rounding would decide the gradient.  Inputs and weights come from numpy's frozen RandomState.
tests/golden/README.md says what the tensors are.
"""
import json
import os
import struct
import sys
import warnings

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ssnet  # noqa: E402

AGREE = 1e-5            # of a tensor's largest element, on the machine that chose the examples
AGREE_ELSEWHERE = 5e-5  # where other kernels may be at work
MARGIN = 1e-5
SEED = {"simsiam": 15, "simclr": 1}     # found by --search
# a decay so strong that a tensor left without it would be noticed after one step
STEP = {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.02}


def save(path, tensors, metadata):
    """A safetensors file: u64 length, JSON header, data without holes."""
    kinds = {"uint8": "U8", "int32": "I32", "float32": "F32", "float64": "F64"}
    header, data = {"__metadata__": metadata}, b""
    for name, x in tensors.items():
        x = np.ascontiguousarray(x)
        begin = len(data)
        data += x.tobytes()
        header[name] = {"dtype": kinds[x.dtype.name], "shape": list(np.shape(tensors[name])),
                        "data_offsets": [begin, len(data)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


class BadExample(Exception):
    """Rounding would decide the result."""


def both(name, compute, exact=(), agree=AGREE_ELSEWHERE):
    """
    Runs compute() in double and in float32, compares, and returns the double results rounded.
    Names in `exact` have a true value of zero, so only their absolute size can be judged.
    """
    out = {}
    for dtype in (torch.float64, torch.float32):
        torch.set_default_dtype(dtype)
        out[dtype] = {k: v.detach().double().numpy() for k, v in compute().items()}
    torch.set_default_dtype(torch.float32)
    for k, v in out[torch.float64].items():
        error = np.abs(out[torch.float32][k] - v).max()
        scale = 1.0 if k in exact else np.abs(v).max()
        if not error <= agree * scale:
            raise BadExample("%s: %s: float32 differs by %g of %g" % (name, k, error, scale))
    return {k: v.astype(np.float32) for k, v in out[torch.float64].items()}


def tensor(x):
    return torch.tensor(np.asarray(x), dtype=torch.get_default_dtype())


def leaf(x):
    return tensor(x).requires_grad_()


class Cases:
    """Collects the cases of one file: NAME.WHAT tensors and the list of names."""

    def __init__(self, seed):
        self.r = np.random.RandomState(seed)
        self.tensors = {}
        self.names = {}

    def draw(self, *shape):
        return self.r.uniform(-1, 1, shape).astype(np.float32)

    def add(self, kind, name, inputs, compute, exact=()):
        name = kind + "." + name
        self.names.setdefault(kind, []).append(name)
        for k, v in dict(inputs, **both(name, compute, exact)).items():
            self.tensors[name + "." + k] = v

    def save(self, path):
        save(path, self.tensors, {k: ",".join(v) for k, v in self.names.items()})


def conv_cases(c):
    small = [(1, 1, 1, 1, 1), (2, 3, 16, 9, 7), (2, 5, 7, 6, 11), (1, 16, 8, 4, 6)]
    large = [(1, 33, 17, 5, 4), (1, 16, 32, 6, 8)]
    for k, stride in ((3, 1), (3, 2), (1, 1), (1, 2)):
        for n, cin, cout, h, w in small + (large if (k, stride) == (3, 1) else []):
            pad = k // 2
            oh, ow = ((s + 2 * pad - k) // stride + 1 for s in (h, w))
            x, weight = c.draw(n, cin, h, w), c.draw(cout, cin, k, k)
            g = c.draw(n, cout, oh, ow)

            def compute():
                a, b = leaf(x), leaf(weight)
                y = F.conv2d(a, b, stride=stride, padding=pad)
                y.backward(tensor(g))
                return {"output": y, "grad_input": a.grad, "grad_weight": b.grad}
            c.add("conv", "k%ds%d.n%dc%do%dh%dw%d" % (k, stride, n, cin, cout, h, w),
                  {"param": np.array([stride, pad], np.int32), "input": x, "weight": weight,
                   "grad_output": g}, compute)


def norm_cases(c):
    eps, momentum = 1e-5, 0.1
    for shape in ((4, 3, 5, 7), (2, 16, 4, 6), (8, 37), (200, 5), (3, 1, 1, 1)):
        channels = shape[1]
        name = "x".join(map(str, shape))
        x = 3 * c.draw(*shape) + c.draw(channels).reshape((1, -1) + (1,) * (len(shape) - 2))
        gamma, beta = 1 + 0.5 * c.draw(channels), c.draw(channels)
        mean, var, g = c.draw(channels), 1 + 0.5 * c.draw(channels), c.draw(*shape)
        inputs = {"input": x, "gamma": gamma, "beta": beta, "running_mean": mean,
                  "running_var": var, "param": np.array([eps, momentum], np.float32)}

        def train():
            a, w, b = leaf(x), leaf(gamma), leaf(beta)
            m, v = tensor(mean), tensor(var)
            y = F.batch_norm(a, m, v, w, b, True, momentum, eps)
            y.backward(tensor(g))
            return {"output": y, "grad_input": a.grad, "grad_gamma": w.grad,
                    "grad_beta": b.grad, "after_mean": m, "after_var": v}

        def evaluate():
            return {"output": F.batch_norm(tensor(x), tensor(mean), tensor(var), tensor(gamma),
                                           tensor(beta), False, momentum, eps)}
        c.add("norm_train", name, dict(inputs, grad_output=g), train)
        c.add("norm_eval", name, inputs, evaluate)


def other_cases(c):
    for shape in ((2, 3, 5, 7), (1, 1), (6, 33)):
        x, g = c.draw(*shape), c.draw(*shape)
        x.reshape(-1)[::5] = 0      # the gradient at zero is zero
        x.reshape(-1)[3::7] = -0.0

        def relu():
            a = leaf(x)
            y = F.relu(a)
            y.backward(tensor(g))
            return {"output": y, "grad_input": a.grad}
        c.add("relu", "x".join(map(str, shape)), {"input": x, "grad_output": g}, relu)
    for n, cin, cout in ((1, 1, 1), (5, 7, 3), (6, 33, 16), (17, 16, 33)):
        x, w, b, g = c.draw(n, cin), c.draw(cout, cin), c.draw(cout), c.draw(n, cout)

        def linear():
            a, v, d = leaf(x), leaf(w), leaf(b)
            y = F.linear(a, v, d)
            y.backward(tensor(g))
            return {"output": y, "grad_input": a.grad, "grad_weight": v.grad, "grad_bias": d.grad}
        c.add("linear", "n%di%do%d" % (n, cin, cout),
              {"input": x, "weight": w, "bias": b, "grad_output": g}, linear)
    for shape in ((2, 3, 5, 7), (1, 16, 8, 8), (3, 5, 1, 1)):
        x, g = c.draw(*shape), c.draw(*shape[:2])

        def pool():
            a = leaf(x)
            y = a.mean((2, 3))
            y.backward(tensor(g))
            return {"output": y, "grad_input": a.grad}
        c.add("pool", "x".join(map(str, shape)), {"input": x, "grad_output": g}, pool)


def loss_cases(c):
    for n, d in ((2, 3), (5, 7), (16, 33)):
        p1, p2, z1, z2 = (c.draw(n, d) for _ in range(4))

        def simsiam():
            a, b, u, v = leaf(p1), leaf(p2), leaf(z1), leaf(z2)
            loss = ssnet.simsiam_loss(a, b, u, v)
            loss.backward()
            return {"loss": loss.reshape(1), "grad_p1": a.grad, "grad_p2": b.grad}
        c.add("simsiam", "n%dd%d" % (n, d), {"p1": p1, "p2": p2, "z1": z1, "z2": z2}, simsiam)
        for decoupled in (False, True):
            for tau in (0.5, 0.1):
                def contrast():
                    u, v = leaf(z1), leaf(z2)
                    loss = ssnet.nt_xent_loss(u, v, tau, decoupled)
                    loss.backward()
                    return {"loss": loss.reshape(1), "grad_z1": u.grad, "grad_z2": v.grad}
                c.add("dcl" if decoupled else "nt_xent", "n%dd%dt%g" % (n, d, tau),
                      {"z1": z1, "z2": z2, "param": np.array([tau], np.float32)}, contrast)


def optimiser_cases(c):
    for lr, momentum, decay in ((0.1, 0.9, 5e-4), (0.3, 0.5, 0.1), (0.1, 0, 0)):
        w0, grads = c.draw(11), c.draw(3, 11)

        def sgd():
            w = nn.Parameter(tensor(w0))
            opt = torch.optim.SGD([w], lr, momentum=momentum, weight_decay=decay)
            after, velocity = [], []
            for g in grads:
                w.grad = tensor(g)
                opt.step()
                after.append(w.detach().clone())
                # without momentum PyTorch keeps no velocity: it is the gradient
                velocity.append((opt.state[w]["momentum_buffer"] if momentum else w.grad).clone())
            return {"after": torch.stack(after), "velocity": torch.stack(velocity)}
        c.add("sgd", "lr%gm%gd%g" % (lr, momentum, decay), {
            "before": w0, "grads": grads,
            "param": np.array([lr, momentum, decay], np.float64)}, sgd)
    for total, warm in ((50, 0), (50, 10), (7, 7), (1, 0)):
        # PyTorch's own schedulers, one chained behind the other
        w = nn.Parameter(torch.zeros(1))
        opt = torch.optim.SGD([w], 0.06)
        parts = []
        if warm > 0:
            parts.append(torch.optim.lr_scheduler.LambdaLR(opt, lambda k: (k + 1) / warm))
        if warm < total:
            parts.append(torch.optim.lr_scheduler.LambdaLR(
                opt, lambda k: 0.5 * (1 + np.cos(np.pi * k / (total - warm)))))
        schedule = torch.optim.lr_scheduler.SequentialLR(opt, parts, [warm] * (len(parts) - 1))
        rates = []
        for _ in range(total):
            rates.append(opt.param_groups[0]["lr"])
            opt.step()
            with warnings.catch_warnings():     # PyTorch 1.13 warns about a call of its own
                warnings.simplefilter("ignore")
                schedule.step()
        name = "cosine.k%dw%d" % (total, warm)
        c.names.setdefault("cosine", []).append(name)
        c.tensors[name + ".param"] = np.array([0.06, total, warm], np.float64)
        c.tensors[name + ".lr"] = np.array(rates, np.float64)


def lars_step(kind, w, v, g, lr, momentum, decay, trust, clip):
    """One step of a tensor, from the definitions of the three dialects (FAIR, Google, apex)."""
    if w.dim() > 1:
        if kind == "larc":
            q = trust * w.norm() / (g.norm() + decay * w.norm())
            if clip:
                q = min(q / lr, torch.ones(()).to(w))
            g = (g + decay * w) * q
        else:
            g = g + decay * w
            q = trust * w.norm() / g.norm()
            g = g * q
    if kind == "lars-google":
        v = momentum * v + lr * g
        return w - v, v
    v = momentum * v + g
    return w - lr * v, v


def keras_step(w, v, g, lr, momentum, decay):
    v = momentum * v - lr * (g + decay * w)
    return w + v, v


def update_cases(c):
    """Optimisers over a matrix and a vector; the rate falls from step to step."""
    rates = (0.1, 0.07, 0.02)
    for kind, momentum, decay, clip in (("sgd-keras", 0.9, 0.01, 0), ("lars", 0.9, 0.02, 0),
                                        ("lars-google", 0.9, 0.02, 0), ("larc", 0.9, 0.02, 0), ("larc", 0.9, 0.02, 1),
                                        ("adam", 0.9, 0.05, 0), ("adamw", 0.8, 0.05, 0)):
        matrix, vector, grads = c.draw(3, 5), c.draw(4), c.draw(3, 19)
        trust, beta2 = 0.2, 0.99

        def run():
            tensors = [tensor(matrix), tensor(vector)]
            after = []
            if kind in ("adam", "adamw"):
                tensors = [nn.Parameter(t) for t in tensors]
                # as ours does by default, adam decays vectors too and adamw does not
                groups = [{"params": tensors[:1]}, {"params": tensors[1:], "weight_decay": decay * (kind == "adam")}]
                make = torch.optim.Adam if kind == "adam" else torch.optim.AdamW
                opt = make(groups, rates[0], betas=(momentum, beta2), eps=1e-8, weight_decay=decay)
            velocity = [torch.zeros_like(t) for t in tensors]
            for lr, g in zip(rates, grads):
                g = (tensor(g[:15]).view(3, 5), tensor(g[15:]))
                if kind in ("adam", "adamw"):
                    for group in opt.param_groups:
                        group["lr"] = lr
                    for t, x in zip(tensors, g):
                        t.grad = x
                    opt.step()
                else:
                    for i in range(2):
                        if kind == "sgd-keras":
                            tensors[i], velocity[i] = keras_step(tensors[i], velocity[i], g[i], lr, momentum, decay)
                        else:
                            tensors[i], velocity[i] = lars_step(kind, tensors[i], velocity[i], g[i], lr, momentum,
                                                                decay, trust, clip)
                after.append(torch.cat([t.detach().reshape(-1) for t in tensors]))
            return {"after": torch.stack(after)}
        c.add(kind, "m%gd%gc%d" % (momentum, decay, clip), {
            "matrix": matrix, "vector": vector, "grads": grads, "rates": np.array(rates, np.float64),
            "param": np.array([momentum, decay, trust, beta2, clip], np.float64)}, run)


class WatchedReLU:
    """
    In place of F.relu while the context lasts: BadExample if, in double, it sees a value within
    `margin` of zero, where float32's rounding may decide the gradient.
    """

    def __init__(self, margin):
        self.margin = margin

    def __enter__(self):
        self.relu, F.relu = F.relu, self

    def __exit__(self, *what):
        F.relu = self.relu

    def __call__(self, x, *args, **kwargs):
        nearest = float(x.detach().abs().min())
        if nearest < self.margin and x.dtype == torch.float64:
            raise BadExample("a ReLU saw %g" % nearest)
        return self.relu(x, *args, **kwargs)


def small_net(method):
    """Networks with every feature of the large ones, and few weights."""
    if method == "simsiam":
        return ssnet.SimSiam(ssnet.resnet("resnet8"), hidden=32, out=32, bottleneck=8)
    return ssnet.SimCLR(ssnet.ResNet((8, 16, 16, 32), (1, 1, 1, 1), "B"), hidden=16, out=8)


def draw_state(net, r):
    """Values for every tensor; gammas, betas and running statistics are not trivial either."""
    state = {}
    for name, x in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        fan_in = x[0].numel() if x.dim() > 1 else None
        if fan_in is not None:
            v = r.uniform(-1, 1, x.shape) * np.sqrt(3.0 / fan_in)
        elif name.endswith("running_var") or name.endswith(".weight"):
            v = r.uniform(0.5, 1.5, x.shape)
        else:
            v = r.uniform(-0.2, 0.2, x.shape)
        state[name] = v.astype(np.float32)
    return state


def file_name(name):
    return name[len("backbone."):] if name.startswith("backbone.") else name


def two_steps(method, state, views):
    """All that two steps on the same batch change."""
    net = small_net(method)
    net.load_state_dict({k: tensor(v) for k, v in state.items()}, strict=False)
    net.train()
    opt = torch.optim.SGD(net.parameters(), STEP["lr"], momentum=STEP["momentum"],
                          weight_decay=STEP["weight_decay"])
    x = [ssnet.normalise(torch.from_numpy(v)) for v in views]
    out, losses = {}, []
    with WatchedReLU(MARGIN):
        for step in (1, 2):
            opt.zero_grad()
            loss, _ = net(*x)
            loss.backward()
            losses.append(loss.detach())
            if step == 1:
                for name, w in net.named_parameters():
                    out["grad1." + file_name(name)] = w.grad.clone()
            opt.step()
            for name, v in net.state_dict().items():
                if not name.endswith("num_batches_tracked"):
                    out["after%d.%s" % (step, file_name(name))] = v.clone()
    out["loss"] = torch.stack(losses)
    return out


def biases_before_norm(net):
    """Linear biases that a batch normalisation takes away again: their gradient is zero."""
    found = []
    for name, module in net.named_modules():
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                if isinstance(module[i], nn.Linear) and isinstance(module[i + 1], nn.BatchNorm1d):
                    found.append("%s.%d.bias" % (name, i))
    return found


def example(method, seed, agree):
    """Initial state, views and results of one seed; BadExample if it is not fit."""
    r = np.random.RandomState(seed)
    state = draw_state(small_net(method), r)
    views = r.randint(0, 256, (2, 6, 3, 16, 16)).astype(np.uint8)
    zero = biases_before_norm(small_net(method))
    return state, views, zero, both(method, lambda: two_steps(method, state, views),
                                    ["grad1." + name for name in zero], agree)


def search(method):
    seed = 0
    while True:
        try:
            example(method, seed, AGREE)
            return seed
        except BadExample:
            seed += 1


def step_file(path, method):
    state, views, zero, results = example(method, SEED[method], AGREE_ELSEWHERE)
    tensors = {"view1": views[0], "view2": views[1]}
    for name, v in state.items():
        tensors["init." + file_name(name)] = v
    tensors.update(results)
    for name in zero:
        tensors["grad1." + name][...] = 0
    meta = {"method": method, "arch": "resnet8" if method == "simsiam" else
            "stem 3x3; stages 1,1,1,1 of basic blocks, widths 8,16,16,32, option B",
            "mean": ",".join(map(str, ssnet.MEAN)), "std": ",".join(map(str, ssnet.STD)),
            "temperature": "0.5", "zero_grad": ",".join(zero), "seed": str(SEED[method])}
    meta.update((k, str(v)) for k, v in STEP.items())
    save(path, tensors, meta)


def main():
    import methods  # it uses what stands above

    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "..", "golden")
    torch.set_num_threads(1)
    if folder == "--search":
        for method in SEED:
            print("%s: seed %d" % (method, search(method)))
        return
    os.makedirs(folder, exist_ok=True)
    for name, seed, makers in (("ops", 1, (conv_cases, norm_cases, other_cases)),
                               ("losses", 2, (loss_cases,)), ("optim", 3, (optimiser_cases, update_cases)),
                               ("methods", 4, (methods.cases,))):
        cases = Cases(seed)
        for make in makers:
            make(cases)
        cases.save(os.path.join(folder, name + ".safetensors"))
    for method in ("simsiam", "simclr"):
        step_file(os.path.join(folder, "step_%s.safetensors" % method), method)


if __name__ == "__main__":
    sys.modules["make_goldens"] = sys.modules["__main__"]
    main()
