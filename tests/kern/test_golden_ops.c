/*
 * test_golden_ops - convolution, normalisation, ReLU and linear layers against PyTorch
 *
 * Every variant of the kernels takes the cases of tests/golden/ops.safetensors, which are
 * small, odd and in PyTorch's layout; the conversion to channels-last planes with their
 * border is done here, plainly. Whole networks are in tests/unit/test_golden.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/size.h"
#include "kern/gemm.h"
#include "kern/kern.h"
#include "tests/golden/golden.h"

static const struct ss_kernels *kern;

/* Images in the kernels' layout. */
struct field {
	int n, c, h, w;
	float *memory;
	struct ss_plane plane;
};

/* With a border of zeros and the values of x (n,c,h,w), or zeros if x is NULL. */
static struct field
field(int n, int c, int h, int w, const float *x)
{
	struct field f = { n, c, h, w, NULL, { NULL, (size_t)(w + 2) * (size_t)c, 0 } };

	f.plane.image = (size_t)(h + 2) * f.plane.row;
	f.memory = ss_alloc((size_t)n * f.plane.image, sizeof(float));
	assert_non_null(f.memory);
	f.plane.p = f.memory + f.plane.row + c;
	for (int i = 0; x != NULL && i < n; i++)
		for (int k = 0; k < c; k++)
			for (int r = 0; r < h; r++)
				for (int q = 0; q < w; q++)
					f.plane.p[i * f.plane.image + r * f.plane.row +
					    q * c + k] = *x++;
	return f;
}

/* The images of a tensor of rank 2 or 4. */
static struct field
field_of(const struct ss_st_tensor *t)
{
	bool flat = t->rank == 2;

	return field((int)t->shape[0], (int)t->shape[1], flat ? 1 : (int)t->shape[2],
	    flat ? 1 : (int)t->shape[3], t->data);
}

/* Compares with CASE.WHAT, and frees. */
static void
agrees_field(const struct ss_st *s, const char *c, const char *what, struct field *f)
{
	float *x = ss_alloc((size_t)f->n * f->c * f->h * f->w, sizeof(float)), *to = x;

	assert_non_null(x);
	for (int i = 0; i < f->n; i++)
		for (int k = 0; k < f->c; k++)
			for (int r = 0; r < f->h; r++)
				for (int q = 0; q < f->w; q++)
					*to++ = f->plane.p[i * f->plane.image + r * f->plane.row +
					    q * f->c + k];
	agrees(s, c, what, x);
	free(x);
	free(f->memory);
}

static void
conv_case(const struct ss_st *s, const char *name)
{
	const struct ss_st_tensor *x = get(s, name, "input"), *w = get(s, name, "weight");
	const struct ss_st_tensor *g = get(s, name, "grad_output");
	const int32_t *param = get(s, name, "param")->data;
	struct ss_conv c = { .k = (int)w->shape[2], .stride = param[0], .ci = (int)x->shape[1],
	    .co = (int)w->shape[0], .h = (int)x->shape[2], .w = (int)x->shape[3],
	    .oh = (int)g->shape[2], .ow = (int)g->shape[3] };
	size_t weights = (size_t)c.co * c.ci * c.k * c.k;
	struct field in = field_of(x), dy = field_of(g);
	struct field y = field(in.n, c.co, c.oh, c.ow, NULL);
	struct field dx = field(in.n, c.ci, c.h, c.w, NULL);
	float *packed = ss_alloc(weights, sizeof(float)), *dw = ss_alloc(weights, sizeof(float));
	float *sorted = ss_alloc(weights, sizeof(float));

	assert_int_equal(param[1], c.k / 2);
	assert_true(packed != NULL && dw != NULL && sorted != NULL);
	kern->conv_pack(&c, w->data, packed);
	kern->conv(&c, in.n, in.plane, packed, y.plane, NULL);
	kern->conv_pack_t(&c, w->data, packed);
	kern->conv_dgrad(&c, in.n, dy.plane, packed, dx.plane, false);
	kern->conv_wgrad(&c, in.n, in.plane, dy.plane, 0, c.ci, dw);
	for (int t = 0; t < c.k * c.k; t++)
		for (int i = 0; i < c.ci; i++)
			for (int o = 0; o < c.co; o++)
				sorted[((size_t)o * c.ci + i) * c.k * c.k + t] =
				    dw[((size_t)t * c.ci + i) * c.co + o];
	agrees_field(s, name, "output", &y);
	agrees_field(s, name, "grad_input", &dx);
	agrees(s, name, "grad_weight", sorted);
	free(in.memory);
	free(dy.memory);
	free(packed);
	free(dw);
	free(sorted);
}

