/*
 * solarize.c - inverts what is bright
 */
#include "image/image.h"

void
ss_image_solarize(struct ss_image *m, int threshold, const struct ss_pixels *px)
{
	for (int c = 0; c < m->channels; c++)
		px->solarize(m->data + (size_t)c * m->plane, (size_t)m->height * (size_t)m->width,
		    threshold);
}
