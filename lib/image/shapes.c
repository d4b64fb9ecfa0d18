/*
 * shapes.c - drawn images: ten classes of shapes, as data that need no download
 *
 * A picture is a textured ground with clutter, and on it a few shapes of one
 * class, each with a place, size, rotation, colours and texture of its own. So
 * neither colour nor brightness nor any pixel tells the class, but two crops of
 * a picture share it: this is what a representation can find without labels.
 *
 * A scene is a table of layers, and a pixel is a function of the scene. Shapes
 * are built from half-planes and discs, by minimum (union) and maximum
 * (intersection), of functions that are negative inside and have slope 1 at the
 * edge. Where such a function is within half a pixel of 0 the pixel is partly
 * covered: that is all there is to anti-aliasing. LANES neighbouring pixels are
 * computed at once with the compiler's vector extensions. Only operations that
 * IEEE 754 rounds exactly are used, no libm but its square root, so that every
 * machine draws the same bytes.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/philox.h"
#include "image/shapes.h"

#ifdef __clang__		/* GCC has it off with -std=c11 and does not know the pragma */
#pragma STDC FP_CONTRACT OFF
#endif

enum { LANES = 4, LAYERS_MAX = 16 };
typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

enum class { DISC, RING, SQUARE, TRIANGLE, STAR, CROSS, CRESCENT, HEART, ARROW, SPIRAL, BAR };
/* BAR is clutter, not a class. */

const char *const ss_shapes_name[SS_SHAPES_CLASSES] = {
	"disc", "ring", "square", "triangle", "star", "cross", "crescent", "heart", "arrow", "spiral"
};

enum texture { GRADIENT, STRIPES, CHECKS, DOTS, CLOUDS, TEXTURES };

struct paint {
	enum texture texture;
	float a[3], b[3];		/* two colours, 0..1 */
	float ux, uy, u0, vx, vy, v0;	/* coordinates of the pattern: u = ux x + uy y + u0 */
	float sharp;			/* pixels in a period of the pattern */
};

struct layer {
	enum class class;
	float x0, y0, r;		/* centre and radius, in pixels */
	float cx, cy;			/* the shape's own x axis, of length 1 */
	float reach;			/* pixels farther from the centre are not covered */
	struct paint paint;
};

struct scene {
	struct paint ground;
	int layers;
	struct layer layer[LAYERS_MAX];
};

/*
 * Vector arithmetic
 */

static inline vec
splat(float f)
{
	return (vec){ 0 } + f;
}

static inline vec
choose(ivec mask, vec a, vec b)
{
	return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}

static inline vec
vmin(vec a, vec b)
{
	return choose(a < b, a, b);
}

static inline vec
vmax(vec a, vec b)
{
	return choose(a > b, a, b);
}

static inline vec
vabs(vec a)
{
	return vmax(a, -a);
}

static inline vec
clamp01(vec a)
{
	return vmax(vmin(a, splat(1.0f)), splat(0.0f));
}

/* The fraction of u > -1024. */
static inline vec
fraction(vec u)
{
	vec shifted = u + 1024.0f;

	return shifted - __builtin_convertvector(__builtin_convertvector(shifted, ivec), vec);
}

/* A wave between 0 and 1 of period 1. */
static inline vec
wave(vec u)
{
	return vabs(2.0f * fraction(u) - 1.0f);
}

static inline vec
smooth(vec t)
{
	return t * t * (3.0f - 2.0f * t);
}

/*
 * Shapes, in their own coordinates, about as large as the unit disc
 */

static inline vec
disc(vec x, vec y, float r)
{
	return (x * x + y * y - r * r) * (0.5f / r);
}

static inline vec
box(vec x, vec y, float w, float h)
{
	return vmax(vabs(x) - w, vabs(y) - h);
}

static vec
star(vec x, vec y)
{
	/* normals of the five lines of a pentagram, 72 degrees apart */
	static const float nx[5] = { 1.0f, 0.30901699f, -0.80901699f, -0.80901699f, 0.30901699f };
	static const float ny[5] = { 0.0f, 0.95105652f, 0.58778525f, -0.58778525f, -0.95105652f };
	vec most = splat(-1e9f), second = most;

	/* The inside of a pentagram is outside of one of its lines at most. */
	for (int i = 0; i < 5; i++) {
		vec d = nx[i] * x + ny[i] * y;

		second = vmax(second, vmin(most, d));
		most = vmax(most, d);
	}
	return second - 0.34f;
}

