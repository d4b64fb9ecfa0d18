/*
 * peak_template.h - the ceiling: multiply-adds that never leave the registers
 *
 * Included by each kern_WIDTH.c after conv_template.h. Twelve chains hide the latency of
 * two units with four cycles each.
 */

/* Runs `rounds` rounds and returns how many operations those are, two for each multiply-add. */
static double
peak(long rounds)
{
	static volatile float sink;
	vf acc[12], m = (vf){ 0 } + (0.5f + sink), a = (vf){ 0 } + (0.25f + sink);

	UNROLL for (int i = 0; i < 12; i++)
		acc[i] = a * (float)i;
	for (long r = 0; r < rounds; r++)
		UNROLL for (int i = 0; i < 12; i++)
			acc[i] = acc[i] * m + a;
	for (int i = 1; i < 12; i++)
		acc[0] += acc[i];
	sink = acc[0][0] * 0;
	return 2.0 * W * 12 * (double)rounds;
}
