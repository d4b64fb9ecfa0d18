"""
check_photos - holds what ss-load makes of photographs to Pillow and torchvision, as installed here

    BIN=build/bin SS_DATA=FOLDER python3 tests/torch/check_photos.py        prints TAP; run by `make check-torch`

Whole pictures must be Pillow's to the byte; scaled and cropped ones torchvision's, where no JPEG was decoded to a
part of its size; where one was, they may differ by so little that the signal is 35 dB above it.
"""
import os
import subprocess
import sys
import tempfile
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cli"))

warnings.simplefilter("ignore")
try:
    import numpy as np
    from PIL import Image, ImageOps
    from torchvision.transforms import functional
except ImportError as e:
    print("1..0 # SKIP %s" % e)
    sys.exit(0)
import jpeg  # noqa: E402

FLOWERS = os.path.join(os.environ.get("SS_DATA", "data"), "flower_photos", "test")
if not os.path.isdir(FLOWERS):
    print("1..0 # SKIP no %s" % FLOWERS)
    sys.exit(0)


def loaded(*options):
    with tempfile.NamedTemporaryFile(suffix=".sst") as f:
        subprocess.run([os.path.join(os.environ["BIN"], "ss-load"), "folder", FLOWERS, "--force", "-o", f.name, *options], check=True)
        return jpeg.images(f.name)


def whole(name):
    return ImageOps.exif_transpose(Image.open(os.path.join(FLOWERS, name))).convert("RGB")


def compare(side):
    """How many are the same, and of the others that were decoded to a part the least ratio to the noise, in dB."""
    got = loaded(*(["--size", str(side), "--crop"] if side else []))
    same, parts, wrong, least = 0, 0, 0, float("inf")
    for name, pixels in got:
        image = whole(name)
        part = side and min(image.size) >= 4 * side - 1
        if side:
            image = functional.center_crop(functional.resize(image, side), [side, side])
        want = np.asarray(image).transpose(2, 0, 1)
        if want.shape == pixels.shape and np.array_equal(want, pixels):
            same += 1
        elif part:
            parts += 1
            least = min(least, 10 * np.log10(255 ** 2 / ((want.astype(float) - pixels) ** 2).mean()))
        else:
            wrong += 1
    return len(got), same, parts, wrong, least


failed = 0
for n, side in enumerate((0, 224, 128, 64, 32), 1):
    pictures, same, parts, wrong, least = compare(side)
    good = wrong == 0 and pictures == 100 and least > 35
    failed += not good
    print("%sok %d - %s: %d of %d the same, %d decoded smaller, %.1f dB at least" % (
        "" if good else "not ", n, "size %d" % side if side else "whole", same, pictures, parts, least), flush=True)
print("1..5")
sys.exit(failed > 0)
