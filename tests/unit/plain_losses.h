/*
 * plain_losses.h - the objectives of lib/ssl once more, in double and straight from the papers
 *
 * x are the outputs that gradients flow to (projections, or predictions of a method that has
 * them), c those that they do not flow to (projections of such a method, or the target's).
 * Include after plain.h.
 */
#ifndef PLAIN_LOSSES_H
#define PLAIN_LOSSES_H

#include "ssl/method.h"
#include "tests/unit/plain.h"

struct plain_outputs {
	int views, globals, n, d;
	double *x[SS_METHOD_VIEWS], *c[SS_METHOD_VIEWS];
	double *own, *target_own, *state;
	double *code[SS_METHOD_VIEWS];	/* swav: n x prototypes, made by plain_codes */
	const int *label;
};

static inline double
plain_dot(const double *a, const double *b, int d)
{
	double sum = 0;

	for (int k = 0; k < d; k++)
		sum += a[k] * b[k];
	return sum;
}

/* Log of the softmax of d numbers. */
static inline void
plain_log_probabilities(const double *x, int d, double *out)
{
	double all = 0;

	for (int k = 0; k < d; k++)
		all += exp(x[k]);
	for (int k = 0; k < d; k++)
		out[k] = x[k] - log(all);
}

/* SimSiam with its ablations: targets are c, or x itself if the gradient flows (then p is x too: no predictor). */
static inline double
plain_siamese(const struct plain_outputs *o, const struct ss_knobs *k)
{
	const int d = o->d, pairs = k->symmetric ? o->globals * (o->views - 1) : o->views / 2;
	double sum = 0, *p = malloc(2 * (size_t)d * sizeof(*p)), *t = p + d;

	assert_non_null(p);
	for (int a = 0; a < o->views; a++)
		for (int b = 0; b < o->globals; b++)
			for (int i = 0; i < o->n; i++) {
				const double *target = (k->flow ? o->x[b] : o->c[b]) + i * d;

				if (a == b || (!k->symmetric && (a % 2 != 0 || b != a + 1)))
					continue;
				if (!k->cross_entropy) {
					sum -= plain_cosine(o->x[a] + i * d, target, d);
					continue;
				}
				plain_log_probabilities(o->x[a] + i * d, d, p);
				plain_log_probabilities(target, d, t);
				for (int c = 0; c < d; c++)
					sum -= exp(t[c]) * p[c];
			}
	free(p);
	return sum / ((double)pairs * o->n);
}

static inline double
plain_fastsiam(const struct plain_outputs *o)
{
	double sum = 0, *mean = malloc((size_t)o->d * sizeof(*mean));

	assert_non_null(mean);
	for (int a = 0; a < o->views; a++)
		for (int i = 0; i < o->n; i++) {
			for (int k = 0; k < o->d; k++) {
				int others = 0;

				mean[k] = 0;
				for (int b = 0; b < o->globals; b++)
					if (b != a)
						mean[k] += o->c[b][i * o->d + k], others++;
				mean[k] /= others;
			}
			sum -= plain_cosine(o->x[a] + i * o->d, mean, o->d);
		}
	free(mean);
	return sum / ((double)o->views * o->n);
}

/* As NT-Xent, the positive left out of the denominator. */
static inline double
plain_dcl(const struct plain_outputs *o, double temperature)
{
	const int n = o->n, d = o->d, m = 2 * n;
	double sum = 0;

	for (int i = 0; i < m; i++) {
		double others = 0, positive = 0;

		for (int k = 0; k < m; k++) {
			double s = plain_cosine(o->x[i / n] + i % n * d, o->x[k / n] + k % n * d, d) / temperature;

			if (k == (i + n) % m)
				positive = s;
			else if (k != i)
				others += exp(s);
		}
		sum += log(others) - positive;
	}
	return sum / m;
}

