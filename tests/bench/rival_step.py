"""
rival_step - images per second of whole training steps in PyTorch

usage: rival_step.py ARCH METHOD BATCH THREADS STEPS [memory]

The same work as bench_step, at its best: channels last, gradients set to None, no data loader.
Prints the median rate of STEPS steps, after one that warms up, or the largest resident set in MB.
"""
import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torch"))
import torch  # noqa: E402
import ssnet  # noqa: E402


def main():
    arch, method, batch, threads, steps = sys.argv[1:6]
    batch, threads, steps = int(batch), int(threads), int(steps)
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    backbone = ssnet.resnet(arch)
    net = ssnet.SimSiam(backbone) if method == "simsiam" else ssnet.SimCLR(backbone)
    net = net.to(memory_format=torch.channels_last)
    net.train()
    sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    side = 224 if arch.endswith("-imagenet") else 32
    views = [torch.randint(0, 256, (batch, 3, side, side), dtype=torch.uint8) for _ in range(2)]
    rates = []
    for _ in range(steps + 1):
        begin = time.monotonic()
        x1, x2 = (ssnet.normalise(v).contiguous(memory_format=torch.channels_last) for v in views)
        sgd.zero_grad(set_to_none=True)
        loss, _ = net(x1, x2)
        loss.backward()
        sgd.step()
        loss.item()
        rates.append(batch / (time.monotonic() - begin))
    if sys.argv[6:] == ["memory"]:
        print("%.0f" % (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
    else:
        print("%.2f" % sorted(rates[1:])[steps // 2])


main()
