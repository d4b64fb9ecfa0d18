/*
 * optim.c - optimisers
 */
#include <math.h>
#include <string.h>

#include "nn/optim.h"

#define PIECE	((size_t)32768)		/* floats in a piece of work */
#define BLOCK	((size_t)64)		/* pieces whose sums wait at a time */
#define ADAM_EPS 1e-8

const char *const ss_optimiser_names[] = {
	[SS_SGD] = "sgd", [SS_SGD_KERAS] = "sgd-keras", [SS_LARS] = "lars", [SS_LARS_GOOGLE] = "lars-google",
	[SS_LARC] = "larc", [SS_ADAM] = "adam", [SS_ADAMW] = "adamw", NULL
};

struct job {
	float *w, *v, *s;
	const float *g;
	size_t n, first;
	float rate, momentum, decay;
	float scale;			/* of the gradient; of the rate for SGD_KERAS and LARS_GOOGLE */
	float beta2, correction, root;	/* Adam: rate over its correction; root of that of s */
	double sum[BLOCK];
};

enum ss_part
ss_part_of(const char *name)
{
	return strncmp(name, "projector.", 10) == 0 ? SS_PROJECTOR : strncmp(name, "predictor.", 10) == 0 ?
	    SS_PREDICTOR : strncmp(name, "prototypes.", 11) == 0 ? SS_PROTOTYPES : SS_BACKBONE;
}

bool
ss_optimiser_squares(enum ss_optimiser o)
{
	return o == SS_ADAM || o == SS_ADAMW;
}

bool
ss_optimiser_decays_vectors(enum ss_optimiser o)
{
	return o == SS_SGD || o == SS_SGD_KERAS || o == SS_ADAM;
}

static void
sgd_piece(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	size_t from = piece * PIECE, to = from + PIECE < j->n ? from + PIECE : j->n;

	(void)worker;
	for (size_t i = from; i < to; i++) {
		float v = j->momentum * j->v[i] + j->scale * (j->g[i] + j->decay * j->w[i]);

		j->v[i] = v;
		j->w[i] -= j->rate * v;
	}
}

static void
adam_piece(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	size_t from = piece * PIECE, to = from + PIECE < j->n ? from + PIECE : j->n;

	(void)worker;
	for (size_t i = from; i < to; i++) {
		const float w = j->w[i] * j->scale, g = j->g[i] + j->decay * w;
		const float v = j->momentum * j->v[i] + (1 - j->momentum) * g;
		const float s = j->beta2 * j->s[i] + (1 - j->beta2) * g * g;

		j->v[i] = v;
		j->s[i] = s;
		j->w[i] = w - j->correction * v / (sqrtf(s) / j->root + (float)ADAM_EPS);
	}
}

static void
run(struct job *j, void (*piece)(void *, size_t, int), struct ss_pool *pool)
{
	ss_pool_run(pool, (j->n + PIECE - 1) / PIECE, piece, j);
}

/* |w|, and |g| or |g + decay w|. */
static double
length_with_decay(const struct job *j)
{
	double sum = 0;

	for (size_t i = 0; i < j->n; i++) {
		const double x = j->g[i] + (double)j->decay * j->w[i];

		sum += x * x;
	}
	return sqrt(sum);
}

/* By what a LARS multiplies. */
static double
adaptation(const struct ss_update *u, const struct job *j, double rate)
{
	const double w = sqrt(ss_sum_squares(j->w, j->n, NULL));
	double q;

	if (u->optimiser == SS_LARC) {
		const double g = sqrt(ss_sum_squares(j->g, j->n, NULL));

		if (w == 0 || g == 0)
			return 1;
		q = u->trust * w / (g + u->weight_decay * w);
		return !u->clip ? q : q < rate ? q / rate : 1;
	}
	q = length_with_decay(j);
	return w == 0 || q == 0 ? 1 : u->trust * w / q;
}