/* The queue, unit rows, stands in the state. */
static inline double
plain_moco(const struct plain_outputs *o, const struct ss_knobs *k)
{
	const int directions = k->symmetric ? 2 : 1;
	double sum = 0;

	for (int a = 0; a < directions; a++)
		for (int i = 0; i < o->n; i++) {
			const double *q = o->x[a] + i * o->d;
			const double positive = plain_cosine(q, o->c[1 - a] + i * o->d, o->d) / k->temperature;
			double all = exp(positive);

			for (int c = 0; c < k->queue; c++)
				all += exp(plain_cosine(q, o->state + c * o->d, o->d) / k->temperature);
			sum += log(all) - positive;
		}
	return sum / (directions * o->n);
}

static inline double
plain_barlow(const struct plain_outputs *o, double lambda)
{
	const int n = o->n, d = o->d;
	double loss = 0, *mean[2], *deviation[2];

	for (int v = 0; v < 2; v++) {
		mean[v] = calloc((size_t)d, sizeof(double));
		deviation[v] = calloc((size_t)d, sizeof(double));
		assert_true(mean[v] != NULL && deviation[v] != NULL);
		for (int k = 0; k < d; k++) {
			for (int i = 0; i < n; i++)
				mean[v][k] += o->x[v][i * d + k] / n;
			for (int i = 0; i < n; i++)
				deviation[v][k] += pow(o->x[v][i * d + k] - mean[v][k], 2) / n;
			deviation[v][k] = sqrt(deviation[v][k] + 1e-5);
		}
	}
	for (int a = 0; a < d; a++)
		for (int b = 0; b < d; b++) {
			double c = 0;

			for (int i = 0; i < n; i++)
				c += (o->x[0][i * d + a] - mean[0][a]) / deviation[0][a] *
				    (o->x[1][i * d + b] - mean[1][b]) / deviation[1][b] / n;
			loss += a == b ? (1 - c) * (1 - c) : lambda * c * c;
		}
	for (int v = 0; v < 2; v++)
		free(mean[v]), free(deviation[v]);
	return loss;
}

static inline double
plain_vicreg(const struct plain_outputs *o, const double *coefficient)
{
	const int n = o->n, d = o->d;
	double inv = 0, var = 0, cov = 0, *mean = calloc((size_t)d, sizeof(*mean));

	assert_non_null(mean);
	for (int i = 0; i < n * d; i++)
		inv += pow(o->x[0][i] - o->x[1][i], 2) / (n * d);
	for (int v = 0; v < 2; v++) {
		for (int k = 0; k < d; k++) {
			mean[k] = 0;
			for (int i = 0; i < n; i++)
				mean[k] += o->x[v][i * d + k] / n;
		}
		for (int a = 0; a < d; a++)
			for (int b = 0; b < d; b++) {
				double c = 0;

				for (int i = 0; i < n; i++)
					c += (o->x[v][i * d + a] - mean[a]) * (o->x[v][i * d + b] - mean[b]) / (n - 1);
				if (a == b)
					var += fmax(0, 1 - sqrt(c + 1e-4)) / (2 * d);
				else
					cov += c * c / d;
			}
	}
	free(mean);
	return coefficient[0] * inv + coefficient[1] * var + coefficient[2] * cov;
}

/* Log-probabilities of row i of x among the rows of w. */
static inline void
plain_log_softmax(const double *x, const double *w, const double *centre, int d, int prototypes, double t,
    double *out)
{
	double all = 0;

	for (int k = 0; k < prototypes; k++) {
		out[k] = (plain_cosine(x, w + k * d, d) - (centre == NULL ? 0 : centre[k])) / t;
		all += exp(out[k]);
	}
	for (int k = 0; k < prototypes; k++)
		out[k] -= log(all);
}