static vec
spiral(vec x, vec y)
{
	/* Half circles: above around (0,0), below around (STEP,0), each wider than the last by STEP. */
	const float STEP = 0.24f, FIRST = 0.1f, HALF_WIDTH = 0.105f;
	ivec below = y > 0.0f;
	vec centre = choose(below, splat(STEP), splat(0.0f)), d = splat(1e9f);

	x += STEP / 2 - centre;
	for (int i = 0; i < 2; i++) {
		vec r = centre + (FIRST + 2 * STEP * (float)i);

		d = vmin(d, vabs((x * x + y * y - r * r) / (2.0f * r)) - HALF_WIDTH);
	}
	return d;
}

static vec
distance(enum class class, vec x, vec y)
{
	const float COS30 = 0.8660254f;

	switch (class) {
	case DISC:
		return disc(x, y, 0.9f);
	case RING:
		return vmax(disc(x, y, 0.98f), -disc(x, y, 0.52f));
	case SQUARE:
		return box(x, y, 0.78f, 0.78f);
	case TRIANGLE:
		return vmax(y, vmax(COS30 * x - 0.5f * y, -COS30 * x - 0.5f * y)) - 0.54f;
	case STAR:
		return star(x, y);
	case CROSS:
		return vmin(box(x, y, 1.0f, 0.29f), box(x, y, 0.29f, 1.0f));
	case CRESCENT:
		return vmax(disc(x + 0.15f, y, 1.0f), -disc(x - 0.35f, y, 0.82f));
	case HEART:
		x -= 0.25f, y -= 0.25f;
		return vmin(box(x, y, 0.55f, 0.55f),
		    vmin(disc(x + 0.55f, y, 0.55f), disc(x, y + 0.55f, 0.55f)));
	case ARROW:
		return vmin(box(x + 0.45f, y, 0.6f, 0.2f),
		    vmax(0.1f - x, 0.6f * (x - 1.05f) + 0.8f * vabs(y)));
	case SPIRAL:
		return spiral(x, y);
	case BAR:
		return box(x, y, 1.0f, 0.12f);
	}
	return x;
}

/*
 * Colours and textures
 */

static void
pixel_colour(const struct paint *p, vec x, vec y, vec out[3])
{
	vec u = p->ux * x + p->uy * y + p->u0, v = p->vx * x + p->vy * y + p->v0, t, s;

	switch (p->texture) {
	case STRIPES:
		t = clamp01((wave(u) - 0.5f) * p->sharp + 0.5f);
		break;
	case CHECKS:
		t = clamp01((wave(u) - 0.5f) * p->sharp + 0.5f);
		s = clamp01((wave(v) - 0.5f) * p->sharp + 0.5f);
		t = t + s - 2.0f * t * s;
		break;
	case DOTS:
		t = clamp01(0.5f - disc(fraction(u) - 0.5f, fraction(v) - 0.5f, 0.3f) * (2.0f * p->sharp));
		break;
	case CLOUDS:
		t = (smooth(wave(u)) + smooth(wave(v)) + smooth(wave(0.7f * u - 1.3f * v))) / 3.0f;
		break;
	default:
		t = smooth(clamp01(u));
		break;
	}
	for (int i = 0; i < 3; i++)
		out[i] = p->a[i] + (p->b[i] - p->a[i]) * t;
}

/* Called once in a statement at most: C leaves open which of two calls in one comes first. */
static float
uniform(struct ss_rng *rng, double lo, double hi)
{
	return (float)ss_rng_range(rng, lo, hi);
}

/* A direction: the first point that falls into the unit disc, but not too near its centre. */
static void
direction(struct ss_rng *rng, float *x, float *y)
{
	float n;

	do {
		*x = uniform(rng, -1, 1);
		*y = uniform(rng, -1, 1);
		n = *x * *x + *y * *y;
	} while (n > 1.0f || n < 0.01f);
	n = sqrtf(n);
	*x /= n;
	*y /= n;
}

