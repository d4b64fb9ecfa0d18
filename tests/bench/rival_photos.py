"""
rival_photos - JPEG files opened by Pillow and two views of 224x224 made by torchvision's transforms, one thread

usage: rival_photos.py FOLDER decode|views|both|clock [RECIPE]

Prints images or views a second of CPU time, or with `clock` by the clock, without the start of Python and
its modules. The conversion to arrays is counted, as ours is written out.
"""
import os
import sys
import time

import numpy
import torch
from PIL import Image, ImageFilter
from torchvision import transforms as T
from torchvision.transforms import functional as F


class Blur:
    """SimSiam's, MoCo's and BYOL's: Pillow's own blur, sigma 0.1 to 2."""

    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(radius=float(torch.empty(1).uniform_(0.1, 2))))


class Solarize:
    def __call__(self, image):
        return F.solarize(image, 128)


def crop(least, mode=T.InterpolationMode.BILINEAR):
    return T.RandomResizedCrop(224, scale=(least, 1), interpolation=mode)


def colours(b, c, s, h):
    return [T.RandomApply([T.ColorJitter(b, c, s, h)], 0.8), T.RandomGrayscale(0.2)]


def pipelines(recipe):
    """Of the first and of the second view."""
    flip = [T.RandomHorizontalFlip()]
    if recipe == "simsiam":
        one = [crop(0.2)] + colours(0.4, 0.4, 0.4, 0.1) + [T.RandomApply([Blur()], 0.5)] + flip
        both = [one, one]
    elif recipe == "simclr":
        one = [crop(0.08)] + flip + colours(0.8, 0.8, 0.8, 0.2) + [T.RandomApply([T.GaussianBlur(23, (0.1, 2.0))], 0.5)]
        both = [one, one]
    elif recipe == "byol":
        start = [crop(0.08, T.InterpolationMode.BICUBIC)] + flip + colours(0.4, 0.4, 0.2, 0.1)
        both = [start + [Blur()], start + [T.RandomApply([Blur()], 0.1), T.RandomApply([Solarize()], 0.2)]]
    return [T.Compose(v) for v in both]


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    folder, what = sys.argv[1:3]
    files = sorted(os.path.join(d, f) for d, _, names in os.walk(folder) for f in names if f.endswith(".jpg"))[::3]
    views = pipelines(sys.argv[3]) if what != "decode" else []
    clock = time.monotonic if what == "clock" else time.process_time
    numpy.asarray(Image.open(files[0]).convert("RGB"))
    kept = [Image.open(f).convert("RGB") for f in files] if what == "views" else None
    begin = clock()
    for i, f in enumerate(files):
        image = kept[i] if kept else Image.open(f).convert("RGB")
        if not views:
            numpy.asarray(image)
        for v in views:
            numpy.asarray(v(image))
    print("%.1f" % (len(files) * max(1, len(views)) / (clock() - begin)))


main()
