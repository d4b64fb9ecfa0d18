"""
rival_augment - views per second of torchvision's transforms on Pillow images, one thread

usage: rival_augment.py simsiam|simclr IMAGES

Two views of each image; images are in memory, decoded; the conversion to arrays is counted, as
ours is written out.
"""
import sys
import time

import numpy
import torch
from PIL import Image, ImageFilter
from torchvision import transforms as T


class Blur:
    """SimSiam's and MoCo's: Pillow's own blur, sigma 0.1 to 2."""

    def __call__(self, image):
        return image.filter(ImageFilter.GaussianBlur(radius=float(torch.empty(1).uniform_(0.1, 2))))


def pipeline(recipe):
    strength, scale = (1.0, 0.2) if recipe == "simsiam" else (2.0, 0.08)
    jitter = T.ColorJitter(0.4 * strength, 0.4 * strength, 0.4 * strength, 0.1 * strength)
    blur = Blur() if recipe == "simsiam" else T.GaussianBlur(3, (0.1, 2.0))
    return T.Compose([T.RandomResizedCrop(32, scale=(scale, 1)), T.RandomApply([jitter], 0.8),
                      T.RandomGrayscale(0.2), T.RandomApply([blur], 0.5), T.RandomHorizontalFlip()])


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    augment, n = pipeline(sys.argv[1]), int(sys.argv[2])
    pixels = numpy.random.RandomState(1).randint(0, 256, (256, 32, 32, 3)).astype("u1")
    images = [Image.fromarray(p) for p in pixels]
    numpy.asarray(augment(images[0]))
    begin = time.monotonic()
    for i in range(n):
        for _ in range(2):
            numpy.asarray(augment(images[i % 256]))
    print("%.1f" % (2 * n / (time.monotonic() - begin)))


main()
