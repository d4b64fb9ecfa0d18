/*
 * test_tsne - maps of points: affinities, gradient, tree and principal components, against plain versions
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/philox.h"
#include "base/size.h"
#include "eval/affinity.h"
#include "eval/pca.h"
#include "eval/quadtree.h"
#include "eval/tsne.h"

/* Several tiles of 128 rows; not whole ones. */
enum { N = 300, D = 7 };
static const double PERPLEXITY = 12;

/* Clusters, two of which lie on top of each other, far from the origin. */
static void
draw_points(float *x, size_t n, size_t d)
{
	struct ss_rng r;

	ss_rng_init(&r, 7, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < d; j++)
			x[i * d + j] = (float)(40 + 3 * ((i % 5) % 4 == j % 4) + ss_rng_normal(&r) * (1 + (double)j / 3));
}

static double
square_distance(const float *x, size_t d, size_t a, size_t b)
{
	double sum = 0;

	for (size_t j = 0; j < d; j++)
		sum += pow((double)x[a * d + j] - (double)x[b * d + j], 2);
	return sum;
}

static struct ss_affinity
make_affinity(struct ss_pool *p, size_t n, double perplexity)
{
	float *x = ss_alloc(n, D * sizeof(*x));
	struct ss_affinity a;
	struct ss_err e = SS_ERR_INIT;

	draw_points(x, n, D);
	assert_int_equal(ss_affinity_create(&a, p, x, n, D, perplexity, &e), 0);
	free(x);
	return a;
}

static double
element(const struct ss_affinity *a, size_t i, size_t j)
{
	for (size_t k = a->begin[i]; k < a->begin[i + 1]; k++)
		if (a->to[k] == j)
			return a->p[k];
	return 0;
}

static const float *sort_x;
static size_t sort_from;

static int
nearer(const void *a, const void *b)
{
	const double x = square_distance(sort_x, D, sort_from, *(const size_t *)a);
	const double y = square_distance(sort_x, D, sort_from, *(const size_t *)b);

	return (x > y) - (x < y);
}

/* Conditional probabilities by definition: p (N,N), with the entropy found by Newton's way on log b. */
static void
plain_conditionals(const float *x, size_t k, double *p)
{
	static size_t order[N];

	memset(p, 0, N * N * sizeof(*p));
	for (size_t i = 0; i < N; i++) {
		double b = 1e-3;

		for (size_t j = 0; j < N; j++)
			order[j] = j;
		sort_x = x;
		sort_from = i;
		qsort(order, N, sizeof(*order), nearer);	/* the first is i itself */
		for (int round = 0; round < 200; round++) {
			double sum = 0, mean = 0, second = 0, entropy;

			for (size_t j = 1; j <= k; j++) {
				const double far = square_distance(x, D, i, order[j]), w = exp(-far * b);

				p[i * N + order[j]] = w;
				sum += w;
				mean += far * w;
				second += far * far * w;
			}
			for (size_t j = 1; j <= k; j++)
				p[i * N + order[j]] /= sum;
			mean /= sum;
			second /= sum;
			entropy = log(sum) + b * mean;
			/* dH / d log b = -b^2 var */
			b *= exp(fmax(-1, fmin(1, (entropy - log(PERPLEXITY)) / (b * b * (second - mean * mean)))));
		}
	}
}

static void
test_affinity(void **state)
{
	static float x[N * D];
	static double p[N * N];
	struct ss_pool *pool = ss_pool_create(3);
	struct ss_affinity a = make_affinity(NULL, N, PERPLEXITY), b = make_affinity(pool, N, PERPLEXITY);
	const size_t k = ss_affinity_neighbours(N, PERPLEXITY);
	double sum = 0, worst = 0;

	(void)state;
	assert_int_equal(k, 37);
	draw_points(x, N, D);
	plain_conditionals(x, k, p);
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++) {
			const double want = (p[i * N + j] + p[j * N + i]) / (2 * N), got = element(&a, i, j);

			sum += got;
			assert_true(got == element(&a, j, i));
			assert_true((got > 0) == (want > 0));
			worst = fmax(worst, fabs(got - want));
		}
	assert_true(fabs(sum - 1) < 1e-12);
	assert_true(worst < 1e-4 / N);
	assert_int_equal(a.begin[N], b.begin[N]);
	assert_memory_equal(a.to, b.to, a.begin[N] * sizeof(*a.to));
	assert_memory_equal(a.p, b.p, a.begin[N] * sizeof(*a.p));
	ss_affinity_free(&a);
	ss_affinity_free(&b);
	ss_pool_free(pool);
}

