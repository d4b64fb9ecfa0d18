"""
check_views - holds the views that ss-augment makes of photographs to torchvision, Pillow and NumPy

    BIN=build/bin SS_DATA=FOLDER python3 tests/torch/check_views.py        prints TAP; run by `make check-torch`

Pictures are opened by Pillow and by `ss-load folder | ss-augment --record`; what was drawn is done again, by torchvision
or for TensorFlow's dialects by tests/cli/tf_image.py. Views of 224 x 224 and local ones of 96 x 96, of the flowers where
they are, and of pictures drawn here that are much larger, much smaller, and narrow. torchvision's bytes must be equal,
after a blur with a kernel within 1; every byte of tf and tf-clamp a correct rounding.
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
    import torchvision  # noqa: F401
except ImportError as e:
    print("1..0 # SKIP %s" % e)
    sys.exit(0)
import augment  # noqa: E402
import tf_image  # noqa: E402

FLOWERS = os.path.join(os.environ.get("SS_DATA", "data"), "flower_photos", "test")
SIZES = [(1600, 1100), (90, 1500), (2000, 60), (40, 30), (224, 224), (500, 224), (225, 223), (1, 1), (400, 3)]

FLIP_FIRST = "crop flip translate jitter gray blur solarize"
FLIP_LAST = "crop jitter gray blur solarize flip translate"
BLUR_FIRST = "crop flip translate blur jitter gray solarize"
CASES = [   # arguments, order of the operations, filter or dialect, whether a blur has a kernel
    ("--recipe simsiam --two-views", FLIP_LAST, "bilinear", False),
    ("--recipe moco2 --two-views", FLIP_LAST, "bilinear", False),
    ("--recipe simclr --two-views", FLIP_FIRST, "bilinear", True),
    ("--recipe byol --two-views", FLIP_FIRST, "bicubic", False),
    ("--recipe barlow --two-views", FLIP_FIRST, "bicubic", False),
    ("--recipe vicreg --two-views", FLIP_FIRST, "bicubic", False),
    ("--recipe swav", FLIP_FIRST, "bilinear", False),
    ("--recipe dino", FLIP_FIRST, "bicubic", False),
    ("--recipe crop-flip", FLIP_FIRST, "bilinear", False),
    ("--recipe fair-linear", FLIP_FIRST, "bicubic", False),
    ("--recipe fair-test", FLIP_FIRST, "bicubic", False),
    ("--recipe pad-flip", FLIP_FIRST, "bilinear", False),
    ("--recipe none", FLIP_FIRST, "bilinear", False),
    ("--recipe none --filter bicubic --vflip 0.5", FLIP_FIRST, "bicubic", False),
    ("--recipe none --crop-centre 300 --solarize 1", FLIP_FIRST, "bilinear", False),
    ("--recipe crop-flip --translate 1 --blur 1 --blur-sigma 1,30", FLIP_FIRST, "bilinear", False),
    ("--recipe simsiam-tf --two-views", BLUR_FIRST, "tf", True),
    ("--recipe simclr-report --two-views", FLIP_FIRST, "tf", True),
    ("--recipe keras-2021 --two-views", FLIP_FIRST, "tf-bytes", True),
    ("--recipe keras-3 --two-views", FLIP_FIRST, "tf-clamp", True),
    ("--recipe crop-flip --dialect tf --blur 1 --blur-kernel -1", FLIP_FIRST, "tf", True),
    ("--recipe none --dialect tf --crop-centre 0", FLIP_FIRST, "tf", True),
    ("--recipe none --dialect tf --crop-pad 30 --vflip 0.5", FLIP_FIRST, "tf", True),
]


def draw(folder):
    """Pictures of every shape, without loss; what they show, augment.py makes up."""
    rng = np.random.default_rng(3)
    for i, (width, height) in enumerate(SIZES):
        planes = augment.picture(rng, i % 2 and min(width, height) > 4, (3, height, width))
        Image.fromarray(np.ascontiguousarray(planes.transpose(1, 2, 0))).save("%s/%d.png" % (folder, i))


def views(folder, args, n):
    with tempfile.NamedTemporaryFile(suffix=".sst") as f:
        loader, maker = (os.path.join(os.environ["BIN"], tool) for tool in ("ss-load", "ss-augment"))
        load = subprocess.Popen([loader, "folder", folder, "--limit", str(n)], stdout=subprocess.PIPE)
        subprocess.run([maker, "--size", "224", "--record", "--seed", "4", "--force", "-o", f.name, *args.split()],
                       stdin=load.stdout, check=True)
        assert load.wait() == 0
        return augment.read(f.name)


def redo(picture, p, order, filter, size):
    if filter in tf_image.DIALECTS:
        return tf_image.view(picture.transpose(1, 2, 0), p, order, filter, *size).transpose(2, 0, 1)
    return augment.torchvision_view(picture, p, order, filter, size)


def compare(folder, n, case):
    """Bytes, how many of them are not what they should be, the largest difference."""
    args, order, filter, kernel = case
    made = views(folder, args, n)
    names = [name.tobytes().decode() for name in made["name"]]
    pictures = [np.asarray(ImageOps.exif_transpose(Image.open(os.path.join(folder, name))).convert("RGB")).transpose(2, 0, 1)
                for name in names]
    total, off, worst, kinds = 0, 0, 0, [k[:-len(".params")] for k in made if k.endswith(".params")]
    for kind in kinds:
        assert len(made[kind]) == len(made[kind + ".params"]) == len(pictures) > 0
        for picture, got, numbers in zip(pictures, made[kind], made[kind + ".params"]):
            p = dict(zip(augment.NUMBERS, numbers.tolist()))
            far = np.abs(redo(picture, p, order.split(), filter, got.shape[1:]) - got.astype(float))
            total, off, worst = total + far.size, off + (far > .501).sum(), max(worst, far.max())
    limit, share = {"tf": (.501, 0), "tf-clamp": (.501, 0), "tf-bytes": (3.501, 1e-3)}.get(filter, (1, 1e-3) if kernel else (0, 0))
    return len(kinds) * len(pictures), total, off, worst, worst <= limit and off <= share * total


def main():
    failed, count = 0, 0
    with tempfile.TemporaryDirectory() as drawn:
        draw(drawn)
        sources = [("drawn", drawn, len(SIZES))] + ([("flowers", FLOWERS, 14)] if os.path.isdir(FLOWERS) else [])
        for case in CASES:
            for name, folder, n in sources:
                number, total, off, worst, good = compare(folder, n, case)
                count += 1
                failed += not good
                print("%sok %d - %s: %s: %d views, %d of %d bytes differ, by %.3g at most"
                      % ("" if good else "not ", count, name, case[0], number, off, total, worst), flush=True)
        if len(sources) == 1:
            print("# no %s: drawn pictures alone" % FLOWERS)
    print("1..%d" % count)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
