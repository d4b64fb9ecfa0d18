/*
 * schedule.c - numbers that change from step to step
 */
#include <math.h>
#include <stddef.h>

#include "nn/schedule.h"

#define PI 3.14159265358979323846

const char *const ss_decay_names[] = {
	[SS_COSINE] = "cosine", [SS_COSINE_EPOCH] = "cosine-epoch", [SS_COSINE_EPOCH1] = "cosine-epoch1",
	[SS_MILESTONES] = "milestones", [SS_CONSTANT] = "constant", NULL
};

/* The share that is done of what is to do. */
static double
cosine(const struct ss_schedule *s, uint64_t done, uint64_t all)
{
	if (done >= all)
		return s->end;
	return s->end + (s->base - s->end) / 2 * (1 + cos(PI * (double)done / (double)all));
}

double
ss_schedule_rate(const struct ss_schedule *s, uint64_t k)
{
	const uint64_t warmup = s->warmup, each = s->per_epoch;
	double rate = s->base;

	if (k < warmup)
		return s->base * (double)(k + 1) / (double)warmup;
	switch (s->decay) {
	case SS_COSINE:
		return cosine(s, k - warmup, s->steps > warmup ? s->steps - warmup : 0);
	case SS_COSINE_EPOCH:
	case SS_COSINE_EPOCH1:
		return cosine(s, (k - warmup) / each + (s->decay == SS_COSINE_EPOCH1),
		    s->steps > warmup ? (s->steps - warmup + each - 1) / each : 0);
	case SS_MILESTONES:
		for (int i = 0; i < s->milestones && k / each >= s->milestone[i]; i++)
			rate *= s->gamma;
		return rate;
	default:
		return rate;
	}
}

double
ss_half_cosine(double begin, double end, uint64_t k, uint64_t steps)
{
	return end - (end - begin) * (cos(PI * (double)k / (double)steps) + 1) / 2;
}

double
ss_ramp(double begin, double end, uint64_t k, uint64_t steps)
{
	return k >= steps ? end : begin + (end - begin) * (double)k / (double)steps;
}
