#!/bin/bash
# ss-grid.t - contact sheets hold the pictures of the stream, pixel by pixel, and what is refused
. "$(dirname "$0")/lib.sh"
make_stream() { "$PYTHON" "$TOP/tests/cli/augment.py" make "$@"; }
sheet() { "$PYTHON" "$TOP/tests/cli/grid.py" "$@"; }

make_stream n=9 >rgb.sst && make_stream n=7 c=1 h=28 w=20 >gray.sst && make_stream n=6 vary=1 >vary.sst &&
    ss-augment --two-views rgb.sst >two.sst
ok "fixtures are made"

run 0 ss-grid --help && grep -q '^usage: ss-grid' out && grep -q -- '--columns' out && [ ! -s err ]
ok "--help explains on standard output"
run 0 ss-grid --version && grep -q '^ss-grid 0' out
ok "--version"
while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-grid $args <rgb.sst && says '^ss-grid: ' && [ ! -s out ]
	ok "misuse: ss-grid $args"
done <<'END'
--nonsense
--columns 0
--columns 10001
--rows -1
--rows x
--limit 0
--scale 0
--scale 65
--side 0
--scale 2 --side 3
--tensor other
--tensor label
--tensor image,
--tensor name
--columns 10000 --rows 10000
one.sst two.sst
END

run 0 ss-grid rgb.sst && sheet out rgb.sst 11 9 3 image
ok "images, enlarged, in one row that is no longer than needed"
run 0 ss-grid --columns 4 --scale 1 rgb.sst && sheet out rgb.sst 4 9 1 image
ok "--columns and --scale; the last row is not full"
run 0 ss-grid --columns 2 --rows 2 --scale 2 rgb.sst && sheet out rgb.sst 2 4 2 image
ok "--columns and --rows limit the records"
run 0 ss-grid --columns 4 --limit 6 --scale 1 rgb.sst && sheet out rgb.sst 4 6 1 image
ok "--limit"
run 0 ss-grid --columns 2 --limit 3 --rows 9 --scale 1 rgb.sst && sheet out rgb.sst 2 3 1 image
ok "--limit and more rows than needed"
run 0 ss-grid gray.sst --columns 3 && sheet out gray.sst 3 7 3 image
ok "images of one channel, and not square"
run 0 ss-grid --columns 2 <two.sst && sheet out two.sst 2 9 3 view1 view2
ok "two views side by side"
ss-augment --views 3 --keep-image --size 16,24 rgb.sst >kept.sst
run 0 ss-grid --columns 2 --scale 2 kept.sst && sheet out kept.sst 2 9 2 image view1 view2 view3
ok "the image first, if it is there, and views of another size"
run 0 ss-grid --columns 2 --scale 1 --tensor view3,image kept.sst && sheet out kept.sst 2 9 1 view3 image
ok "--tensor chooses, in this order"
run 0 ss-grid --columns 2 vary.sst && sheet out vary.sst 2 6 0 image
ok "images of all sizes are fitted into squares"
run 2 ss-grid --scale 2 vary.sst && says '^ss-grid: --scale: .*vary'
ok "images of all sizes have no scale"
make_stream n=2 h=300 w=5 >large.sst && run 0 ss-grid large.sst --side 128 && sheet out large.sst 8 2 0 image
ok "--side"
run 0 ss-grid large.sst && sheet out large.sst 8 2 0 image
ok "large images are fitted too"

run 0 ss-grid rgb.sst -o a.png && run 0 ss-grid rgb.sst && cmp out a.png
ok "-o writes what standard output gets"
run 2 ss-grid rgb.sst -o a.png && says "'a.png' exists" && run 0 ss-grid rgb.sst --columns 2 -o a.png --force && ! cmp -s a.png out
ok "an output that exists is left alone, but for --force"
run 2 ss-grid rgb.sst -o rgb.sst --force && says 'input and output' && ss-info --check rgb.sst
ok "an output that is the input"

run 3 ss-grid </dev/null && says 'empty input'
ok "empty input"
make_stream n=0 >none.sst && run 1 ss-grid none.sst && says 'no records to show' && [ ! -s out ]
ok "a stream of no records"
for at in 60 300 5000 $(($(wc -c <rgb.sst) - 128)); do
	head -c "$at" rgb.sst >cut.sst
	run 3 ss-grid cut.sst --limit 1 -o cut.png && says '^ss-grid: cut.sst: ' && [ ! -e cut.png ] && [ ! -e .cut.png.tmp ]
	ok "truncated at byte $at: no sheet"
done
{ printf 'P6\n'; cat rgb.sst; } | run 3 ss-grid && says 'not a tensor stream'
ok "wrong magic"
"$PYTHON" -c '
import struct, sys, zlib
b = bytearray(open("rgb.sst", "rb").read())
b[8:10] = struct.pack("<H", 2)
b[60:64] = struct.pack("<I", zlib.crc32(bytes(b[:60])))
sys.stdout.buffer.write(b)' >newer.sst
run 3 ss-grid newer.sst && says 'newer'
ok "newer version"
head -c 9000 rgb.sst | ss-augment 2>/dev/null | run 4 ss-grid && says 'upstream failed: ss-augment: ' && [ ! -s out ]
ok "an error upstream"
make_stream name=other | run 2 ss-grid && says 'no image and no view'
ok "nothing to show"
run 1 ss-grid rgb.sst -o no/such/folder.png && says 'no/such/folder.png'
ok "a folder that is not there"
ss-grid rgb.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'No space left'
ok "a full disk"
run 1 ss-grid rgb.sst -o /dev/full && says '/dev/full'
ok "a full disk by name"
make_stream n=300 h=64 w=64 >noise.sst
{ ss-grid noise.sst --scale 1 --limit 300 2>err; echo $? >status; } | head -c 10 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves is no error worth a message"
done_testing
