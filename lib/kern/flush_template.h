/*
 * flush_template.h - a copy to memory that will not be read soon
 *
 * Included by each kern_WIDTH.c after vector.h. A common store first reads the line that it
 * writes; where memory is the limit, that is a third of the traffic.
 */

static void
flush(const float *from, float *to, size_t n)
{
	for (size_t i = 0; i < n; i += 16)		/* a whole line at a time */
		UNROLL for (int k = 0; k < 16; k += W)
			STREAM(to + i + k, *(const vf *)(from + i + k));
	STREAM_END();
}
