/*
 * health.h - measures that tell without labels whether a representation lives
 *
 * z (n,d) are the outputs for n images, a and b those for two views of the same images in the
 * same order; a unit row is divided by its length, with a floor of 1e-12 under that, so that a row of zeros stays
 * so. The bytes do not depend on the pool.
 */
#ifndef SS_HEALTH_H
#define SS_HEALTH_H

#include <stddef.h>

#include "base/err.h"
#include "base/work.h"

struct ss_health {
	size_t n, d;
	/*
	 * Standard deviation of each channel of the unit rows, averaged over channels, times sqrt(d):
	 * about 1 for a healthy output, 0 for a constant one (Chen and He 2020, figure 2).
	 */
	double std_ratio;
	double norm;		/* mean length of a row */
	double cosine;		/* mean over all pairs of different rows; NAN if n is 1 */
	size_t dead;		/* channels whose standard deviation over the rows is below SS_DEAD */
	double rank;		/* ss_rankme */
	double uniformity;	/* ss_uniformity */
	double alignment;	/* ss_alignment; NAN without a second view, as is the next */
	double contrast;	/* ss_contrast */
};

#define SS_DEAD 1e-6

/*
 * What is said of a representation: by std_ratio that all outputs are the same, or nearly; else, by
 * rank, if that is measured, that they vary along a few directions only (dimensional collapse).
 */
enum ss_verdict { SS_VERDICT_HEALTHY, SS_VERDICT_DIMENSIONAL, SS_VERDICT_COLLAPSED, SS_VERDICT_CONSTANT };
enum ss_verdict ss_health_verdict(const struct ss_health *h);
const char *ss_verdict_name(enum ss_verdict v);

/* The ratios below which it is said. */
#define SS_STD_COLLAPSED 0.1
#define SS_STD_CONSTANT 0.01

/*
 * The rank below which it is said: 4, less where rows or features are fewer than 32. SimSiam without
 * stop-gradient falls from 76 to 4 in 40 steps, and to 1.5 in 100, while its std_ratio is still 0.25; with it, 14 is
 * its lowest (batches of 128, CIFAR-10). Untrained backbones have 4.4 (resnet110) to 60 (resnet18).
 */
double ss_rank_least(size_t n, size_t d);

/* Doubles of scratch space for ss_health_rows. */
size_t ss_health_room(size_t n, size_t d);

/*
 * n, d, std_ratio, norm, cosine and dead of a; alignment, if b is not NULL; the rest becomes NAN. In
 * a time like that of reading a thrice.
 */
void ss_health_rows(struct ss_health *h, const float *a, const float *b, size_t n, size_t d,
    double *room, struct ss_pool *pool);

/*
 * Adds the rest, which takes longer: rank and uniformity of a, this of `most` rows, and contrast, if b is not NULL, in
 * batches. What is not finite has the rank NAN.
 */
int ss_health_pairs(struct ss_health *h, const float *a, const float *b, size_t batch, size_t most,
    struct ss_pool *pool, struct ss_err *e) SS_MUST_USE;

/* Mean squared distance of the unit rows of two views, 2 - 2 cos (Wang and Isola 2020, alpha = 2); room of n. */
double ss_alignment(const float *a, const float *b, size_t n, size_t d, double *room,
    struct ss_pool *pool);

/*
 * RankMe (Garrido et al. 2022, arXiv 2210.02885, equation 1): the exponential of the entropy of the singular
 * values of z, as shares of their sum, each plus 1e-7. Between 1 and min(n,d); 1, too, for a matrix of
 * zeros. SS_ENONFINITE if z is not finite.
 */
int ss_rankme(double *out, const float *z, size_t n, size_t d, struct ss_pool *pool, struct ss_err *e)
    SS_MUST_USE;

/*
 * log of the mean, over all pairs of different unit rows, of exp(-2 squared distance) (Wang and Isola 2020, t = 2):
 * 0 if all are the same, near -4 if they are orthogonal. Of more than `most` rows, as many, evenly spaced, stand for all.
 * NAN if there is no pair.
 */
int ss_uniformity(double *out, const float *z, size_t n, size_t d, size_t most, struct ss_pool *pool,
    struct ss_err *e) SS_MUST_USE;

/*
 * Share of the unit rows of both views to which, of all others of their batch, the other view of the same
 * image is nearest. k rows that are as near, their cosines being closer than float can tell, make 1 / (k + 1) of a hit:
 * outputs that are all the same give what guessing does, ss_contrast_chance. Batches are `batch` images,
 * one behind the other; fewer at the end are left out, unless there are no more.
 */
int ss_contrast(double *out, const float *a, const float *b, size_t n, size_t d, size_t batch,
    struct ss_pool *pool, struct ss_err *e) SS_MUST_USE;
double ss_contrast_chance(size_t n, size_t batch);

#endif