/* A colour of about that brightness: a random one, moved there, its hue weakened to `chroma`. */
static void
colour(struct ss_rng *rng, float brightness, float chroma, float c[3])
{
	float luma;

	for (int i = 0; i < 3; i++)
		c[i] = uniform(rng, 0, 1);
	luma = 0.3f * c[0] + 0.59f * c[1] + 0.11f * c[2];
	for (int i = 0; i < 3; i++) {
		c[i] = brightness + chroma * (c[i] - luma);
		c[i] = c[i] < 0.0f ? 0.0f : c[i] > 1.0f ? 1.0f : c[i];
	}
}

/* period: of the pattern, in pixels; contrast: how far apart in brightness its colours are */
static void
paint(struct ss_rng *rng, struct paint *p, enum texture texture, float period, float brightness,
    float contrast, float chroma)
{
	float dx, dy;

	direction(rng, &dx, &dy);
	p->texture = texture;
	p->ux = dx / period, p->uy = dy / period, p->u0 = uniform(rng, 0, 1);
	p->vx = -dy / period, p->vy = dx / period, p->v0 = uniform(rng, 0, 1);
	p->sharp = period / 2.0f;
	colour(rng, brightness - contrast, chroma, p->a);
	colour(rng, brightness + contrast, chroma, p->b);
	for (int i = 0; i < 3; i++)	/* related colours, so that no texture hides an outline */
		p->b[i] = 0.4f * p->a[i] + 0.6f * p->b[i];
}

/*
 * Scenes
 */

static struct layer *
add_layer(struct scene *sc, struct ss_rng *rng, enum class class, float x, float y, float r)
{
	struct layer *l = &sc->layer[sc->layers++];

	SS_BUG_IF(sc->layers > LAYERS_MAX);
	l->class = class;
	l->x0 = x, l->y0 = y, l->r = r;
	direction(rng, &l->cx, &l->cy);
	l->reach = 1.3f * r + 1.0f;
	return l;
}

/* Half the extent of each class at which its area is that of a disc of radius 0.75. */
static const float extent[] = {
	[DISC] = 0.82f, [RING] = 0.9f, [SQUARE] = 0.84f, [TRIANGLE] = 1.06f, [STAR] = 1.12f,
	[CROSS] = 0.93f, [CRESCENT] = 1.2f, [HEART] = 0.89f, [ARROW] = 1.2f, [SPIRAL] = 1.15f
};

/*
 * Chosen so that shapes stand out of their ground by colour and by brightness,
 * outlines more than textures, and that a crop of a fifth still shows a shape.
 */
static const float GROUND_CHROMA = 0.35f, FIGURE_CHROMA = 1.0f;
static const double FIRST_MIN = 0.24, FIRST_MAX = 0.32, OTHER_MIN = 0.18, OTHER_MAX = 0.26;
enum { SHAPES_MIN = 2, SHAPES_MAX = 4, CLUTTER_MIN = 2, CLUTTER_MAX = 5, TRIES = 20 };

static void
make_scene(struct scene *sc, float size, enum class class, struct ss_rng *rng)
{
	/* Shapes are brighter or darker than the ground, so that they show without colour too. */
	bool bright = ss_rng_below(rng, 2) == 1;
	float ground = bright ? uniform(rng, 0.2, 0.4) : uniform(rng, 0.6, 0.8);
	float figure = bright ? uniform(rng, 0.65, 0.85) : uniform(rng, 0.15, 0.35);
	float period = size * uniform(rng, 0.5, 1.2);
	uint32_t clutter = CLUTTER_MIN + ss_rng_below(rng, CLUTTER_MAX - CLUTTER_MIN + 1);
	uint32_t shapes = SHAPES_MIN + ss_rng_below(rng, SHAPES_MAX - SHAPES_MIN + 1);

	sc->layers = 0;
	paint(rng, &sc->ground, CLOUDS, period, ground, 0.12f, GROUND_CHROMA);

	for (uint32_t i = 0; i < clutter; i++) {
		enum class what = ss_rng_below(rng, 2) == 0 ? BAR : DISC;
		float r = size * (what == BAR ? uniform(rng, 0.2, 0.6) : uniform(rng, 0.03, 0.08));
		float x = uniform(rng, 0, size);
		float y = uniform(rng, 0, size);
		float brightness = uniform(rng, ground - 0.2, ground + 0.2);
		struct layer *l = add_layer(sc, rng, what, x, y, r);

		paint(rng, &l->paint, GRADIENT, 2 * r, brightness, 0.05f, GROUND_CHROMA);
	}

	int first = sc->layers;

	for (uint32_t i = 0; i < shapes; i++) {
		float r = i == 0 ? uniform(rng, FIRST_MIN, FIRST_MAX) : uniform(rng, OTHER_MIN, OTHER_MAX);
		float x = 0, y = 0;
		int tries;

		r *= size * extent[class];
		for (tries = 0; tries < TRIES; tries++) {
			bool room = true;

			x = uniform(rng, r * 0.6, size - r * 0.6);
			y = uniform(rng, r * 0.6, size - r * 0.6);
			for (int k = first; k < sc->layers; k++) {
				const struct layer *o = &sc->layer[k];
				float dx = x - o->x0, dy = y - o->y0, apart = r + o->r;

				room = room && dx * dx + dy * dy > apart * apart;
			}
			if (room)
				break;
		}
		if (tries == TRIES)
			continue;		/* no room for it */
		struct layer *l = add_layer(sc, rng, class, x, y, r);
		enum texture texture = (enum texture)ss_rng_below(rng, TEXTURES);

		period = r * uniform(rng, 0.5, 1.2);
		paint(rng, &l->paint, texture, period, figure, 0.1f, FIGURE_CHROMA);
	}
}

