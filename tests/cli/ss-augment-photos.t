#!/bin/bash
# ss-augment-photos.t - views of 224 x 224 of pictures of all sizes, as folders and archives have them
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"
unset SS_THREADS SS_DATA
helper() { "$PYTHON" -B "$TOP/tests/cli/augment.py" "$@"; }
tensor() { helper tensor "$@"; }

# Photographs of all shapes, and six of one size; a folder and an archive of each

mkdir -p mixed/a mixed/b alike
n=0
for size in '640 480' '300 500' '224 224' '97 1200' '37 29' '2000 1500' '1 1' '500 223' '3 400'; do
	# shellcheck disable=SC2086
	"${GEN%/*}/jpeg" -v $((30 * n)) "mixed/$([ $((n % 2)) = 0 ] && echo a || echo b)/$n.jpg" $size || exit 1
	n=$((n + 1))
done
for n in 0 1 2 3 4 5; do
	"${GEN%/*}/jpeg" -v $((40 * n)) "alike/$n.jpg" 320 240 || exit 1
done
"$PYTHON" - mixed alike <<'END'
import os, sys, tarfile
for folder in sys.argv[1:]:
    with tarfile.open(folder + ".tar", "w") as t:
        for path in sorted(os.path.join(d, f) for d, _, files in os.walk(folder) for f in files):
            t.add(path, os.path.relpath(path, folder))
END
ss-load folder mixed >mixed.sst && head -c 1000 mixed.sst | grep -aq '^@TN	NM:image	DT:u8	SH:3,?,?$'
ok "a folder of pictures of all sizes"

# What is wrong with the input

run 2 ss-augment --two-views mixed.sst && says 'mixed.sst: the images vary in size: --size must say that of the views'
ok "without --size"
ss-load folder mixed | run 2 ss-augment --two-views --recipe simsiam && says 'standard input: the images vary in size: --size'
ok "the same through a pipe"
helper make vary=channels | run 2 ss-augment --size 224 && says "'image' varies in its number of channels, which must be 1 or 3 of all"
ok "a number of channels that varies"
helper make n=20 frame_records=6 vary=empty >empty.sst && run 3 ss-augment --size 224 empty.sst &&
    says 'empty.sst: frame 2, record 14: a picture of 0 x 9'
ok "a picture of no pixels: which"
run 3 ss-grid empty.sst -o empty.png && says 'empty.sst: frame 2, record 14: a picture of 0 x 9' && [ ! -e empty.png ]
ok "ss-grid says it too"
helper make n=20 frame_records=6 vary=long >long.sst && run 2 ss-augment --size 224 long.sst &&
    says 'long.sst: frame 2, record 14: an image of 1 x 16777217: its sides may have 16777216 pixels'
ok "a picture that is too long: which"
helper make n=20 frame_records=6 vary=thin >thin.sst && run 2 ss-augment --size 224 --recipe fair-test thin.sst &&
    says 'thin.sst: frame 2, record 14: an image of 1 x 30000 is too large if scaled to 256 x 7680000'
ok "a picture that is too narrow to be scaled: which"
run 2 ss-augment --size 224 --recipe fair-test -t 3 thin.sst && says 'record 14'
ok "the same for all threads"
ss-augment --size 224 thin.sst >thin.out && ss-info --check thin.out
ok "parts of it can be had"

# Views

while read -r recipe views; do
	run 0 ss-augment --two-views --record --size 224 --recipe "$recipe" mixed.sst && cp out one.sst && ss-info --check one.sst &&
	    [ "$(head -c 3000 one.sst | grep -ac '^@TN	NM:view[0-9]*	DT:u8	SH:3,224,224$')" -eq 2 ] &&
	    [ "$(head -c 3000 one.sst | grep -ac '^@TN	NM:view[0-9]*	DT:u8	SH:3,96,96$')" -eq "$views" ]
	ok "$recipe: two views of 224 and $views of 96"
	for t in 2 3; do
		ss-augment -t $t --two-views --record --size 224 --recipe "$recipe" mixed.sst >t.sst && cmp t.sst one.sst
		ok "$recipe: -t $t gives the same bytes"
	done
	for n in 1 4; do
		ss-load folder mixed --frame $n | ss-augment --two-views --record --size 224 --recipe "$recipe" >f.sst &&
		    [ "$(ss-info --digest f.sst)" = "$(ss-info --digest one.sst)" ]
		ok "$recipe: frames of $n records give the same records"
	done
	ss-load tar -q - <mixed.tar | ss-augment --two-views --size 224 --recipe "$recipe" >tar.sst
	cmp <(tensor tar.sst view1) <(tensor one.sst view1) && cmp <(tensor tar.sst view2) <(tensor one.sst view2)
	ok "$recipe: an archive gives the same views"
	ss-load tar -q alike.tar | ss-augment --two-views --record --size 224 --recipe "$recipe" >fixed.sst &&
	    ss-load tar -q - <alike.tar | ss-augment --two-views --record --size 224 --recipe "$recipe" >varying.sst &&
	    [ "$(ss-info --digest fixed.sst)" = "$(ss-info --digest varying.sst)" ]
	ok "$recipe: whether sizes could vary makes no difference"
done <<'END'
simsiam 0
simclr 0
byol 0
swav 6
dino 8
simsiam-tf 0
simclr-report 0
keras-2021 0
pad-flip 0
fair-test 0
END
ss-load tar -q alike.tar | head -c 1000 | grep -aq 'NM:image	DT:u8	SH:3,240,320$' && ss-load tar -q - <alike.tar | head -c 1000 | grep -aq 'NM:image	DT:u8	SH:3,?,?$'
ok "and they could in one of the two"
run 0 ss-grid one.sst -o one.png && ss-augment --recipe swav --size 224 mixed.sst >swav.sst && run 0 ss-grid swav.sst -o swav.png &&
    [ "$(wc -c <swav.png)" -gt 10000 ]
ok "ss-grid shows large and small views"

# The same bytes on every machine; tests/torch/check_views.py holds them to torchvision and NumPy

ss-load shapes --size 300 --records 8 >shapes.sst
while read -r recipe digest; do
	got=$(ss-augment --two-views --record --size 224 --recipe "$recipe" shapes.sst | ss-info --digest)
	[ "$got" = "$digest" ] || echo "# $recipe $got"
	[ "$got" = "$digest" ]
	ok "$recipe: the bytes are as they always were"
done <<'END'
simsiam 8325a131
moco2 8325a131
simclr a6f6c822
byol 189f83e5
vicreg 189f83e5
barlow 189f83e5
swav 66f70b95
dino 5987f543
simsiam-tf a0bad567
simclr-report 7da4eb43
keras-2021 134da27d
keras-3 e7eaf8b1
pad-flip 8f6d991c
fair-test 29a20f8e
none f1e8375f
END
done_testing
