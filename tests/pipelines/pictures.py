"""pictures - a folder of drawn JPEG files, some of which are copies of others: encoded again, or of half the size

    pictures.py FOLDER COUNT COPIES JPEG    COUNT pictures, the first COPIES of them twice more; JPEG: the program of tests/cli/jpeg.c

Each is a sum of waves of its own in each colour. Standard library only."""
import math
import os
import random
import subprocess
import sys

W, H = 72, 56


def draw(seed):
    r = random.Random(seed)
    waves = [[(r.uniform(-9, 9), r.uniform(-9, 9), r.uniform(0, 7), r.uniform(10, 30)) for _ in range(4)] for _ in range(3)]
    ground = [r.uniform(60, 200) for _ in range(3)]
    return [[[min(255, max(0, int(g + sum(a * math.cos(p * x / W + q * y / H + s) for p, q, s, a in w))))
              for g, w in zip(ground, waves)] for x in range(W)] for y in range(H)]


def half(m):
    return [[[sum(m[2 * y + j][2 * x + i][c] for j in (0, 1) for i in (0, 1)) // 4 for c in range(3)]
             for x in range(len(m[0]) // 2)] for y in range(len(m) // 2)]


def save(jpeg, path, m, quality):
    with open("pixels", "wb") as f:
        f.write(bytes(v for row in m for p in row for v in p))
    subprocess.run([jpeg, "-f", "pixels", "-q", str(quality), path, str(len(m[0])), str(len(m))], check=True)


def main(folder, count, copies, jpeg):
    for i in range(int(count)):
        name, m = os.path.join(folder, "album %d" % (i % 3), "%03d" % i), draw(i)
        os.makedirs(os.path.dirname(name), exist_ok=True)
        save(jpeg, name + ".jpg", m, 92)
        if i < int(copies):
            save(jpeg, name + ".again.jpg", m, 60)
            save(jpeg, name + ".half.jpg", half(m), 92)
    os.remove("pixels")


main(*sys.argv[1:])
