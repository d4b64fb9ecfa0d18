/*
 * checkpoint.h - the file in which a run can be taken up again
 */
#ifndef SS_CHECKPOINT_H
#define SS_CHECKPOINT_H

#include <stdbool.h>

#include "model.h"
#include "ssl/trainer.h"

struct checkpoint {
	const char *path;
	int keep;			/* earlier ones as PATH.1, PATH.2 ... */
	struct model *model;
	const struct ss_net *net;
	struct ss_trainer *trainer;
	bool exists;			/* one of this run is on the disk */
	uint64_t saved;			/* its step */
};

/* All of these end the tool if they fail. */

/*
 * Writes PATH, unless it holds this step already; it is always a whole one, old or new.
 * Weights that are not finite are not kept: the tool ends, and the old one stands.
 */
void checkpoint_save(struct checkpoint *c);

/* Writes PATH and a suffix, as ".best", beside them; nothing takes it away. */
void checkpoint_save_beside(const struct checkpoint *c, const char *suffix);

/*
 * Puts the weights of PATH.best, which must be the best of this run, in the place of the last ones and writes PATH once
 * more.
 */
void checkpoint_restore_best(struct checkpoint *c);

/*
 * Goes on from the newest sound one of PATH, PATH.1 ...: fills weights, momentum and
 * where the run stands. If there is no file, nothing changes. One that was made with
 * another recipe is misuse.
 */
void checkpoint_resume(struct checkpoint *c);

#endif
