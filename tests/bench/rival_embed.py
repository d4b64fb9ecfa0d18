"""
rival_embed - images per second of PyTorch's inference

usage: rival_embed.py ARCH IMAGES BATCH THREADS

Evaluation mode, no gradients, every batch normalisation folded into the convolution before it,
traced and frozen where that is faster: the best of plain and traced, of contiguous and channels last.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torch"))
import torch  # noqa: E402
import ssnet  # noqa: E402


def rate(net, batches, count):
    with torch.no_grad():
        net(batches[0])
        begin = time.monotonic()
        done = 0
        while done < count:
            for b in batches:
                net(b)
                done += len(b)
                if done >= count:
                    break
        return done / (time.monotonic() - begin)


def main():
    arch, images, batch, threads = sys.argv[1:5]
    images, batch = int(images), int(batch)
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    net = ssnet.resnet(arch).eval()
    best = 0
    for last in (False, True):
        fmt = torch.channels_last if last else torch.contiguous_format
        n = net.to(memory_format=fmt)
        raw = [torch.randint(0, 256, (batch, 3, 32, 32), dtype=torch.uint8) for _ in range(4)]
        batches = [ssnet.normalise(x).contiguous(memory_format=fmt) for x in raw]
        with torch.no_grad():
            traced = torch.jit.freeze(torch.jit.trace(n, batches[0]))
            traced = torch.jit.optimize_for_inference(traced)
        for m in (n, traced):
            best = max(best, rate(m, batches, images // 4))
    print("%.2f" % best)


main()
