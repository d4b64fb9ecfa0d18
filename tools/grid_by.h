/*
 * grid_by.h - ss-grid --by: the pictures that a table names, each in its places
 */
#ifndef GRID_BY_H
#define GRID_BY_H

#include "by_table.h"
#include "image/sheet.h"
#include "sst.h"

/*
 * Reads the stream to its end, puts what the table names into the sheet, and frees the table. Warns of what the sheet has no
 * place for; ends the tool if a picture is missing, or a name stands for two.
 */
void grid_by(struct ss_reader *in, int tensor, struct ss_sheet *s, struct by_table *by, struct ss_image_work *w);

#endif
