/*
 * health_report.h - what ss-health found, and how it says so
 */
#ifndef SS_HEALTH_REPORT_H
#define SS_HEALTH_REPORT_H

#include "embeddings.h"
#include "ssl/health.h"

struct health_view {
	const char *stream, *tensor;
	const float *x;			/* (n,d) */
	struct ss_health health;
};

struct health_report {
	size_t n, d, batch;
	int views;
	struct health_view view[EMBEDDINGS_VIEWS];
	double alignment, contrast;	/* means over all pairs of views; NAN for one view */
	enum ss_verdict verdict;	/* of the worst view */
	int worst;
};

/* A table, the verdict, the measure that says so and what to try; or all of it as a JSON object. Ends the tool if that fails. */
void health_report_print(const struct health_report *r, bool json);

#endif
