#!/usr/bin/python3
"""Write tests/golden/augment.txt: what torchvision with Pillow makes of test images.

usage: make_augment_goldens.py > tests/golden/augment.txt

Each line is an operation, its numbers, the size of the test image, and the CRC-32 of the
result (channel after channel). "colours" lines hold for all 2^24 colours at once. The
last lines give whole results, in hexadecimal, of the one operation whose floating-point
sums PyTorch takes in an order of its own. tests/unit/test_image.c reads the file.
"""
import sys
import zlib

import numpy as np
import PIL
import torchvision
from PIL import Image, ImageFilter
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F


def picture(kind, channels, height, width):
    """The test images: 0 noise, 1 ramps. The C side computes the same."""
    c, y, x = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
    if kind == 0:
        v = (c * 7919 + y * 104729 + x * 1299709 + 12345) * 2654435761 % 2**32 >> 24
    else:
        v = (5 * x + 3 * y * (c + 1) + 70 * c) % 256
    return to_pil(v.astype(np.uint8))


def to_pil(planes):
    if planes.shape[0] == 1:
        return Image.fromarray(planes[0], "L")
    return Image.fromarray(np.ascontiguousarray(planes.transpose(1, 2, 0)), "RGB")


def planes(image):
    a = np.asarray(image)
    return np.ascontiguousarray(a[None] if a.ndim == 2 else a.transpose(2, 0, 1))


def resize(m, top, left, height, width, out_height, out_width, cubic):
    mode = InterpolationMode.BICUBIC if cubic else InterpolationMode.BILINEAR
    return F.resized_crop(m, top, left, height, width, [out_height, out_width], mode)


OPERATIONS = {
    "resize": resize,
    "mirror": F.hflip,
    "upend": F.vflip,
    "brightness": F.adjust_brightness,
    "contrast": F.adjust_contrast,
    "saturation": F.adjust_saturation,
    "hue": F.adjust_hue,
    "gray": lambda m: F.to_grayscale(m, len(m.getbands())),
    "solarize": lambda m, t: F.solarize(m, int(t)),
    "box-blur": lambda m, sigma: m.filter(ImageFilter.GaussianBlur(sigma)),
}


def single(x):
    """The number as the C side has it: a float of 32 bits."""
    return float(np.float32(x))


def case(operation, *numbers, kind, size):
    numbers = [n if isinstance(n, int) else single(n) for n in numbers]
    result = planes(OPERATIONS[operation](picture(kind, *size), *numbers))
    words = [operation, kind, *size, *(repr(n) for n in numbers), "%08x" % zlib.crc32(result)]
    print(*words)


def all_colours(operation, *numbers):
    """The planes of 256 images, one for each red, each of all greens and blues."""
    crc = 0
    g, b = np.meshgrid(np.arange(256), np.arange(256), indexing="ij")
    for r in range(256):
        m = to_pil(np.stack([np.full_like(g, r), g, b]).astype(np.uint8))
        crc = zlib.crc32(planes(OPERATIONS[operation](m, *map(single, numbers))), crc)
    print("colours", operation, *(repr(single(n)) for n in numbers), "%08x" % crc)


def main():
    print("# made by tests/torch/make_augment_goldens.py with torchvision",
          torchvision.__version__, "and Pillow", PIL.__version__)
    small, gray, odd = (3, 32, 32), (1, 28, 28), (3, 19, 37)
    for cubic in 0, 1:
        # every size of a crop on either side, against another one
        for n in range(1, 33):
            case("resize", (32 - n) // 2, (32 - n) // 3, n, n * 7 % 32 + 1 if n % 3 else n,
                 32, 32, cubic, kind=0, size=(3, 40, 44))
        for box in (0, 0, 19, 37), (3, 2, 9, 30), (18, 36, 1, 1), (0, 0, 19, 1), (5, 0, 3, 37):
            for out in (32, 32), (8, 8), (7, 50), (19, 37), (1, 1), (19, 12), (64, 37):
                case("resize", *box, *out, cubic, kind=1, size=odd)
        case("resize", 1, 2, 20, 25, 28, 28, cubic, kind=0, size=gray)
        # photographs: enlarged, a little smaller, much smaller, along one side alone
        for box in ((0, 0, 300, 402), (20, 31, 140, 143), (1, 0, 224, 402), (3, 7, 250, 224), (0, 1, 227, 231),
                    (10, 300, 190, 101), (299, 5, 1, 380), (7, 401, 280, 1)):
            for out in (224, 224), (96, 96), (33, 250):
                case("resize", *box, *out, cubic, kind=0, size=(3, 300, 402))
        for out in (224, 224), (96, 97), (31, 5):
            case("resize", 0, 0, 1500, 700, *out, cubic, kind=0, size=(1, 1500, 700))
            case("resize", 2, 3, 11, 1900, *out, cubic, kind=1, size=(3, 17, 2000))
    for sigma in 0.1, 0.5, 0.9, 1.3, 1.999, 2.5, 7, 30, 60:
        for size in (3, 224, 224), (3, 96, 95), (1, 3, 400):
            case("box-blur", sigma, kind=0, size=size)
    for size in small, gray, odd:
        case("mirror", kind=0, size=size)
        case("upend", kind=0, size=size)
        case("gray", kind=0, size=size)
        for f in 0, 0.2, 0.4, 0.6789, 0.95, 1, 1.05, 1.31, 1.4, 1.8, 5:
            for kind in 0, 1:
                case("brightness", f, kind=kind, size=size)
                case("contrast", f, kind=kind, size=size)
                case("saturation", f, kind=kind, size=size)
        for h in -0.5, -0.1, -0.001, 0, 0.03, 0.1, 0.2, 0.5:
            case("hue", h, kind=0, size=size)
        for t in 0, 1, 128, 200, 255:
            case("solarize", t, kind=0, size=size)
        for sigma in 0.1, 0.35, 0.7, 1, 1.32, 1.7, 2, 3.5, 9, 40:
            for kind in 0, 1:
                case("box-blur", sigma, kind=kind, size=size)
    for operation, numbers in (("gray", []), ("hue", [0]), ("hue", [0.1]), ("hue", [-0.0413]),
                               ("hue", [0.5]), ("saturation", [0.6]), ("saturation", [1.37])):
        all_colours(operation, *numbers)
    for kernel, sigma, kind, size in ((3, 0.7, 0, (3, 12, 14)), (3, 2, 1, (1, 13, 9)),
                                      (9, 1.3, 0, (1, 12, 14)), (23, 2, 0, (3, 12, 13))):
        sigma = single(sigma)
        result = planes(F.gaussian_blur(picture(kind, *size), kernel, sigma))
        print("blur", kind, *size, repr(sigma), kernel, result.tobytes().hex())


if __name__ == "__main__":
    sys.exit(main())