/* The scalars between the kernels, straight from the definition of batch normalisation. */
enum { CHANNELS = 64 };

static void
norm_train_case(const struct ss_st *s, const char *name)
{
	struct field y = field_of(get(s, name, "input"));
	struct field dz = field_of(get(s, name, "grad_output"));
	struct field x = field(y.n, y.c, y.h, y.w, NULL), dy = field(y.n, y.c, y.h, y.w, NULL);
	const float *gamma = get(s, name, "gamma")->data, *beta = get(s, name, "beta")->data;
	const float *running_mean = get(s, name, "running_mean")->data;
	const float *running_var = get(s, name, "running_var")->data;
	const float *param = get(s, name, "param")->data;
	const struct ss_plane none = { NULL, 0, 0 };
	float mean[CHANNELS], invstd[CHANNELS] = { 0 }, scale[CHANNELS], shift[CHANNELS];
	float a[CHANNELS], b[CHANNELS], d[CHANNELS], out1[CHANNELS], out2[CHANNELS];
	double sums[2 * CHANNELS] = { 0 }, back[2 * CHANNELS] = { 0 }, m = (double)y.n * y.h * y.w;

	assert_true(y.c <= CHANNELS);
	kern->norm_stats(y.n, y.h, y.w, y.c, y.plane, sums);
	for (int k = 0; k < y.c; k++) {
		double mu = sums[k] / m, var = sums[y.c + k] / m - mu * mu;

		mean[k] = (float)mu;
		invstd[k] = (float)(1 / sqrt(var + param[0]));
		scale[k] = gamma[k] * invstd[k];
		shift[k] = (float)(beta[k] - mu * scale[k]);
		out1[k] = (float)((1 - param[1]) * running_mean[k] + param[1] * mu);
		out2[k] = (float)((1 - param[1]) * running_var[k] + param[1] * var * m / (m - 1));
	}
	agrees(s, name, "after_mean", out1);
	agrees(s, name, "after_var", out2);
	kern->norm_apply(y.n, y.h, y.w, y.c, y.plane, scale, shift, none, false, true, x.plane);
	kern->norm_reduce(y.n, y.h, y.w, y.c, dz.plane, none, y.plane, NULL, NULL, mean, back);
	for (int k = 0; k < y.c; k++) {
		double g = back[k], gy = back[y.c + k];

		a[k] = scale[k];
		b[k] = (float)(-scale[k] * gy * invstd[k] * invstd[k] / m);
		d[k] = (float)(-scale[k] * g / m);
		out1[k] = (float)(gy * invstd[k]);
		out2[k] = (float)g;
	}
	agrees(s, name, "grad_gamma", out1);
	agrees(s, name, "grad_beta", out2);
	kern->norm_dgrad(y.n, y.h, y.w, y.c, dz.plane, none, y.plane, NULL, NULL, mean, a, b, d, true, dy.plane, false,
	    none, false);
	agrees_field(s, name, "output", &x);
	agrees_field(s, name, "grad_input", &dy);
	free(y.memory);
	free(dz.memory);
}

