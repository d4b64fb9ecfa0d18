#!/bin/bash
# build.t - other compilers, other flags, other folders: no warnings, the same bytes, and all tests pass
. "$(dirname "$0")/../cli/lib.sh"
unset MAKEFLAGS MAKELEVEL MFLAGS
jobs=$(nproc)

# copy FOLDER: the tree without what was built
copy() {
	mkdir -p "$1"
	tar -cf - -C "$TOP" --exclude='./build*' --exclude=./.git --exclude=./data --exclude=./demo-out --exclude='./pipelines/*/run' . | tar -xf - -C "$1"
}

copy one
copy two/deeper/and-longer
for cc in gcc clang; do
	if ! command -v $cc >/dev/null; then
		skip "$cc builds without a word" "$cc is not installed"
		continue
	fi
	run 0 make -s -C one -j "$jobs" CC=$cc BUILD=build-$cc tests && [ ! -s out ] && [ ! -s err ]
	ok "$cc builds without a word"
done
run 0 make -s -C two/deeper/and-longer -j "$jobs" CC=gcc BUILD=build-gcc all
for f in one/build-gcc/bin/*; do
	cmp "$f" "two/deeper/and-longer/${f#one/}"
	ok "$(basename "$f") is the same, built in another folder"
done

run 0 make -s -C one CC=gcc BUILD=build-gcc install DESTDIR="$scratch/root" PREFIX=/usr
ok 'make install'
for f in "$TOP"/tools/ss-*.c; do
	t=$(basename "$f" .c)
	[ -x "root/usr/bin/$t" ] && [ -s "root/usr/share/man/man1/$t.1" ]
	ok "$t and its manual page are installed"
done
[ -s root/usr/share/man/man5/ss-stream.5 ] && [ -s root/usr/share/man/man7/ss.7 ]
ok 'so are the pages of the stream and the overview'
run 0 make -s -C one CC=gcc BUILD=build-gcc uninstall DESTDIR="$scratch/root" PREFIX=/usr && [ -z "$(find root -type f)" ]
ok 'make uninstall leaves nothing'

# checked ARGUMENT...: whether all tests pass in such a build
checked() {
	run 0 make -s -C one -j "$jobs" "$@" check
	ok "make $* check"
	[ "$got" -eq 0 ] || grep -h -e '^not ok' -e FAILED -e 'ERROR: ' out err | sed 's/^/# /' | head -20
}
checked BLAS=ref BUILD=build-ref
run 0 make -s -C one -j "$jobs" CFLAGS='-O0 -g' KERNEL='-O0 -ffp-contract=fast' BUILD=build-O0 tests
for t in one/build-O0/tests/kern/test_*.o one/build-O0/tests/unit/test_*.o; do
	run 0 "${t%.o}"
	ok "$(basename "${t%.o}") without the compiler's optimisation"
done
checked SAN=address,undefined BUILD=build-san
done_testing
