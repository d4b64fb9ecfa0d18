"""map - what the coordinates of ss-map must be, by numpy and scikit-learn

    map.py pca STREAM D TSV         they are principal components, by singular values
    map.py kl STREAM D TSV KL       their divergence is KL, by the definition
    map.py sklearn STREAM D KL      scikit-learn's t-SNE comes no lower than that, but for 4 %; status 77 without it

D is the number of features."""
import os
import subprocess
import sys

import numpy as np

PERPLEXITY = 30


def features(path, d):
    reader = os.path.join(os.environ["TOP"], "tests", "sst_read.py")
    b = subprocess.run([sys.executable, reader, path, "embedding"], stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(b, np.float32).reshape(-1, int(d)).astype(float)


def coordinates(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path)]
    assert rows[0] == ["x", "y", "label", "class", "index"]
    return np.array([[float(v) for v in r[:2]] for r in rows[1:]])


def squares(x):
    return ((x[:, None] - x[None]) ** 2).sum(2)


def pca(stream, d, tsv):
    x, got = features(stream, d), coordinates(tsv)
    u, s, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
    want = (u * s)[:, :2]
    want *= np.sign(want[np.abs(want).argmax(0), [0, 1]])
    assert np.abs(got - want).max() < 1e-6 * s[0], np.abs(got - want).max()


def conditional(far):
    """The probabilities of neighbours at these squared distances, whose entropy is log(PERPLEXITY)."""
    lo, hi = 1e-12, 1e12
    for _ in range(200):
        b = (lo * hi) ** 0.5
        p = np.exp(-(far - far.min()) * b)
        p /= p.sum()
        lo, hi = (b, hi) if -(p * np.log(p + 1e-300)).sum() > np.log(PERPLEXITY) else (lo, b)
    return p


def kl(stream, d, tsv, told):
    x, y = features(stream, d), coordinates(tsv)
    n, far = len(x), squares(x)
    np.fill_diagonal(far, np.inf)
    p = np.zeros((n, n))
    for i in range(n):
        near = np.argsort(far[i], kind="stable")[:min(n - 1, 3 * PERPLEXITY + 1)]
        p[i, near] = conditional(far[i, near])
    p = (p + p.T) / (2 * n)
    q = 1 / (1 + squares(y))
    np.fill_diagonal(q, 0)
    q /= q.sum()
    some = p > 0
    want = (p[some] * np.log(p[some] / q[some])).sum()
    assert abs(float(told) / want - 1) < 1e-3, want


def sklearn(stream, d, told):
    try:
        from sklearn.manifold import TSNE
    except ImportError:
        sys.exit(77)
    t = TSNE(init="pca", learning_rate="auto", perplexity=PERPLEXITY, random_state=0)
    t.fit(features(stream, d).astype(np.float32))
    print("# KL %s, scikit-learn's %.4f" % (told, t.kl_divergence_))
    # Both find a local minimum; theirs moves by 7 percent with the BLAS that numpy uses.
    assert float(told) < 1.12 * t.kl_divergence_


if __name__ == "__main__":
    {"pca": pca, "kl": kl, "sklearn": sklearn}[sys.argv[1]](*sys.argv[2:])