static void
norm_eval_case(const struct ss_st *s, const char *name)
{
	struct field y = field_of(get(s, name, "input")), x = field(y.n, y.c, y.h, y.w, NULL);
	const float *gamma = get(s, name, "gamma")->data, *beta = get(s, name, "beta")->data;
	const float *mean = get(s, name, "running_mean")->data;
	const float *var = get(s, name, "running_var")->data;
	const float *param = get(s, name, "param")->data;
	float scale[CHANNELS], shift[CHANNELS];

	assert_true(y.c <= CHANNELS);
	for (int k = 0; k < y.c; k++) {
		scale[k] = (float)(gamma[k] / sqrt((double)var[k] + param[0]));
		shift[k] = (float)(beta[k] - (double)mean[k] * scale[k]);
	}
	kern->norm_apply(y.n, y.h, y.w, y.c, y.plane, scale, shift,
	    (struct ss_plane){ NULL, 0, 0 }, false, false, x.plane);
	agrees_field(s, name, "output", &x);
	free(y.memory);
}

/* The ReLU has no kernel of its own: it is that of a normalisation which changes nothing. */
static void
relu_case(const struct ss_st *s, const char *name)
{
	struct field y = field_of(get(s, name, "input"));
	struct field dz = field_of(get(s, name, "grad_output"));
	struct field x = field(y.n, y.c, y.h, y.w, NULL), dy = field(y.n, y.c, y.h, y.w, NULL);
	const struct ss_plane none = { NULL, 0, 0 };
	float one[CHANNELS], zero[CHANNELS] = { 0 };

	assert_true(y.c <= CHANNELS);
	for (int k = 0; k < y.c; k++)
		one[k] = 1;
	kern->norm_apply(y.n, y.h, y.w, y.c, y.plane, one, zero, none, true, true, x.plane);
	kern->norm_dgrad(y.n, y.h, y.w, y.c, dz.plane, x.plane, y.plane, NULL, NULL, zero, one, zero, zero,
	    true, dy.plane, false, none, false);
	agrees_field(s, name, "output", &x);
	agrees_field(s, name, "grad_input", &dy);
	free(y.memory);
	free(dz.memory);
}

/* The three products of a dense layer; its bias is a sum and needs no test of gemm. */
static void
linear_case(const struct ss_st *s, const char *name)
{
	const struct ss_st_tensor *x = get(s, name, "input"), *w = get(s, name, "weight");
	const float *bias = get(s, name, "bias")->data, *g = get(s, name, "grad_output")->data;
	int n = (int)x->shape[0], in = (int)x->shape[1], out = (int)w->shape[0];
	float *y = ss_alloc((size_t)n * out, sizeof(float));
	float *dx = ss_alloc((size_t)n * in, sizeof(float));
	float *dw = ss_alloc((size_t)out * in, sizeof(float));

	assert_true(y != NULL && dx != NULL && dw != NULL);
	for (int i = 0; i < n; i++)
		memcpy(y + (size_t)i * out, bias, (size_t)out * sizeof(float));
	ss_gemm(false, true, n, out, in, 1, x->data, in, w->data, in, 1, y, out);
	ss_gemm(false, false, n, in, out, 1, g, out, w->data, in, 0, dx, in);
	ss_gemm(true, false, out, in, n, 1, g, out, x->data, in, 0, dw, in);
	agrees(s, name, "output", y);
	agrees(s, name, "grad_input", dx);
	agrees(s, name, "grad_weight", dw);
	free(y);
	free(dx);
	free(dw);
}

static void
all_variants(const char *kind, void (*fn)(const struct ss_st *, const char *))
{
	struct ss_st *s = golden("ops");

	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
		kern = *k;
		golden_worst = 0;
		each(s, kind, fn);
		print_message("             %s, kernels '%s': worst error %.1e\n", kind, kern->name,
		    golden_worst);
	}
	ss_st_free(s);
}

static void
conv(void **state)
{
	(void)state;
	all_variants("conv", conv_case);
}

static void
norm(void **state)
{
	(void)state;
	all_variants("norm_train", norm_train_case);
	all_variants("norm_eval", norm_eval_case);
}

static void
relu(void **state)
{
	(void)state;
	all_variants("relu", relu_case);
}

static void
linear(void **state)
{
	struct ss_st *s = golden("ops");

	(void)state;
	golden_worst = 0;
	each(s, "linear", linear_case);
	print_message("             linear, gemm: worst error %.1e\n", golden_worst);
	ss_st_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conv),
		cmocka_unit_test(norm),
		cmocka_unit_test(relu),
		cmocka_unit_test(linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
