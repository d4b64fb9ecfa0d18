/*
 * pixels_floats.h - the loops of the tf dialects, for pixels_body.h alone
 *
 * Pixels are floats, nominally in 0..1. As there, nothing may be contracted.
 */
static inline vf
loadf(const float *p)
{
	vf v;

	memcpy(&v, p, sizeof v);
	return v;
}

static inline void
storef(float *p, vf v)
{
	memcpy(p, &v, sizeof v);
}

static void
spread(float *px, size_t n, float base, float factor, float more)
{
	for (size_t j = 0; j < n; j += SS_LANES)
		storef(px + j, (loadf(px + j) - base) * factor + base + more);
}

/*
 * The saturation of a colour is its range over its value v, the largest channel, and
 * every channel is v less a share of v times saturation that the hue decides. So
 * scaling the saturation, up to 1, scales what the channels are below v. Values
 * below 0 come from a brightness that was not clamped.
 */
static void
saturate_floats(float *r, float *g, float *b, size_t n, float factor)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf fr = loadf(r + j), fg = loadf(g + j), fb = loadf(b + j);
		vf v = greater(fr, greater(fg, fb));
		vf range = v - lesser(fr, lesser(fg, fb));
		/* 1e-30: of a gray, where v - f is 0, any scale will do */
		vf scale = lesser(all(factor), v / greater(range, all(1e-30f)));

		scale = greater(scale, all(0));
		storef(r + j, v - (v - fr) * scale);
		storef(g + j, v - (v - fg) * scale);
		storef(b + j, v - (v - fb) * scale);
	}
}

/* One channel of the way back from the hue, in sixths of the circle, and the range below v. */
static inline vf
from_hue(vf v, vf range, vf hue)
{
	hue -= pick(hue >= 6, all(6), all(0));
	return v - range * greater(lesser(lesser(hue, 4 - hue), all(1)), all(0));
}

static void
turn_floats(float *r, float *g, float *b, size_t n, float turn)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf fr = loadf(r + j), fg = loadf(g + j), fb = loadf(b + j);
		vf v = greater(fr, greater(fg, fb));
		vf range = v - lesser(fr, lesser(fg, fb));
		vi red = v == fr, green = v == fg;
		vf diff = pick(red, fg - fb, pick(green, fb - fr, fr - fg));
		vf sixth = pick(red, all(0), pick(green, all(2), all(4)));
		vf h = sixth + diff / greater(range, all(1e-30f)) + 6 * turn;

		h += pick(h < 0, all(6), all(0));
		h -= pick(h >= 6, all(6), all(0));
		storef(r + j, from_hue(v, range, h + 5));
		storef(g + j, from_hue(v, range, h + 3));
		storef(b + j, from_hue(v, range, h + 1));
	}
}

static void
gray_floats(float *r, float *g, float *b, size_t n)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf l = 0.2989f * loadf(r + j) + 0.5870f * loadf(g + j) + 0.1140f * loadf(b + j);

		storef(r + j, l);
		storef(g + j, l);
		storef(b + j, l);
	}
}

static void
solarize_floats(float *px, size_t n, float threshold)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf v = loadf(px + j);

		storef(px + j, pick(v >= threshold, 1 - v, v));
	}
}

static void
clamp_floats(float *px, size_t n)
{
	for (size_t j = 0; j < n; j += SS_LANES)
		storef(px + j, lesser(greater(loadf(px + j), all(0)), all(1)));
}

static void
cut_floats(float *px, size_t n)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vi byte = to_int(clamp255(loadf(px + j) * 255.5f));

		storef(px + j, to_float(byte) * (1 / 255.0f));
	}
}

static void
convolve_floats(float *out, const float *in, size_t n, size_t step, const float *coef, int count)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf acc = { 0 };

		for (int k = 0; k < count; k++)
			acc += loadf(in + (size_t)k * step + j) * coef[k];
		storef(out + j, acc);
	}
}

static void
to_bytes(uint8_t *out, const float *in, size_t n)
{
	for (size_t j = 0; j < n; j += SS_LANES)
		store(out + j, to_int(whole(clamp255(loadf(in + j) * 255))));
}
