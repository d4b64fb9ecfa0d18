"""philox - Philox4x32-10 and the shuffle of an epoch, from their definitions, standard library only"""


def philox(ctr, key):
    c, k, mask = list(ctr), list(key), 0xFFFFFFFF
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(q >> 32) ^ c[1] ^ k[0], q & mask, (p >> 32) ^ c[3] ^ k[1], p & mask]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return c


def shuffled(n, seed, epoch):
    key = philox([1, epoch, 0, 0x73737374], [seed & 0xFFFFFFFF, seed >> 32])[:2]
    words = (w for block in range(1 << 32) for w in philox([block, 0, 0, 0], key))

    def below(m):
        zone = (1 << 32) % m
        while True:
            p = next(words) * m
            if p & 0xFFFFFFFF >= zone:
                return p >> 32
    order = list(range(n))
    for i in range(n, 1, -1):
        j = below(i)
        order[i - 1], order[j] = order[j], order[i - 1]
    return order