/*
 * Pictures
 */

int
ss_shapes_label(uint64_t seed, uint32_t split, uint64_t index)
{
	uint8_t class[SS_SHAPES_CLASSES];
	struct ss_rng rng;

	ss_rng_init(&rng, seed, SS_RNG_SHAPES, 1, index / SS_SHAPES_CLASSES, split);
	for (int i = 0; i < SS_SHAPES_CLASSES; i++)
		class[i] = (uint8_t)i;
	for (uint32_t i = SS_SHAPES_CLASSES; i > 1; i--) {
		uint32_t j = ss_rng_below(&rng, i);
		uint8_t t = class[i - 1];

		class[i - 1] = class[j];
		class[j] = t;
	}
	return class[index % SS_SHAPES_CLASSES];
}

static void
draw_lanes(const struct scene *sc, vec x, float y, vec px[3])
{
	pixel_colour(&sc->ground, x, splat(y), px);
	for (int i = 0; i < sc->layers; i++) {
		const struct layer *l = &sc->layer[i];
		float dy = y - l->y0;
		vec dx = x - l->x0, d, cover, c[3];

		if (dy > l->reach || dy < -l->reach || dx[LANES - 1] < -l->reach || dx[0] > l->reach)
			continue;
		d = distance(l->class, (l->cx * dx + l->cy * dy) / l->r, (l->cx * dy - l->cy * dx) / l->r);
		cover = clamp01(0.5f - d * l->r);
		pixel_colour(&l->paint, dx, splat(dy), c);
		for (int k = 0; k < 3; k++)
			px[k] += (c[k] - px[k]) * cover;
	}
}

void
ss_shapes_draw(uint8_t *rgb, int size, uint64_t seed, uint32_t split, uint64_t index)
{
	const size_t plane = (size_t)size * (size_t)size;
	struct scene scene;
	struct ss_rng rng;
	vec step = splat(0), px[3];

	SS_BUG_IF(size < SS_SHAPES_SIZE_MIN || size > SS_SHAPES_SIZE_MAX);
	ss_rng_init(&rng, seed, SS_RNG_SHAPES, 0, index, split);
	make_scene(&scene, (float)size, (enum class)ss_shapes_label(seed, split, index), &rng);

	for (int i = 0; i < LANES; i++)
		step[i] = (float)i + 0.5f;
	for (int y = 0; y < size; y++)
		for (int x = 0; x < size; x += LANES) {
			draw_lanes(&scene, step + (float)x, (float)y + 0.5f, px);
			for (int k = 0; k < 3; k++) {
				ivec level = __builtin_convertvector(clamp01(px[k]) * 255.0f + 0.5f, ivec);
				uint8_t *to = rgb + (size_t)k * plane + (size_t)(y * size + x);

				for (int i = 0; i < LANES && x + i < size; i++)
					to[i] = (uint8_t)level[i];
			}
		}
}
