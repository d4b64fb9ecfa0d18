/*
 * fuzz_tar.c - libFuzzer's entry to the reader of samples in tar archives, plain or packed
 */
#define _GNU_SOURCE		/* memfd_create */
#include "tests/fuzz/fuzz.h"
#include "webdataset.h"

static int
told(const char *message)
{
	return message[0] != '\0';
}

static void
hear(void *arg, const char *message)
{
	(void)arg;
	if (!told(message))
		abort();
}

static void
read_all(const char *path, bool skip)
{
	const struct ss_imagefile_how how = { .pixels = 1 << 16, .background = -1 };
	struct ss_webdataset_report report;
	const struct ss_webdataset_plan plan = { .limit = 64, .bad = skip ? hear : NULL, .report = &report };
	struct ss_decoder *decoder;
	struct ss_err e = SS_ERR_INIT;
	struct ss_source *s;
	int r;

	if (ss_decoder_create(&decoder, &how, NULL, &e) < 0)
		abort();
	if ((r = ss_webdataset_open(&s, path, &plan, &how, decoder, &e)) < 0) {
		if (!told(e.text))
			abort();
		return;
	}
	for (uint64_t i = 0; (r = s->ops->ensure(s, i, i, &e)) > 0; i++) {
		uint8_t *image = malloc(ss_source_image_bytes(s, i) + 1);
		int32_t label;

		if (image == NULL || s->ops->name(s, i)[0] == '\0')
			abort();
		r = ss_source_read(s, &i, 1, image, &label, &e);
		free(image);
		if (r < 0)
			break;
	}
	if (r < 0 && !told(e.text))
		abort();
	ss_source_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH];
	const int fd = fuzz_file(data, size, path);

	read_all(path, false);
	read_all(path, true);
	close(fd);
	return 0;
}
