"""tf_image.py - tf.image's operations in NumPy, from their documentation

An image is a float array of height x width x channels in 0..1. Written from the formulas of
the API documentation of TensorFlow 2 and Keras, without a look at any implementation's
arithmetic: colours go through a hexagon of hues as everybody draws it, in double precision.
"""
import numpy as np

DIALECTS = ("tf", "tf-clamp", "tf-bytes")


def resize(image, height, width):
    """tf.image.resize: bilinear, half-pixel centres, no antialiasing; borders are repeated."""
    def lines(n, size):
        at = np.clip((np.arange(n) + .5) * size / n - .5, 0, None)
        low = np.minimum(np.floor(at).astype(int), size - 1)
        return low, np.minimum(low + 1, size - 1), at - np.floor(at)
    low, high, t = lines(height, image.shape[0])
    image = image[low] * (1 - t)[:, None, None] + image[high] * t[:, None, None]
    low, high, t = lines(width, image.shape[1])
    return image[:, low] * (1 - t)[None, :, None] + image[:, high] * t[None, :, None]


def window(image, top, left, height, width):
    """What is outside is black."""
    out = np.zeros((height, width, image.shape[2]))
    for y in range(height):
        for x in range(width):
            if 0 <= top + y < image.shape[0] and 0 <= left + x < image.shape[1]:
                out[y, x] = image[top + y, left + x]
    return out


def to_hsv(image):
    value, low = image.max(-1), image.min(-1)
    spread = value - low
    saturation = np.where(value > 0, spread / np.where(value > 0, value, 1), 0)
    r, g, b = np.moveaxis(image, -1, 0)
    safe = np.where(spread > 0, spread, 1)
    hue = np.select([value == r, value == g], [(g - b) / safe % 6, (b - r) / safe + 2], (r - g) / safe + 4) / 6
    return np.where(spread > 0, hue, 0), saturation, value


def from_hsv(hue, saturation, value):
    chroma = value * saturation
    sixth = hue % 1 * 6
    x = chroma * (1 - abs(sixth % 2 - 1))
    zero = np.zeros_like(x)
    corner = np.floor(sixth).astype(int) % 6
    rgb = [np.choose(corner, c) for c in ((chroma, x, zero, zero, x, chroma), (x, chroma, chroma, x, zero, zero),
                                          (zero, zero, x, chroma, chroma, x))]
    return np.stack(rgb, -1) + (value - chroma)[..., None]


def adjust_brightness(image, delta):
    return image + delta


def adjust_contrast(image, factor):
    """About the mean of each channel."""
    mean = image.mean((0, 1))
    return (image - mean) * factor + mean


def adjust_saturation(image, factor):
    if image.shape[2] == 1:
        return image
    hue, saturation, value = to_hsv(image)
    return from_hsv(hue, np.clip(saturation * factor, 0, 1), value)


def adjust_hue(image, delta):
    if image.shape[2] == 1:
        return image
    hue, saturation, value = to_hsv(image)
    return from_hsv(hue + delta, saturation, value)


def rgb_to_grayscale(image):
    if image.shape[2] == 1:
        return image
    return np.repeat(image @ np.array([[0.2989], [0.5870], [0.1140]]), 3, 2)


def blur(image, kernel, sigma):
    """A separable Gaussian, padding "SAME": zeros around the image."""
    x = np.arange(kernel) - kernel // 2
    taps = np.exp(-x ** 2 / (2 * sigma ** 2))
    taps /= taps.sum()
    for axis in (0, 1):
        image = np.apply_along_axis(np.convolve, axis, image, taps)
        image = np.take(image, np.arange(image.shape[axis] - kernel + 1) + kernel // 2, axis)
    return image


def settle(image, dialect):
    """What is between two operations on colours."""
    if dialect == "tf-clamp":
        return image.clip(0, 1)
    if dialect == "tf-bytes":           # tf.image.convert_image_dtype(..., tf.uint8, saturate=True), and back
        return np.floor(np.clip(image * 255.5, 0, 255)) / 255
    return image


def view(image, p, order, dialect, height, width):
    """What the recorded numbers p make of an image of bytes, in 0..255, not rounded."""
    top, left, h, w = (int(p[k]) for k in ("top", "left", "height", "width"))
    image = resize(image[top:top + h, left:left + w] / 255, int(p["whole_height"]), int(p["whole_width"]))
    image = window(image, int(p["place_top"]), int(p["place_left"]), height, width)
    image = image[:, ::-1] if p["mirror"] else image
    image = image[::-1] if p["upend"] else image
    image = image[:, ::-1] if p["again"] else image
    image = window(image, -int(p["down"]), -int(p["right"]), height, width)
    jitter = [(adjust_brightness, p["brightness"]), (adjust_contrast, p["contrast"]),
              (adjust_saturation, p["saturation"]), (adjust_hue, p["hue"])]
    for step in order:
        if step == "jitter":
            for k in ("op0", "op1", "op2", "op3"):
                if p[k] >= 0:
                    image = settle(jitter[int(p[k])][0](image, jitter[int(p[k])][1]), dialect)
            if max(p[k] for k in ("op0", "op1", "op2", "op3")) >= 0:
                image = image.clip(0, 1)
        elif step == "gray" and p["gray"]:
            image = settle(rgb_to_grayscale(image), dialect)
        elif step == "blur" and p["sigma"] > 0:
            image = settle(blur(image, int(p["kernel"]), p["sigma"]), dialect)
        elif step == "solarize" and p["threshold"] < 256:
            image = settle(np.where(image >= p["threshold"] / 255, 1 - image, image), dialect)
    return image.clip(0, 1) * 255
