/*
 * state_dict.h - the named tensors of a file that other programs wrote, for tools: what fails ends them
 */
#ifndef SS_STATE_DICT_H
#define SS_STATE_DICT_H

#include "keras_names.h"
#include "npz.h"
#include "safetensors.h"

struct state_tensor {
	struct ss_st_tensor t;		/* as it is in the file, but the shape, which is as PyTorch has it */
	const char *problem;		/* why it cannot be used, or NULL */
	const char *name;		/* without its prefix, as torchvision has it; NULL: it has none of those asked for */
	char own[KERAS_NAME];		/* where a name stands that is not a piece of the file's */
	bool turned;			/* in the file the shape is (height, width, inputs, outputs) */
	bool used;
};

struct state_dict {
	const char *path;
	struct ss_st *st;		/* one of these is not NULL */
	struct ss_npz *npz;
	struct state_tensor *at;
	size_t n;
	bool keras;			/* names are Keras' */
};

/*
 * Opens a safetensors file or an archive of numpy.savez, whichever it is. With prefixes, only tensors that begin with one have a
 * name, which is the rest of it; if two have the same, the tool ends. Keras' names become torchvision's.
 */
void state_open(struct state_dict *d, const char *path, const char *const *prefix, int prefixes);
void state_close(struct state_dict *d);

/* The tensor of that name, or NULL. */
struct state_tensor *state_find(const struct state_dict *d, const char *name);

/* "f32 64,3,7,7", for messages. */
enum { STATE_SHAPE = 200 };
void state_shape(const struct ss_st_tensor *t, char text[STATE_SHAPE]);

/*
 * Its n numbers as f32. Those of f64 are rounded to the nearest; f16 and bf16 lose nothing. A tensor of integers, and numbers that
 * are not finite, or not as f32, end the tool, which names file and tensor.
 */
void state_floats(const struct state_dict *d, const struct state_tensor *s, float *out, size_t n);

#endif
