/*
 * health.h - measures that tell without labels whether a representation lives
 */
#ifndef SS_HEALTH_H
#define SS_HEALTH_H

/*
 * Standard deviation over the batch of each channel of the unit rows of z (n x d),
 * averaged over channels, times sqrt(d): about 1 for a healthy output, 0 for a
 * constant one (Chen and He 2020, figure 2). Needs d floats twice as doubles in scratch.
 */
double ss_std_ratio(const float *z, int n, int d, double *scratch);

/* Below this ratio an output is called collapsed. */
#define SS_COLLAPSED 0.1

#endif
