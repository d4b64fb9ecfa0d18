/*
 * classifier.c - how good the outputs of a classifier are
 */
#include <math.h>

#include "eval/classifier.h"

double
ss_classify(const float *outputs, const int32_t *label, size_t n, int classes, int32_t *predicted)
{
	double loss = 0;

	for (size_t i = 0; i < n; i++, outputs += classes) {
		double sum = 0;
		int best = 0;

		for (int c = 1; c < classes; c++)
			if (outputs[c] > outputs[best])
				best = c;
		for (int c = 0; c < classes; c++)
			sum += exp((double)outputs[c] - outputs[best]);
		loss += label[i] < 0 || label[i] >= classes ? HUGE_VAL :
		    log(sum) + outputs[best] - outputs[label[i]];
		predicted[i] = best;
	}
	return loss / (double)n;
}
