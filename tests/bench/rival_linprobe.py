"""
rival_linprobe - fits per minute of scikit-learn's logistic regression, stopped at our loss

usage: rival_linprobe.py TRAIN.npz OBJECTIVE THREADS

The solver is lbfgs. It is given as many iterations as it needs until its objective (mean loss and the
penalty that we have, 1/(2n) |W|^2) is within 1e-6 of ours, and only that fit is timed; reading and
standardising included, as in ours.
"""
import sys
import time
import warnings

import numpy

threads = int(sys.argv[3])


def main():
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits
    warnings.simplefilter("ignore")
    path, target = sys.argv[1], float(sys.argv[2])
    with threadpool_limits(threads):
        for iterations in (25, 50, 75, 100, 150, 200, 300, 500, 1000):
            begin = time.monotonic()
            data = numpy.load(path)
            x, y = data["x"], data["y"]
            std = x.std(0)
            x = (x - x.mean(0)) / numpy.where(std > 0, std, 1)
            fit = LogisticRegression(C=1.0, solver="lbfgs", tol=0, max_iter=iterations).fit(x, y)
            took = time.monotonic() - begin
            s = x @ fit.coef_.T.astype("f4") + fit.intercept_.astype("f4")
            top = s.max(1)
            loss = (numpy.log(numpy.exp(s - top[:, None]).sum(1)) + top - s[numpy.arange(len(y)), y]).mean()
            objective = loss + (fit.coef_ ** 2).sum() / 2 / len(y)
            if objective <= target * (1 + 1e-6):
                break
    print("%.3f" % (60 / took))


main()