/* All alike, or far out, or too few. */
static void
test_affinity_limits(void **state)
{
	float x[64] = { 0 };
	struct ss_affinity a;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_int_equal(ss_affinity_create(&a, NULL, x, 32, 2, 5, &e), 0);
	for (size_t i = 0; i < 32; i++)
		for (size_t k = a.begin[i]; k < a.begin[i + 1]; k++)
			assert_true(a.p[k] > 0 && a.to[k] != i && a.to[k] < 32);
	ss_affinity_free(&a);
	assert_int_equal(ss_affinity_create(&a, NULL, x, 32, 2, 32, &e), SS_EUSAGE);
	assert_int_equal(ss_affinity_create(&a, NULL, x, 32, 2, 0.5, &e), SS_EUSAGE);
	assert_int_equal(ss_affinity_create(&a, NULL, x, 2, 2, 1, &e), 0);
	assert_true(fabs(element(&a, 0, 1) - 0.5) < 1e-12);
	ss_affinity_free(&a);
	x[5] = 3e30f;
	assert_int_equal(ss_affinity_create(&a, NULL, x, 32, 2, 5, &e), SS_ENONFINITE);
}

/* The divergence with p times exaggeration in the part that the gradient exaggerates. */
static double
plain_divergence(const struct ss_affinity *a, const double *y, double exaggeration)
{
	double z = 0, sum = 0;

	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < a->n; j++) {
			const double w = 1 / (1 + pow(y[2 * i] - y[2 * j], 2) + pow(y[2 * i + 1] - y[2 * j + 1], 2));
			const double p = element(a, i, j);

			z += i == j ? 0 : w;
			sum += p > 0 ? p * (log(p) - exaggeration * log(w)) : 0;
		}
	return sum + log(z);
}

static void
draw_map(double *y, size_t n, double width)
{
	struct ss_rng r;

	ss_rng_init(&r, 9, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t i = 0; i < 2 * n; i++)
		y[i] = width * ss_rng_normal(&r);
}

static double
length(const double *g, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += g[i] * g[i];
	return sqrt(sum);
}

/* Four-point differences of the plain divergence in single coordinates. */
static void
test_gradient(void **state)
{
	static double y[2 * N], g[2 * N];
	struct ss_affinity a = make_affinity(NULL, N, PERPLEXITY);
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (int c = 0; c < 4; c++) {
		const double width = c % 2 ? 8 : 0.3, exaggeration = c / 2 ? 12 : 1, h = 2e-3 * width;
		double kl;

		draw_map(y, N, width);
		assert_int_equal(ss_tsne_gradient(NULL, &a, y, 0, exaggeration, g, &kl, &e), 0);
		assert_true(fabs(kl / plain_divergence(&a, y, 1) - 1) < 1e-6);
		for (size_t i = 0; i < 2 * N; i += 101) {
			const double at = y[i];
			double v[4], want;

			for (int k = 0; k < 4; k++) {
				y[i] = at + h * (k < 2 ? k - 2 : k - 1);
				v[k] = plain_divergence(&a, y, exaggeration);
			}
			y[i] = at;
			want = (v[0] - 8 * v[1] + 8 * v[2] - v[3]) / (12 * h);
			assert_true(fabs(g[i] - want) < 1e-5 * length(g, 2 * N));
		}
	}
	ss_affinity_free(&a);
}

/* Smaller angles come nearer to the sum of all pairs. */
static void
test_angle(void **state)
{
	static double y[2 * N], exact[2 * N], g[2 * N];
	static const double angle[] = { 0.8, 0.5, 0.2, 0.01 }, limit[] = { 0.15, 0.04, 0.002, 1e-6 };
	struct ss_affinity a = make_affinity(NULL, N, PERPLEXITY);
	struct ss_err e = SS_ERR_INIT;
	double kl, near;

	(void)state;
	draw_map(y, N, 8);
	assert_int_equal(ss_tsne_gradient(NULL, &a, y, 0, 1, exact, &kl, &e), 0);
	for (int k = 0; k < 4; k++) {
		assert_int_equal(ss_tsne_gradient(NULL, &a, y, angle[k], 1, g, &near, &e), 0);
		for (size_t i = 0; i < 2 * N; i++)
			g[i] -= exact[i];
		assert_true(length(g, 2 * N) < limit[k] * length(exact, 2 * N));
		assert_true(fabs(near - kl) < limit[k] / 5 * kl);

	}
	ss_affinity_free(&a);
}

