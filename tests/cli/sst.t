#!/bin/bash
# The tensor stream: our writer, our reader, and a second reader that knows only formats/sst.md.
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"
py=$TOP/tests/sst_read.py

for args in "-r 10 -f 3" "-r 10 -f 1 -e 3 -E 7" "-r 64 -f 64" "-r 0" "-u -r 0" "-u -r 5" "-l -r 100 -f 64"; do
	# shellcheck disable=SC2086
	"$GEN" $args >a.sst
	run 0 "$PYTHON" "$py" a.sst && mv out py.out && run 0 ss-info --digest a.sst &&
	    [ "records $(ss-info --get total a.sst) digest $(cat out)" = "$(tail -n 1 py.out)" ]
	ok "both readers take gen $args, with the same digest"
done

"$GEN" -r 20 -f 3 -e 2 >a.sst
"$GEN" -r 20 -f 64 -e 2 -E 5 >b.sst
[ "$(ss-info --digest a.sst)" = "$(ss-info --digest b.sst)" ]
ok "the digest depends on neither frames nor epochs"
"$GEN" -r 20 -f 3 -e 2 -o 1e-6 >c.sst
[ "$(ss-info --digest a.sst)" != "$(ss-info --digest c.sst)" ]
ok "the digest depends on the records"

"$PYTHON" "$py" a.sst | sed -n 's/^tensor \([a-z]*\) elements \([0-9]*\) .*/\1 \2/p' >want
ss-info a.sst | awk '$2 ~ /^[uif][0-9]/ { print $1, ($3 ~ /^[0-9,?]*[,?]/ || NF == 8) ? $4 : $3 }' >got
[ "$(wc -l <want)" -eq 6 ] && cmp -s want got
ok "both readers count the same elements"
[ "$("$PYTHON" "$py" a.sst name)" = "$(for _ in 1 2; do for i in $(seq 0 19); do printf 'f%d' "$i"; done; done)" ]
ok "items of varying size arrive as they were written"

# The example of the specification is a stream.
sed -n '/^## 4/,/^## 5/s/^    \([0-9a-f ]*\)$/\1/p' "$TOP/formats/sst.md" |
    "$PYTHON" -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >example.sst
[ "$(wc -c <example.sst)" -eq 384 ] && run 0 "$PYTHON" "$py" example.sst && run 0 ss-info --digest example.sst &&
    grep -q "digest $(cat out)" "$TOP/formats/sst.md"
ok "the example in sst.md is sound and has the digest that it says"

run 3 ss-info --check /dev/null && says 'empty input'
ok "empty input"
head -c $(($(wc -c <a.sst) - 128)) a.sst >cut.sst
run 3 ss-info --check cut.sst && says 'end frame missing' && says 'frame 14, byte [0-9]*'
ok "a cut at a frame's border is named"
{ head -c 300 a.sst; } | run 3 ss-info --check && says '^ss-info: standard input: .*byte 300.*text header'
ok "a cut text header is named"
cp a.sst flip.sst
printf '\377' | dd of=flip.sst bs=1 seek=1000 conv=notrunc status=none
run 3 ss-info --check flip.sst && says 'flip.sst: frame [0-9]*, byte [0-9]*: checksum'
ok "a flipped byte is named"
"$GEN" -x | run 4 ss-info --check && says '^ss-info: upstream failed: gen: asked to fail$'
ok "an error upstream is passed on"

# A claimed length must not become memory: less than 64 MiB must do.
"$PYTHON" -c '
import struct, sys, zlib
b = b"SSTF" + struct.pack("<HHQQIIQI", 1, 0, 0, 0, 1 << 28, 0, 1 << 28, 0) + bytes(16)
text = b"@HD\tVN:1.0\tNS:*\n@TN\tNM:x\tDT:u8\tSH:\n"
text += b"\n" * (-len(text) % 64)
p = b"\x89SST\r\n\x1a\n" + struct.pack("<HHIII", 1, 0, len(text), 0, zlib.crc32(text)) + bytes(36)
for x in p, b:
    sys.stdout.buffer.write(x + struct.pack("<I", zlib.crc32(x)) + (text if x is p else b""))
' >huge.sst
if ss-info --version | grep -q sanitize; then
	skip "a claim of 256 MiB costs no memory" "sanitizers need address space"
else
	(ulimit -v 65536 && run 3 ss-info --check huge.sst && says 'input ends')
	ok "a claim of 256 MiB costs no memory"
fi

"$PYTHON" "$TOP/tests/cli/mutants.py" "$BIN/ss-info" "$GEN" >mutants.out
ok "mutants.py runs"
while IFS= read -r line; do
	case $line in
	ok*) true; ok "${line#ok * - }" ;;
	not*) false; ok "${line#not ok * - }" ;;
	'#'*) echo "$line" ;;
	esac
done <mutants.out
done_testing
