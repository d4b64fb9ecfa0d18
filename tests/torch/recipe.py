"""
recipe - our CIFAR-10 recipe in PyTorch: the rival of the bench and the source of its numbers

Trains SimSiam or SimCLR on He's ResNet-20 with exactly the hyper-parameters of
pipelines/cifar10, and scores the frozen backbone by kNN and a linear probe:

    OPENBLAS_CORETYPE=SkylakeX python3 tests/torch/recipe.py --method simclr --seed 1 \\
        --epochs-run 1 --data DIR --json

Methods: simsiam, simclr, untrained (the network as initialised), raw (pixels).
The schedule is that of 5 epochs, or of --epochs; --epochs-run N stops after N of them.

The linear probe is multinomial logistic regression on features standardised by the training
set's mean and standard deviation: mean cross-entropy + (1e-6 / 2) |W|^2, bias not penalised,
in double, by scipy's L-BFGS-B from zero until the largest element of the gradient is below
1e-5 (or 2000 iterations).  Augmentation is torchvision's on Pillow images, done for a whole
epoch before the epoch is trained and timed apart from it; no DataLoader.
"""
import argparse
import json
import math
import multiprocessing
import os
import random
import sys
import time

import numpy as np
import torch
from PIL import Image
from scipy.optimize import minimize
from torchvision import transforms as T

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ssnet  # noqa: E402

BATCH = 256
LR = {"simsiam": 0.06, "simclr": 0.12}
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
PROBE_L2 = 1e-6


def load_cifar(folder, names):
    """The binary version of CIFAR-10: a label byte and 3,072 bytes an image."""
    raw = np.concatenate([
        np.fromfile(os.path.join(folder, n), np.uint8).reshape(-1, 3073) for n in names])
    return raw[:, 1:].reshape(-1, 3, 32, 32), raw[:, 0].astype(np.int64)


AUGMENT = T.Compose([
    T.RandomResizedCrop(32, scale=(0.2, 1.0)),
    T.RandomHorizontalFlip(0.5),
    T.RandomApply([T.ColorJitter(0.4, 0.4, 0.4, 0.1)], 0.8),
    T.RandomGrayscale(0.2),
])


def augment_part(images, seed, out):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    random.seed(seed)
    for i, image in enumerate(images):
        picture = Image.fromarray(image)
        for view in range(2):
            out[i, view] = np.asarray(AUGMENT(picture)).transpose(2, 0, 1)


