"""
rival_knn - queries per second of weighted k nearest neighbours in PyTorch or faiss

usage: rival_knn.py torch|faiss BANK.npz QUERY.npz THREADS

The best chunk of queries of several; reading the files included, as in ours, the start of Python not.
"""
import sys
import time

import numpy

K, T, CLASSES = 200, 0.1, 10


def with_torch(threads, bank, labels, query, chunk):
    import torch
    torch.set_num_threads(threads)
    bank = torch.nn.functional.normalize(torch.from_numpy(bank))
    query = torch.nn.functional.normalize(torch.from_numpy(query))
    labels = torch.from_numpy(labels).long()
    out = []
    for i in range(0, len(query), chunk):
        s, at = (query[i:i + chunk] @ bank.T).topk(K, dim=1, sorted=False)
        votes = torch.zeros(len(s), CLASSES).scatter_add_(1, labels[at], (s / T).exp())
        out.append(votes.argmax(1))
    return torch.cat(out).numpy()


def with_faiss(threads, bank, labels, query, chunk):
    import faiss
    faiss.omp_set_num_threads(threads)
    faiss.normalize_L2(bank)
    faiss.normalize_L2(query)
    index = faiss.IndexFlatIP(bank.shape[1])
    index.add(bank)
    out = []
    for i in range(0, len(query), chunk):
        s, at = index.search(query[i:i + chunk], K)
        votes = numpy.zeros((len(s), CLASSES), "f4")
        numpy.add.at(votes, (numpy.arange(len(s))[:, None], labels[at]), numpy.exp(s / T))
        out.append(votes.argmax(1))
    return numpy.concatenate(out)


def main():
    way, bank_path, query_path, threads = sys.argv[1:5]
    best = 0
    for chunk in (256, 1000, 5000):
        begin = time.monotonic()
        bank, query = numpy.load(bank_path), numpy.load(query_path)
        predicted = (with_torch if way == "torch" else with_faiss)(int(threads), bank["x"], bank["y"], query["x"],
                                                                  chunk)
        best = max(best, len(predicted) / (time.monotonic() - begin))
    print("%.2f" % best)


main()