/* A tree is sound: boxes hold what they say, and each point is in one leaf. */
static void
check_tree(const double *p, size_t n)
{
	struct ss_quadtree t;
	size_t covered = 0;
	unsigned char *seen = calloc(n, 1);

	assert_true(ss_quadtree_create(&t, n));
	ss_quadtree_build(&t, p, n, 0.5);
	assert_true(t.nodes <= 2 * n);
	for (size_t i = 0; i < n; i++) {
		assert_true(t.order[i] < n && !seen[t.order[i]]++);
		assert_true(t.x[i] == (float)p[2 * t.order[i]] && t.y[i] == (float)p[2 * t.order[i] + 1]);
	}
	for (size_t k = 0; k < t.nodes; k++) {
		const struct ss_box_node *b = &t.node[k];
		double x = 0;

		assert_true(b->begin < b->end && b->end <= n && b->next > k && b->next <= t.nodes);
		for (size_t i = b->begin; i < b->end; i++)
			x += (double)t.x[i] / (b->end - b->begin);
		assert_true(fabs(x - (double)b->x) <= 1e-6 * (1 + fabs(x)));
		if (b->leaf) {
			assert_int_equal(b->begin, covered);
			covered = b->end;
			assert_int_equal(b->next, k + 1);
		}
	}
	assert_int_equal(covered, n);
	for (size_t i = 0; i < n; i++) {	/* with an angle of almost 0 it is the sum of all pairs */
		double sum[3], want[3] = { 0 };

		if (i == 0)
			ss_quadtree_build(&t, p, n, 1e-6);
		ss_quadtree_repel(&t, i, sum);
		for (size_t j = 0; j < n; j++) {
			const double dx = (double)t.x[i] - (double)t.x[j], dy = (double)t.y[i] - (double)t.y[j];
			const double q = 1 / (1 + dx * dx + dy * dy);

			if (i != j) {
				want[0] += q;
				want[1] += q * q * dx;
				want[2] += q * q * dy;
			}
		}
		for (int k = 0; k < 3; k++)
			assert_true(fabs(sum[k] - want[k]) < 1e-5 * (1 + want[0]));
	}
	ss_quadtree_free(&t);
	free(seen);
}

static void
test_tree(void **state)
{
	static double p[2 * N];

	(void)state;
	draw_map(p, N, 5);
	check_tree(p, N);
	check_tree(p, 1);
	check_tree(p, 9);
	for (size_t i = 0; i < N; i++)		/* many in few places */
		p[2 * i] = (double)(i % 7), p[2 * i + 1] = (double)(i % 3);
	check_tree(p, N);
	for (size_t i = 0; i < N; i++)		/* on a line, nearer and nearer */
		p[2 * i] = pow(0.7, (double)i), p[2 * i + 1] = 1;
	check_tree(p, N);
	memset(p, 0, sizeof(p));		/* all in one */
	check_tree(p, N);
}

static void
test_run(void **state)
{
	static double y[2][2 * N];
	static const double angle[] = { 0, 0.5 };
	struct ss_pool *pool = ss_pool_create(3);
	struct ss_affinity a = make_affinity(NULL, N, PERPLEXITY);
	struct ss_tsne o = ss_tsne_defaults(N);
	struct ss_err e = SS_ERR_INIT;
	double kl[2];

	(void)state;
	assert_true(o.angle == 0 && ss_tsne_defaults(SS_TSNE_EXACT + 1).angle == 0.5);
	o.iterations = 300;
	for (int k = 0; k < 2; k++) {
		o.angle = angle[k];
		for (int i = 0; i < 2; i++) {
			memset(y[i], 0, sizeof(y[i]));
			ss_tsne_begin(y[i], N, 3);
			assert_true(fabs(length(y[i], 2 * N) / (1e-4 * sqrt(2 * N)) - 1) < 0.1);
			assert_int_equal(ss_tsne_run(&o, i == 0 ? NULL : pool, &a, y[i], &kl[i], &e), 0);
		}
		assert_memory_equal(y[0], y[1], sizeof(y[0]));
		assert_true(kl[0] == kl[1]);
		assert_true(fabs(kl[0] / plain_divergence(&a, y[0], 1) - 1) < (k == 0 ? 1e-6 : 0.02));
		draw_map(y[1], N, 1);
		assert_true(kl[0] < 0.6 * plain_divergence(&a, y[1], 1));
	}
	o.rate = 1e300;		/* that is too far */
	o.angle = 0;
	assert_int_equal(ss_tsne_run(&o, NULL, &a, y[0], &kl[0], &e), SS_ENONFINITE);
	ss_affinity_free(&a);
	ss_pool_free(pool);
}