/* One tensor, or several that are treated alike. */
static void
update(const struct ss_update *u, struct job *j, double rate, bool scaled, struct ss_pool *pool)
{
	const double k = (double)u->step + 1;
	double q = 1;

	j->rate = (float)rate;
	j->momentum = (float)u->momentum;
	j->scale = 1;
	if (scaled)
		q = adaptation(u, j, rate);
	switch (u->optimiser) {
	case SS_SGD:
	case SS_LARS:
	case SS_LARC:
		j->scale = (float)q;
		run(j, sgd_piece, pool);
		break;
	case SS_SGD_KERAS:	/* v counts the other way round there, which changes no weight */
	case SS_LARS_GOOGLE:
		j->scale = (float)(rate * q);
		j->rate = 1;
		run(j, sgd_piece, pool);
		break;
	case SS_ADAMW:
		j->scale = (float)(1 - rate * (double)j->decay);
		j->decay = 0;
		/* fall through */
	case SS_ADAM:
		j->beta2 = (float)u->beta2;
		j->correction = (float)(rate / (1 - pow(u->momentum, k)));
		j->root = (float)sqrt(1 - pow(u->beta2, k));
		run(j, adam_piece, pool);
		break;
	}
}

static bool
is_lars(enum ss_optimiser o)
{
	return o == SS_LARS || o == SS_LARS_GOOGLE || o == SS_LARC;
}

void
ss_update(const struct ss_update *u, const struct ss_list *list, float *w, float *v, float *s,
    const float *g, struct ss_pool *pool)
{
	for (int i = 0, end; i < list->n; i = end) {
		const struct ss_param *p = &list->p[i];
		const enum ss_part part = ss_part_of(p->name);
		const bool own_rate = p->rank == 1 && u->vector_scale > 0;
		const bool decayed = u->decay_vectors || p->rank > 1, scaled = is_lars(u->optimiser) && p->rank > 1;
		struct job j = { .w = w + p->offset, .v = v + p->offset, .s = s == NULL ? NULL : s + p->offset,
			.g = g + p->offset };

		for (end = i + 1; end < list->n && !scaled && ss_part_of(list->p[end].name) == part &&
		    (u->decay_vectors || list->p[end].rank > 1) == decayed &&
		    (list->p[end].rank == 1 && u->vector_scale > 0) == own_rate &&
		    !(is_lars(u->optimiser) && list->p[end].rank > 1); end++)
			;
		j.n = (end < list->n ? list->p[end].offset : list->floats) - p->offset;
		j.decay = (float)(decayed ? u->weight_decay : 0);
		update(u, &j, u->rate[part] * (own_rate ? u->vector_scale : 1), scaled, pool);
	}
}

static void
shrink(float *g, size_t n, double max_norm, double norm)
{
	const float q = (float)(max_norm / (norm + 1e-6));

	for (size_t i = 0; q < 1 && i < n; i++)
		g[i] *= q;
}

void
ss_cut(const struct ss_update *u, const struct ss_list *list, float *g, double norm)
{
	if (u->max_norm <= 0)
		return;
	if (!u->max_each)
		shrink(g, list->floats, u->max_norm, norm);
	for (int i = 0; u->max_each && i < list->n; i++) {
		const struct ss_param *p = &list->p[i];

		shrink(g + p->offset, p->count, u->max_norm, sqrt(ss_sum_squares(g + p->offset, p->count, NULL)));
	}
}

static void
follow_piece(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	size_t from = piece * PIECE, to = from + PIECE < j->n ? from + PIECE : j->n;

	(void)worker;
	for (size_t i = from; i < to; i++)
		j->v[i] = j->momentum * j->v[i] + (1 - j->momentum) * j->g[i];
}

void
ss_follow(float *follower, const float *w, size_t n, double momentum, struct ss_pool *pool)
{
	struct job j = { .v = follower, .g = w, .n = n, .momentum = (float)momentum };

	run(&j, follow_piece, pool);
}

static void
square_piece(void *arg, size_t piece, int worker)
{
	struct job *j = arg;
	size_t from = (j->first + piece) * PIECE, to = from + PIECE < j->n ? from + PIECE : j->n;
	double sum = 0;

	(void)worker;
	for (size_t i = from; i < to; i++)
		sum += (double)j->g[i] * j->g[i];
	j->sum[piece] = sum;
}

double
ss_sum_squares(const float *x, size_t n, struct ss_pool *pool)
{
	struct job j = { .g = x, .n = n };
	size_t pieces = (n + PIECE - 1) / PIECE;
	double sum = 0;

	for (j.first = 0; j.first < pieces; j.first += BLOCK) {
		size_t now = pieces - j.first < BLOCK ? pieces - j.first : BLOCK;

		ss_pool_run(pool, now, square_piece, &j);
		for (size_t i = 0; i < now; i++)
			sum += j.sum[i];
	}
	return sum;
}