/* Section 3.1 and appendix A.1 of arXiv 2006.09882: Q (prototypes x images), rows and columns in turn. */
static inline void
plain_codes(struct plain_outputs *o, const struct ss_knobs *k)
{
	const int n = o->n;

	for (int v = 0; v < o->views; v++) {
		double *q = o->code[v], total = 0;

		for (int i = 0; i < n; i++)
			for (int c = 0; c < k->prototypes; c++)
				total += q[i * k->prototypes + c] = exp(plain_cosine(o->x[v] + i * o->d,
				    o->own + c * o->d, o->d) / k->target_temperature);
		for (int i = 0; i < n * k->prototypes; i++)
			q[i] /= total;
		for (int t = 0; t < 3; t++) {
			for (int c = 0; c < k->prototypes; c++) {
				double sum = 0;

				for (int i = 0; i < n; i++)
					sum += q[i * k->prototypes + c];
				for (int i = 0; i < n; i++)
					q[i * k->prototypes + c] /= sum * k->prototypes;
			}
			for (int i = 0; i < n; i++) {
				double sum = 0;

				for (int c = 0; c < k->prototypes; c++)
					sum += q[i * k->prototypes + c];
				for (int c = 0; c < k->prototypes; c++)
					q[i * k->prototypes + c] /= sum * n;
			}
		}
		for (int i = 0; i < n * k->prototypes; i++)
			q[i] *= n;
	}
}

/* Prototypes count as they are: SwAV's have length one only at the beginning of a step. */
static inline double
plain_swav(const struct plain_outputs *o, const struct ss_knobs *k)
{
	double sum = 0;

	for (int b = 0; b < o->views; b++)
		for (int i = 0; i < o->n; i++) {
			const double *x = o->x[b] + i * o->d, norm = sqrt(plain_dot(x, x, o->d));
			double all = 0;

			for (int c = 0; c < k->prototypes; c++)
				all += exp(plain_dot(x, o->own + c * o->d, o->d) / norm / k->temperature);
			for (int a = 0; a < o->globals; a++)
				for (int c = 0; a != b && c < k->prototypes; c++)
					sum -= o->code[a][i * k->prototypes + c] *
					    (plain_dot(x, o->own + c * o->d, o->d) / norm / k->temperature - log(all));
		}
	return sum / ((double)o->globals * (o->views - 1) * o->n);
}

static inline double
plain_dino(const struct plain_outputs *o, const struct ss_knobs *k)
{
	double sum = 0, *student = malloc(2 * (size_t)k->prototypes * sizeof(*student)),
	    *teacher = student + k->prototypes;

	assert_non_null(student);
	for (int b = 0; b < o->views; b++)
		for (int a = 0; a < o->globals; a++)
			for (int i = 0; a != b && i < o->n; i++) {
				plain_log_softmax(o->x[b] + i * o->d, o->own, NULL, o->d, k->prototypes, k->temperature,
				    student);
				plain_log_softmax(o->c[a] + i * o->d, o->target_own, o->state, o->d, k->prototypes,
				    k->target_temperature, teacher);
				for (int c = 0; c < k->prototypes; c++)
					sum -= exp(teacher[c]) * student[c];
			}
	free(student);
	return sum / ((double)o->globals * (o->views - 1) * o->n);
}

static inline double
plain_supervised(const struct plain_outputs *o)
{
	double sum = 0;

	for (int v = 0; v < o->views; v++)
		for (int i = 0; i < o->n; i++) {
			const double *x = o->x[v] + i * o->d;
			double all = 0;

			for (int k = 0; k < o->d; k++)
				all += exp(x[k]);
			sum += log(all) - x[o->label[i]];
		}
	return sum / ((double)o->views * o->n);
}

static inline double
plain_loss_of(const struct ss_method *m, const struct plain_outputs *o, const struct ss_knobs *k)
{
	if (m == &ss_simsiam)
		return plain_siamese(o, k);
	if (m == &ss_byol)	/* |a - b|^2 of unit rows */
		return 2 + 2 * plain_siamese(o, &(struct ss_knobs){ .symmetric = true });
	if (m == &ss_fastsiam)
		return plain_fastsiam(o);
	if (m == &ss_simclr)
		return plain_nt_xent(o->x, o->n, o->d, k->temperature);
	if (m == &ss_dcl)
		return plain_dcl(o, k->temperature);
	if (m == &ss_moco)
		return plain_moco(o, k);
	if (m == &ss_barlow)
		return plain_barlow(o, k->coefficient[0]);
	if (m == &ss_vicreg)
		return plain_vicreg(o, k->coefficient);
	if (m == &ss_swav)
		return plain_swav(o, k);
	if (m == &ss_dino)
		return plain_dino(o, k);
	assert_true(m == &ss_supervised);
	return plain_supervised(o);
}

#endif