/* Of two points there is nothing to learn; the map is still a map. */
static void
test_two(void **state)
{
	float x[2] = { 0, 1 };
	double y[4] = { -1, 0, 1, 0 }, kl;
	struct ss_tsne o = ss_tsne_defaults(2);
	struct ss_affinity a;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_int_equal(ss_affinity_create(&a, NULL, x, 2, 1, 1, &e), 0);
	ss_tsne_begin(y, 2, 0);
	assert_int_equal(ss_tsne_run(&o, NULL, &a, y, &kl, &e), 0);
	assert_true(fabs(kl) < 1e-6);		/* p and q are 1/2, wherever they are */
	ss_affinity_free(&a);
}

/* Scores have falling variances, the same whether by rows or by columns, and are what was put in. */
static void
test_pca(void **state)
{
	enum { ROWS = 40, WIDE = 60 };
	static float x[ROWS * WIDE], narrow[ROWS * 3];
	double scores[2 * ROWS], other[2 * ROWS], share[2], pair[2], far = 0;
	struct ss_pool *pool = ss_pool_create(2);
	struct ss_err e = SS_ERR_INIT;
	struct ss_rng r;

	(void)state;
	ss_rng_init(&r, 1, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t i = 0; i < ROWS; i++) {
		/* variances 9, 4 and 0.01 along the axes 1, 0, 2 */
		narrow[3 * i + 1] = (float)(3 * ss_rng_normal(&r)) + 5;
		narrow[3 * i] = (float)(2 * ss_rng_normal(&r));
		narrow[3 * i + 2] = (float)(0.1 * ss_rng_normal(&r)) - 7;
		memset(x + i * WIDE, 0, WIDE * sizeof(*x));	/* the same in more dimensions, by a rotation */
		for (size_t j = 0; j < 3; j++) {
			x[i * WIDE + 10 * j] = narrow[3 * i + j] * 0.6f;
			x[i * WIDE + 10 * j + 1] = narrow[3 * i + j] * 0.8f;
		}
	}
	assert_int_equal(ss_pca(NULL, narrow, ROWS, 3, 2, scores, share, &e), 0);
	assert_int_equal(ss_pca(pool, x, ROWS, WIDE, 2, other, pair, &e), 0);
	assert_true(share[0] > 0.5 && share[1] > 0.15 && share[0] + share[1] > 0.99 && share[0] + share[1] < 1);
	for (size_t i = 0; i < ROWS; i++) {
		assert_true(fabs(scores[2 * i] - other[2 * i]) < 1e-5);
		assert_true(fabs(scores[2 * i + 1] - other[2 * i + 1]) < 1e-5);
		far = fabs(scores[2 * i]) > fabs(far) ? scores[2 * i] : far;
	}
	assert_true(far > 0);
	assert_true(fabs(share[0] - pair[0]) < 1e-6 && fabs(share[1] - pair[1]) < 1e-6);

	for (size_t i = 0; i < ROWS; i++)	/* a line has no second direction, nor has what has one feature */
		for (size_t j = 0; j < 3; j++)
			narrow[3 * i + j] = (float)i;
	assert_int_equal(ss_pca(NULL, narrow, ROWS, 3, 2, scores, share, &e), 0);
	assert_true(fabs(share[0] - 1) < 1e-9 && share[1] == 0);
	assert_int_equal(ss_pca(NULL, narrow, ROWS, 1, 2, other, share, &e), 0);
	assert_true(other[1] == 0 && share[0] == 1 && share[1] == 0);
	memset(narrow, 0, sizeof(narrow));
	assert_int_equal(ss_pca(NULL, narrow, ROWS, 3, 2, scores, share, &e), 0);
	assert_true(share[0] == 0 && scores[0] == 0);
	assert_int_equal(ss_pca(NULL, narrow, SS_PCA_MAX + 1, SS_PCA_MAX + 1, 2, scores, share, &e), SS_EUSAGE);
	ss_pool_free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_affinity),
		cmocka_unit_test(test_affinity_limits),
		cmocka_unit_test(test_gradient),
		cmocka_unit_test(test_angle),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_pca),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
