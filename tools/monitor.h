/*
 * monitor.h - kNN accuracy of a network while it trains, and the rank of its features
 */
#ifndef SS_MONITOR_H
#define SS_MONITOR_H

#include "base/work.h"
#include "nn/plan.h"

struct monitor;

/* files: "BANK.sst,QUERY.sst", labelled images of the shape that the network takes. Ends the tool if that fails. */
struct monitor *monitor_open(const char *files, const struct ss_net *net,
    const struct ss_kernels *kern, struct ss_pool *pool);

/*
 * Top-1 accuracy in 0..1 of the backbone's features, k = 200 (or the bank, if it is smaller), t = 0.1; and
 * their effective rank over the first 25600 images of the bank (ss_rankme).
 */
double monitor_score(struct monitor *m, const struct ss_weights *w, double *rank, struct ss_pool *pool);

/* Digest of the bank's records, and of the queries'. */
void monitor_digests(const struct monitor *m, uint32_t digest[2]);
void monitor_free(struct monitor *m);

#endif
