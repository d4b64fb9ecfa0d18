/*
 * pack.c - packs standard input by zstd, xz or bzip2; for the tests of ss-load tar, as their programs may not be there
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	char buf[65536];
	size_t n;

	if (argc != 2 || a == NULL || entry == NULL)
		return 2;
	if (archive_write_add_filter_by_name(a, argv[1]) < ARCHIVE_WARN || archive_write_set_format_raw(a) != ARCHIVE_OK)
		return 2;
	archive_write_set_bytes_in_last_block(a, 1);
	if (archive_write_open_FILE(a, stdout) != ARCHIVE_OK)
		return 1;
	archive_entry_set_pathname(entry, "data");
	archive_entry_set_filetype(entry, AE_IFREG);
	if (archive_write_header(a, entry) != ARCHIVE_OK)
		return 1;
	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		if (archive_write_data(a, buf, n) != (la_ssize_t)n)
			return 1;
	archive_entry_free(entry);
	return archive_write_close(a) == ARCHIVE_OK && archive_write_free(a) == ARCHIVE_OK ? 0 : 1;
}
