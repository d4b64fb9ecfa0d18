#!/bin/bash
# The filter at the end of ss-stream(5) compiles and works.
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"

sed -n '/^\/\* invert\.c/,/^\.Ed/p' "$TOP/man/ss-stream.5" | sed -e '/^\.Ed/d' -e 's/\\e/\\/g' >invert.c
run 0 sh -c "${CC:-cc} -Wall -Wextra -Werror -I'$TOP/lib' -I'$TOP/formats' invert.c '$BIN/../libss.a' -lz -o invert"
ok "it compiles without warnings"
"$GEN" -r 20 -f 6 -e 2 >a.sst
run 0 ./invert <a.sst && mv out b.sst && run 0 ss-info --check b.sst
ok "it writes a sound stream"
run 1 ss-cmp a.sst b.sst && grep -q "tensor 'image'" out
ok "it changes the images"
for t in photo label index name vec; do
	ss-cmp --only $t a.sst b.sst >/dev/null
	ok "it leaves $t as it is"
done
"$PYTHON" "$TOP/tests/sst_read.py" a.sst image >a.raw
"$PYTHON" "$TOP/tests/sst_read.py" b.sst image >b.raw
"$PYTHON" -c '
a, b = open("a.raw", "rb").read(), open("b.raw", "rb").read()
assert len(a) == 960 and bytes(255 - x for x in a) == b'
ok "it inverts them"
./invert <a.sst | ./invert >c.sst
ss-cmp a.sst c.sst
ok "twice is nothing"
[ "$(ss-info --get history c.sst | tail -n 1)" = invert ]
ok "it is in the history"
"$GEN" -x | { ./invert 2>err; echo $? >status; } >d.sst
[ "$(cat status)" = 4 ] && says '^invert: gen: asked to fail' && run 4 ss-info --check d.sst && says 'upstream failed: gen: asked to fail'
ok "it passes a failure on"
head -c 3000 a.sst | { ./invert 2>err; echo $? >status; } >d.sst
[ "$(cat status)" = 3 ] && run 4 ss-info --check d.sst
ok "it notices a cut stream"
done_testing