def augment(images, seed, epoch, workers):
    """Both views of every image, u8 (N,2,3,32,32).  The result does not depend on workers."""
    parts = 20
    n = len(images)
    shared = multiprocessing.Array("B", n * 2 * 3072, lock=False)
    views = np.frombuffer(shared, np.uint8).reshape(n, 2, 3, 32, 32)
    hwc = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    cut = [n * i // parts for i in range(parts + 1)]
    context = multiprocessing.get_context("fork")

    def work(worker):
        for p in range(worker, parts, workers):
            augment_part(hwc[cut[p]:cut[p + 1]], (seed * 1000 + epoch) * parts + p,
                         views[cut[p]:cut[p + 1]])

    children = [context.Process(target=work, args=(w,)) for w in range(workers)]
    for c in children:
        c.start()
    for c in children:
        c.join()
        if c.exitcode != 0:
            sys.exit("recipe.py: an augmentation worker failed")
    return torch.from_numpy(views)


def train(net, method, views, order, first_step, total, log):
    """One epoch; returns the mean loss and the collapse measure std*sqrt(d) at its end."""
    net.train()
    sgd = train.sgd
    losses = []
    for b in range(len(order) // BATCH):
        for group in sgd.param_groups:
            group["lr"] = train.lr * 0.5 * (1 + math.cos(math.pi * (first_step + b) / total))
        pair = views[order[b * BATCH:(b + 1) * BATCH]]
        x1, x2 = (ssnet.normalise(pair[:, v]).contiguous(memory_format=torch.channels_last)
                  for v in range(2))
        sgd.zero_grad()
        loss, z = net(x1, x2)
        loss.backward()
        sgd.step()
        losses.append(loss.item())
        if log and b % 20 == 0:
            print("  step %4d  loss %.4f" % (first_step + b, losses[-1]), file=log, flush=True)
    unit = torch.nn.functional.normalize(z.detach(), dim=1)
    spread = unit.std(0).mean().item() * math.sqrt(unit.shape[1])
    return losses, spread


def embed(backbone, images):
    backbone.eval()
    out = []
    with torch.no_grad():
        for i in range(0, len(images), 500):
            x = ssnet.normalise(torch.from_numpy(images[i:i + 500]))
            out.append(backbone(x.contiguous(memory_format=torch.channels_last)))
    return torch.cat(out).numpy()


def knn(train_x, train_y, test_x, test_y, k=200, t=0.1):
    """Weighted vote exp(cosine / t) of the k nearest training images; accuracy in per cent."""
    bank = torch.nn.functional.normalize(torch.from_numpy(train_x).float(), dim=1)
    query = torch.nn.functional.normalize(torch.from_numpy(test_x).float(), dim=1)
    labels = torch.from_numpy(train_y)
    right = 0
    for i in range(0, len(query), 500):
        cosine, index = (query[i:i + 500] @ bank.t()).topk(k, dim=1)
        votes = torch.zeros(len(cosine), 10)
        votes.scatter_add_(1, labels[index], (cosine / t).exp())
        right += (votes.argmax(1).numpy() == test_y[i:i + 500]).sum()
    return 100.0 * right / len(query)


def probe(train_x, train_y, test_x, test_y):
    """Multinomial logistic regression; see the head of this file.  Accuracy, iterations, loss."""
    mean = train_x.mean(0, dtype=np.float64)
    std = train_x.std(0, dtype=np.float64)
    std[std < 1e-12] = 1
    # float32 products for wide inputs (pixels); sums and everything else in double
    kind = np.float64 if train_x.shape[1] <= 512 else np.float32
    x = ((train_x - mean) / std).astype(kind)
    q = ((test_x - mean) / std).astype(kind)
    n, d = x.shape
    onehot = np.zeros((n, 10), kind)
    onehot[np.arange(n), train_y] = 1

    def value(theta):
        w = theta[:-10].reshape(d, 10)
        s = (x @ w.astype(kind)).astype(np.float64) + theta[-10:]
        s -= s.max(1, keepdims=True)
        e = np.exp(s)
        total = e.sum(1, keepdims=True)
        loss = np.mean(np.log(total[:, 0]) - s[np.arange(n), train_y])
        g = (e / total - onehot) / n
        dw = (x.T @ g.astype(kind)).astype(np.float64) + PROBE_L2 * w
        return (loss + 0.5 * PROBE_L2 * (w * w).sum(),
                np.concatenate((dw.ravel(), g.sum(0))))

    r = minimize(value, np.zeros(d * 10 + 10), jac=True, method="L-BFGS-B",
                 options={"gtol": 1e-5, "ftol": 0, "maxiter": 2000, "maxfun": 4000, "maxcor": 20})
    w = r.x[:-10].reshape(d, 10).astype(kind)
    hit = ((q @ w + r.x[-10:]).argmax(1) == test_y).mean()
    return 100.0 * hit, int(r.nit), float(r.fun)


def score(train_x, train_y, test_x, test_y):
    start = time.time()
    out = {"knn": round(knn(train_x, train_y, test_x, test_y), 2)}
    acc, out["probe_iterations"], out["probe_loss"] = probe(train_x, train_y, test_x, test_y)
    out["linear"] = round(acc, 2)
    out["score_seconds"] = round(time.time() - start, 1)
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    p.add_argument("--method", choices=("simsiam", "simclr", "untrained", "raw"), required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--epochs", type=int, default=5, help="of the schedule [5]")
    p.add_argument("--epochs-run", type=int, help="of those [all]")
    p.add_argument("--lr", type=float, help="learning rate at the beginning [the method's]")
    p.add_argument("--data", required=True, help="folder of the CIFAR-10 binary files")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--limit", type=int, help="only so many training images (to time a few steps)")
    p.add_argument("--score-epochs", help="score after these only, as 3,9,18 [all]")
    p.add_argument("--no-score", action="store_true", help="train only, for the bench")
    p.add_argument("--json", action="store_true", help="one JSON object an epoch on stdout")
    args = p.parse_args()
    if args.epochs_run is None:
        args.epochs_run = args.epochs
    if not 0 <= args.epochs_run <= args.epochs:
        p.error("--epochs-run: 0..%d" % args.epochs)
    scored = range(1, args.epochs + 1)
    if args.score_epochs:
        scored = [int(e) for e in args.score_epochs.split(",")]
    torch.set_num_threads(args.threads)
    log = sys.stderr

    train_x, train_y = load_cifar(args.data, ["data_batch_%d.bin" % i for i in range(1, 6)])
    test_x, test_y = load_cifar(args.data, ["test_batch.bin"])
    if args.limit:
        train_x, train_y = train_x[:args.limit], train_y[:args.limit]

    def report(row):
        row = dict({"method": args.method, "seed": args.seed, "threads": args.threads}, **row)
        if args.json:
            print(json.dumps(row), flush=True)
        else:
            print("  ".join("%s %s" % kv for kv in row.items()), flush=True)

    if args.method == "raw":
        report(score(train_x.reshape(len(train_x), -1).astype(np.float32) / 255, train_y,
                     test_x.reshape(len(test_x), -1).astype(np.float32) / 255, test_y))
        return

    torch.manual_seed(args.seed)
    backbone = ssnet.resnet("resnet20")
    if args.method == "untrained":
        backbone = backbone.to(memory_format=torch.channels_last)
        report(dict(epoch=0, **score(embed(backbone, train_x), train_y,
                                     embed(backbone, test_x), test_y)))
        return

    net = (ssnet.SimSiam if args.method == "simsiam" else ssnet.SimCLR)(backbone)
    net = net.to(memory_format=torch.channels_last)
    train.lr = args.lr or LR[args.method]
    train.sgd = torch.optim.SGD(net.parameters(), train.lr, momentum=MOMENTUM,
                                weight_decay=WEIGHT_DECAY)
    steps = len(train_x) // BATCH
    for epoch in range(args.epochs_run):
        start = time.time()
        views = augment(train_x, args.seed, epoch, args.threads)
        middle = time.time()
        generator = torch.Generator().manual_seed(args.seed * 1000 + epoch)
        order = torch.randperm(len(train_x), generator=generator)
        losses, spread = train(net, args.method, views, order, epoch * steps, args.epochs * steps, log)
        end = time.time()
        row = {"epoch": epoch + 1, "loss_mean": round(float(np.mean(losses)), 4),
               "loss_last20": round(float(np.mean(losses[-20:])), 4),
               "std_ratio": round(spread, 4),
               "augment_seconds": round(middle - start, 1),
               "train_seconds": round(end - middle, 1),
               "images_per_second": round(steps * BATCH / (end - middle), 1)}
        if not args.no_score and epoch + 1 in scored:
            row.update(score(embed(backbone, train_x), train_y, embed(backbone, test_x), test_y))
        report(row)


if __name__ == "__main__":
    main()
