/*
 * planes.h - tensors for the tests of the kernels, each between two forbidden pages
 *
 * A field is a struct ss_plane with all that belongs to it: border, gaps at the
 * ends of rows and images, and the memory, which begins directly behind one
 * forbidden page or ends directly before another. What is not a pixel of an
 * output is poison that must stay; what is not a pixel or border of an input is
 * poison (NaN) that no result may be made of.
 *
 * Include after cmocka.h.
 */
#ifndef PLANES_H
#define PLANES_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/philox.h"
#include "kern/kern.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define UNIT		0x1p-24		/* half the distance from 1 to the next float */

enum end { FRONT, BACK };	/* where the memory touches a forbidden page */

enum { SLOTS = 26, SLOT_BYTES = 4 << 20 };

/* The memory of one buffer. A slot holds one buffer at a time. */
static inline void *
slot(int i, size_t bytes, enum end end)
{
	static unsigned char *slots;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), stride = SLOT_BYTES + page;

	if (slots == NULL) {
		slots = mmap(NULL, SLOTS * stride + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(slots != MAP_FAILED);
		for (int k = 0; k < SLOTS; k++)
			assert_int_equal(mprotect(slots + k * stride + page, SLOT_BYTES,
			    PROT_READ | PROT_WRITE), 0);
	}
	assert_true(i < SLOTS && bytes <= SLOT_BYTES);
	return slots + i * stride + page + (end == FRONT ? 0 : SLOT_BYTES - bytes);
}

/* A NaN that no arithmetic makes. */
static inline float
poison(void)
{
	const uint32_t bits = 0x7fc0d0d0;
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static inline float *
slot_floats(int i, size_t n, enum end end)
{
	float *p = slot(i, n * sizeof(*p), end);

	for (size_t k = 0; k < n; k++)
		p[k] = poison();
	return p;
}

struct field {
	int n, h, w, c, border;
	struct ss_plane p;
	float *first;		/* everything, border and gaps included */
	size_t floats;
};

/* gap: floats more than needed from row to row; images are 5 gaps further apart than needed. */
static inline struct field
field(int in_slot, enum end end, int n, int h, int w, int c, int border, int gap)
{
	struct field f = { .n = n, .h = h, .w = w, .c = c, .border = border };
	const size_t width = (size_t)(w + 2 * border) * (size_t)c, rows = (size_t)(h + 2 * border);

	f.p.row = width + (size_t)gap;
	f.p.image = rows * f.p.row + 5 * (size_t)gap;
	f.floats = (size_t)(n - 1) * f.p.image + (rows - 1) * f.p.row + width;
	f.first = slot_floats(in_slot, f.floats, end);
	f.p.p = f.first + (size_t)border * (f.p.row + (size_t)c);
	return f;
}

static inline float *
pixel(const struct field *f, int n, int r, int q)
{
	return f->p.p + n * (ptrdiff_t)f->p.image + r * (ptrdiff_t)f->p.row + q * (ptrdiff_t)f->c;
}

#define EACH_PIXEL(f, s, r, q)						\
	for (int s = 0; s < (f)->n; s++)				\
		for (int r = 0; r < (f)->h; r++)			\
			for (int q = 0; q < (f)->w; q++)

static inline void
field_zero_border(struct field *f)
{
	for (int s = 0; s < f->n; s++)
		for (int r = -f->border; r < f->h + f->border; r++)
			for (int q = -f->border; q < f->w + f->border; q++)
				if (r < 0 || r >= f->h || q < 0 || q >= f->w)
					memset(pixel(f, s, r, q), 0, (size_t)f->c * sizeof(float));
}

/* The same pixels and poison elsewhere, in a plane of any layout. */
static inline void
field_copy(struct field *to, const struct field *from)
{
	EACH_PIXEL(to, s, r, q)
		memcpy(pixel(to, s, r, q), pixel(from, s, r, q), (size_t)to->c * sizeof(float));
}

typedef float draw_fn(struct ss_rng *r);

/* Sums and products of these are exact in float, in any order: results must agree to the bit. */
static inline float
draw_integer(struct ss_rng *r)
{
	return (float)(int)(ss_rng_u32(r) % 7) - 3;
}

static inline float
draw_real(struct ss_rng *r)
{
	return (float)(ss_rng_u32(r) >> 8) * 0x1p-23f - 1;
}

/* Signs and magnitudes far apart: cancellation shows what a limit is relative to. */
static inline float
draw_wild(struct ss_rng *r)
{
	return ldexpf(draw_real(r), (int)(ss_rng_u32(r) % 40) - 20);
}

/* So that a result which is not written is seen. */
static inline float
draw_poison(struct ss_rng *r)
{
	(void)r;
	return poison();
}

static inline void
fill(float *p, size_t n, draw_fn *draw, struct ss_rng *r)
{
	for (size_t i = 0; i < n; i++)
		p[i] = draw(r);
}

static inline void
field_fill(struct field *f, draw_fn *draw, struct ss_rng *r)
{
	EACH_PIXEL(f, s, row, q)
		fill(pixel(f, s, row, q), (size_t)f->c, draw, r);
}

static inline void
field_abs(struct field *f)
{
	EACH_PIXEL(f, s, r, q)
		for (int j = 0; j < f->c; j++)
			pixel(f, s, r, q)[j] = fabsf(pixel(f, s, r, q)[j]);
}

static inline bool
is_poison(float f)
{
	const float p = poison();

	return memcmp(&f, &p, sizeof(f)) == 0;
}

/*
 * Each of n floats of got is that of want, or |got - want| <= limit * bound, where
 * bound is what the same sums give for absolute values. Between denormals 4096
 * units of the last place are allowed too. NaN must be NaN, and what overflows must not
 * look finite. Poison in bound marks what is no pixel; there, and everywhere if bound
 * is NULL, the bits must be the same. Returns the largest |got - want| / bound.
 */
static inline double
compare(const char *what, const float *got, const float *want, const float *bound, size_t n,
    double limit)
{
	const double tiny = 0x1p-137;
	double worst = 0;

	if (memcmp(got, want, n * sizeof(*got)) == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		const double g = got[i], w = want[i], d = fabs(g - w);
		bool good;

		if (memcmp(got + i, want + i, sizeof(*got)) == 0)
			continue;
		if (bound == NULL || is_poison(bound[i]))
			good = false;
		else if (isnan(w))
			good = isnan(g);
		else if (isinf(w))
			good = !isfinite(g);
		else
			good = d <= limit * (double)bound[i] + tiny || isinf(bound[i]);
		if (!good)
			fail_msg("%s: [%zu] is %.9g, not %.9g (limit %g of %g)", what, i, g, w, limit,
			    bound == NULL ? 0 : (double)bound[i]);
		if (bound[i] > FLT_MIN && isfinite(bound[i]) && d / (double)bound[i] > worst)
			worst = d / (double)bound[i];
	}
	return worst;
}

#endif
