#!/bin/bash
# ss-augment.t - what views are made of, that they depend on nothing else, and what is refused
. "$(dirname "$0")/lib.sh"
unset SS_THREADS
helper() { "$PYTHON" "$TOP/tests/cli/augment.py" "$@"; }
digest() { ss-info --digest "$1"; }
ARTICLE=crop,flip,translate,jitter,gray,blur,solarize
FAIR=crop,jitter,gray,blur,solarize,flip,translate
FLOWERS=crop,flip,translate,blur,jitter,gray,solarize

helper make n=40 frame_records=7 epochs=2 >rgb.sst && ss-info --check rgb.sst &&
    helper make n=200 h=64 w=64 >wide.sst && helper make n=30 c=1 h=28 w=28 >gray.sst && helper make n=40 vary=1 >vary.sst && ss-info --check vary.sst
ok "fixtures are made, and sound"

# The command line

run 0 ss-augment --help && grep -q '^usage: ss-augment' out && grep -q -- '--two-views' out && [ ! -s err ]
ok "--help explains on standard output"
run 0 ss-augment --version && grep -q '^ss-augment 0' out
ok "--version"
run 0 ss-augment --list-recipes && [ "$(grep -c '^[a-z]' out)" -ge 8 ] && grep -q '^cifar (default)' out
ok "--list-recipes"
run 0 ss-augment --recipe help && [ "$(wc -l <out)" -eq "$(ss-augment --list-recipes | grep -c '^[a-z]')" ] &&
    for r in keras-2021 keras-3 simsiam-tf simclr-report learnopencv simsiam simclr moco2 byol swav dino vicreg barlow \
	fair-linear byol-cifar; do grep -q "^$r  *[A-Za-z]" out || exit 1; done
ok "--recipe help has a line for each"
awk '/^\.\\" list-recipes$/ { shown = 1; next } /^\.Ed$/ { shown = 0 } shown && !/^\.Bd/' "$TOP/man/ss-augment.1" >man.txt
cmp <(ss-augment --list-recipes) man.txt
ok "the manual page shows the recipes as --list-recipes does"
ss-augment --list-recipes >/dev/full 2>err
[ $? -eq 1 ] && says 'cannot write standard output'
ok "--list-recipes to a full disk"

while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-augment $args <rgb.sst && says '^ss-augment: '
	ok "misuse: ss-augment $args"
done <<'END'
--nonsense
--views 0
--views 31
--views two
--local-views -1
--local-views 30
--views 20 --local-views 20
--local-size 0
--local-size 16
--local-size 16 --recipe dino --local-views 0
--local-scale 0.1,0.3
--local-views 2 --local-scale 0.3,0.1
--local-views 2 --local-size 4 --blur 1 --blur-kernel 9
--two-views=3
--recipe
--recipe nothing
--seed -1
--seed 1.5
--size 0
--size 20000
--size 10,20,30
--size 3x
--threads -1
--crop-scale 0.5
--crop-scale 0.9,0.2
--crop-scale 0,1
--crop-scale 0.5,1.5
--crop-ratio 2,1
--flip 1.5
--flip 0.1,0.2,0.3,0.4
--vflip x
--jitter 0.4
--jitter 0.4,0.4,0.4,0.6
--jitter 0.4,0.4,0.4,nan
--recipe none --jitter 0.4,0.4,0.4,0.1
--blur-kernel 4 --blur 1
--blur-kernel 3
--blur-sigma 1,2
--blur-sigma 0,2 --blur 1
--solarize-threshold 100
--solarize-threshold 256 --solarize 1
--filter nearest
--dialect tensorflow
--dialect tf --filter bicubic
--dialect tf --blur 1
--recipe byol --dialect tf
--crop-pad -1
--crop-pad 2 --crop-scale 0.1,1
--crop-pad 2 --crop-centre 40
--crop-centre 1.5
--translate 2
--translate-by 0,0.1
--translate 1 --translate-by 0.1
--contrast 2,1
--recipe none --contrast 0.5,2
--recipe none --saturation 0.5,2
--saturation-odds
--saturation-odds --saturation 0.2,1
--per-batch -1
--per-batch x
--tensor picture
--blur 1 --blur-kernel 65
one.sst two.sst
END

# What is wrong with the input

run 3 ss-augment </dev/null && says 'empty input'
ok "empty input"
for at in 60 300 5000 $(($(wc -c <rgb.sst) - 128)); do
	head -c "$at" rgb.sst >cut.sst
	run 3 ss-augment --two-views cut.sst && says '^ss-augment: cut.sst: '
	ok "truncated at byte $at"
done
{ printf 'P6\n'; cat rgb.sst; } | run 3 ss-augment && says 'not a tensor stream'
ok "wrong magic"
"$PYTHON" -c '
import struct, sys, zlib
b = bytearray(open("rgb.sst", "rb").read())
b[8:10] = struct.pack("<H", 2)
b[60:64] = struct.pack("<I", zlib.crc32(bytes(b[:60])))
sys.stdout.buffer.write(b)' >newer.sst
run 3 ss-augment newer.sst && says 'newer'
ok "newer version"
run 1 ss-augment missing.sst && says "missing.sst.*No such file"
ok "no such file"
helper make index=no | run 2 ss-augment --two-views && says "no tensor 'index' (u64), the key of all randomness"
ok "without an index there is no randomness"
helper make dtype=f32 | run 2 ss-augment && says "must be u8"
ok "images of floats"
helper make c=2 | run 2 ss-augment && says "1 or 3 channels"
ok "images of two channels"
helper make name=other | run 2 ss-augment && says "no tensor 'image'"
ok "no images"
helper make h=0 | run 2 ss-augment && says "must be u8"
ok "images of no pixels"
run 2 ss-augment vary.sst && says "vary in size: --size"
ok "images that vary in size need --size"
helper make name=view1 | run 2 ss-augment --tensor view1 --keep-image && says "view1"
ok "a name that is taken"
{ head -c 9000 rgb.sst; } | ss-augment 2>/dev/null | run 4 ss-info --check && says 'upstream failed: ss-augment: '
ok "the next program is told whose fault it was"

# Output

run 1 ss-augment --two-views rgb.sst -o /dev/full && says "/dev/full"
ok "a full disk"
ss-augment --two-views rgb.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'No space left'
ok "a full disk behind standard output"
helper make n=600 >many.sst
{ ss-augment --views 20 many.sst 2>err; echo $? >status; } | head -c 10 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves is no error worth a message"
run 0 ss-augment --two-views rgb.sst -o new.sst && ss-info --check new.sst && run 2 ss-augment rgb.sst -o new.sst &&
    says 'exists'
ok "an output that exists is left alone"
run 2 ss-augment rgb.sst -o rgb.sst --force && says 'input and output'
ok "an output that is the input"

ss-augment --two-views rgb.sst >two.sst
ss-info two.sst >info
ss-info --check two.sst && [ "$(grep -cE '^ *(view1|view2|label|name|index) ' info)" -eq 5 ] && ! grep -q '^ *image ' info &&
    head -c 2000 two.sst | grep -aq '^@CO	passed on$' && head -c 2000 two.sst | grep -aq '^@LB	ID:0	NM:zero$' &&
    head -c 2000 two.sst | grep -aq '^@PG	ID:ss-augment'
ok "two views take the image's place; tensors, labels, comments and history go on"
for t in label name index; do
	helper tensor rgb.sst $t >a && helper tensor two.sst $t >b && [ -s a ] && cmp a b
	ok "$t is passed on as it was"
done
ss-augment rgb.sst >one.sst && [ "$(helper tensor one.sst image | wc -c)" -eq $((80 * 3072)) ]
ok "a single view keeps the image's name"
ss-augment --keep-image rgb.sst >kept.sst && cmp <(helper tensor kept.sst image) <(helper tensor rgb.sst image) &&
    cmp <(helper tensor kept.sst view1) <(helper tensor one.sst image)
ok "--keep-image keeps it, and then the view is view1"
ss-augment --recipe none rgb.sst >same.sst && [ "$(digest same.sst)" = "$(digest rgb.sst)" ]
ok "the recipe 'none' changes nothing"
ss-augment --two-views --size 20,48 rgb.sst >sized.sst && [ "$(helper tensor sized.sst view2 | wc -c)" -eq $((80 * 3 * 20 * 48)) ]
ok "--size gives height and width"
ss-augment --views 30 --record gray.sst >many30.sst && ss-info --check many30.sst && helper differ many30.sst view1 view30 0.9
ok "thirty views, with their numbers"

# Multi-crop

ss-augment --recipe swav --record rgb.sst >swav.sst && ss-info --check swav.sst &&
    [ "$(head -c 2000 swav.sst | grep -ac '^@TN	NM:view[12]	DT:u8	SH:3,32,32$')" -eq 2 ] &&
    [ "$(head -c 2000 swav.sst | grep -ac '^@TN	NM:view[3-8]	DT:u8	SH:3,16,16$')" -eq 6 ]
ok "SwAV's recipe makes two large views and six small ones"
ss-augment --recipe dino rgb.sst >dino.sst && [ "$(head -c 3000 dino.sst | grep -ac '^@TN	NM:view.*SH:3,16,16$')" -eq 8 ]
ok "DINO's makes eight small ones"
ss-augment --recipe dino --local-views 0 rgb.sst >global.sst && ! grep -aq 'NM:view3' global.sst &&
    cmp <(helper tensor global.sst view2) <(helper tensor dino.sst view2)
ok "without them, the large ones are as they were"
ss-augment --two-views --local-views 3 --local-size 12,20 --size 28,30 rgb.sst >local.sst && ss-info --check local.sst &&
    [ "$(head -c 2000 local.sst | grep -ac '^@TN	NM:view[12]	DT:u8	SH:3,28,30$')" -eq 2 ] &&
    [ "$(head -c 2000 local.sst | grep -ac '^@TN	NM:view[345]	DT:u8	SH:3,12,20$')" -eq 3 ]
ok "any recipe can have local views, of any size"
ss-augment --two-views --local-views 4 --local-scale 0.05,0.1 --record wide.sst >shares.sst &&
    helper tensor shares.sst view3.params | "$PYTHON" -c '
import sys
import numpy as np
a = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(-1, 25)
share = a[:, 2] * a[:, 3] / (64 * 64)
sys.exit(not (len(a) == 200 and 0.045 < share.min() < 0.06 and 0.09 < share.max() < 0.11))'
ok "--local-scale is the share of the area"
ss-augment --two-views --local-views 2 --recipe none --flip 0,0,1 --local-size 32 --local-scale 1,1 --crop-ratio 1,1 rgb.sst >kinds.sst &&
    cmp <(helper tensor kinds.sst view1) <(helper tensor kinds.sst view2) &&
    cmp <(helper tensor kinds.sst view3) <(helper tensor kinds.sst view4) && helper differ kinds.sst view1 view3 0.99
ok "a third chance is that of the local views"
ss-augment -t 3 --recipe dino rgb.sst >threads.sst && cmp threads.sst dino.sst
ok "multi-crop: -t 3 gives the same bytes"

# Recipes and their options

ss-augment --list-recipes | awk '/^[a-z]/ { if (n) print n o; n = $1; o = "" } /^    --/ { o = o $0 } END { print n o }' >made
[ "$(wc -l <made)" -ge 20 ]
ok "recipes as options"
while read -r recipe options; do
	views=
	[[ $options == *--views* ]] || views=--two-views
	# shellcheck disable=SC2086
	ss-augment --record $views --recipe "$recipe" wide.sst >recipe.sst &&
	    ss-augment --record $views --recipe none $options wide.sst >options.sst && helper alike recipe.sst options.sst
	ok "--recipe $recipe draws what its options do"
done <made

# One draw for a batch

helper make n=100 epochs=2 frame_records=7 >hundred.sst
ss-augment --two-views --recipe simclr-report --per-batch 32 --record hundred.sst >batches.sst &&
    helper tensor batches.sst view1.params | "$PYTHON" -c '
import sys
import numpy as np
a = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(2, 100, 25)
for epoch in a:
    for at in range(0, 100, 32):
        assert (epoch[at:at + 32] == epoch[at]).all()
assert len(np.unique(a.reshape(200, 25), axis=0)) == 8'
ok "--per-batch: all views of a batch have the same draws; a batch does not go over epochs"
helper make n=100 epochs=2 frame_records=50 | ss-augment -t 2 --two-views --recipe simclr-report --per-batch 32 --record >b.sst &&
    [ "$(digest b.sst)" = "$(digest batches.sst)" ]
ok "--per-batch: frames and threads do not matter"
helper differ batches.sst view1.params view2.params 0.9
ok "--per-batch: the two views have draws of their own"

# The bytes depend on seed, epoch, index and view alone

want=$(digest two.sst)
for t in 1 2 3 0; do
	ss-augment --two-views -t $t rgb.sst >t.sst && cmp t.sst two.sst
	ok "-t $t gives the same bytes"
done
for n in 1 3 40 100; do
	helper make n=40 frame_records=$n epochs=2 | ss-augment --two-views >f.sst && [ "$(digest f.sst)" = "$want" ]
	ok "frames of $n records give the same records"
done
ss-augment --two-views --seed 1 rgb.sst >seed.sst && [ "$(digest seed.sst)" != "$want" ] &&
    ! cmp -s <(helper tensor seed.sst view1) <(helper tensor two.sst view1)
ok "another seed gives other views"
helper tensor two.sst view1 >v
[ "$(head -c $((40 * 3072)) v | cksum)" != "$(tail -c +$((40 * 3072 + 1)) v | cksum)" ]
ok "another epoch gives other views"
helper differ two.sst view1 view2 0.95
ok "the two views differ"
ss-augment --views 3 --record rgb.sst >three.sst && cmp <(helper tensor three.sst view2) <(helper tensor two.sst view2)
ok "a third view, or a record, leaves the others as they were"
ss-augment --two-views --record --gray 0 rgb.sst >nogray.sst
helper tensor nogray.sst view1.params | "$PYTHON" -c '
import sys
import numpy as np
a = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(-1, 25)
import subprocess
b = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True).stdout
b = np.frombuffer(b, "<f4").reshape(-1, 25)
rest = [i for i in range(25) if i != 14]
sys.exit(not (a.shape == b.shape and (a[:, rest] == b[:, rest]).all() and b[:, 14].any() and not a[:, 14].any()))
' "$PYTHON" "$TOP/tests/cli/augment.py" tensor three.sst view1.params
ok "another chance of gray leaves all other draws as they were"
ss-augment --two-views --recipe none --flip 1,0 rgb.sst >sides.sst &&
    cmp <(helper tensor sides.sst view2) <(helper tensor rgb.sst image) && helper differ sides.sst view1 view2 0.99
ok "chances of their own for odd and even views"

# Distributions

helper make n=2500 h=32 w=40 >many.sst
ss-augment --two-views --record --seed 5 many.sst >drawn.sst && helper draws drawn.sst
ok "what is drawn is distributed as the recipe says, crops as torchvision's"

ss-augment --record --recipe keras-3 --seed 6 many.sst >keras.sst && helper tensor keras.sst image.params | "$PYTHON" -c '
import sys
import numpy as np
a = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(-1, 25)
a = a[a[:, 6] >= 0]
assert len(a) > 1900 and (a[:, 6:10] == [0, 1, 2, 3]).all()
even = np.arange(1, len(a) + 1) / len(a)
s = a[:, 12] / (1 + a[:, 12])
for v, lo, hi in ((a[:, 10], -.32, .32), (a[:, 11], .32, 2.32), (s, .18, .82), (a[:, 13], -.01, .01)):
    assert abs((np.sort(v) - lo) / (hi - lo) - even).max() < 1.95 / len(a) ** .5, (v.min(), v.max())'
ok "the Keras 3 example: order and distributions of its jitter"

# torchvision on PIL images, given the recorded numbers, makes the same

replays() {	# ORDER FILTER INPUT ARGS...: makes the views, to be looked at in the end
	order=$1 filter=$2 input=$3
	shift 3
	replayed=$((replayed + 1))
	ss-augment --record --seed 9 "$@" "$input" >"view$replayed.sst" || echo "# ss-augment $* failed"
	echo "$input view$replayed.sst $order $filter redone: $input $*" >>"$lines"
}
replayed=0 lines=torchvision
for input in rgb.sst gray.sst; do
	for args in "--crop-scale 0.08,1" "--crop-scale 0.2,1 --filter bicubic" "--flip 0.5 --vflip 0.5" \
	    "--jitter 0.9,0,0,0 --jitter-p 1" "--jitter 0,0.9,0,0 --jitter-p 1" "--jitter 0,0,0.9,0 --jitter-p 1" \
	    "--jitter 0,0,0,0.5 --jitter-p 1" "--gray 1" "--blur 1" "--blur 1 --blur-sigma 2,20" \
	    "--blur 1 --blur-kernel 3" "--blur 1 --blur-kernel 23" "--solarize 1" \
	    "--solarize 1 --solarize-threshold 50" "--size 45,20" "--size 9 --filter bicubic" \
	    "--crop-pad 4" "--crop-pad 9 --size 40,20" "--crop-centre 0 --filter bicubic" "--crop-centre 20 --size 24,30" \
	    "--translate 1" "--translate 1 --translate-by 0,1 --flip 0.5" "--jitter 0.8,0.8,0.8,0.2 --jitter-p 1"; do
		filter=bilinear
		[[ $args == *bicubic* ]] && filter=bicubic
		# shellcheck disable=SC2086
		replays $ARTICLE $filter $input --recipe none $args
	done
	for recipe in cifar learnopencv simclr simclr-cifar crop-flip pad-flip; do
		replays $ARTICLE bilinear $input --recipe $recipe --views 3
	done
	for recipe in byol barlow vicreg fair-linear fair-test; do
		replays $ARTICLE bicubic $input --recipe $recipe --views 3
	done
	for recipe in byol-cifar barlow-cifar dino-cifar vicreg-cifar; do
		replays $FAIR bicubic $input --recipe $recipe --views 3
	done
	replays $ARTICLE bilinear $input --recipe swav
	replays $ARTICLE bicubic $input --recipe dino
	replays $FAIR bilinear $input --recipe simsiam --views 3
	replays $FAIR bilinear $input --recipe moco2 --views 3
done
replays $ARTICLE bilinear vary.sst --recipe cifar --size 32 --two-views
replays $ARTICLE bicubic vary.sst --recipe byol --size 24,50 --two-views
replays $ARTICLE bilinear vary.sst --recipe none --size 17
replays $ARTICLE bilinear vary.sst --recipe pad-flip --size 20,30
replays $ARTICLE bicubic vary.sst --recipe fair-test --size 20,30

# TensorFlow's dialects, redone in NumPy

lines=numpy
for input in rgb.sst gray.sst; do
	for dialect in tf tf-clamp tf-bytes; do
		for args in "--jitter 0.5,0,0,0 --jitter-p 1" "--jitter 0,0.9,0,0 --jitter-p 1" "--jitter 0,0,0.9,0 --jitter-p 1" \
		    "--jitter 0,0,0,0.5 --jitter-p 1" "--jitter 0.8,0.8,0.8,0.2 --jitter-p 1" "--gray 1" \
		    "--blur 1 --blur-kernel 23" "--blur 1 --blur-kernel -1 --blur-sigma 1,5" "--solarize 1 --solarize-threshold 100"; do
			# shellcheck disable=SC2086
			replays $ARTICLE $dialect $input --recipe none --dialect $dialect $args
		done
	done
	for args in "--translate 1 --translate-by 0,1 --flip 0.5" "--crop-pad 4" "--crop-centre 0" "--size 45,20" \
	    "--crop-scale 0.1,1" "--flip 0.5 --vflip 0.5"; do
		# shellcheck disable=SC2086
		replays $ARTICLE tf $input --recipe none --dialect tf $args
	done
	replays $ARTICLE tf-bytes $input --recipe keras-2021 --two-views
	replays $ARTICLE tf-clamp $input --recipe keras-3 --two-views
	replays $FLOWERS tf $input --recipe simsiam-tf --two-views
	replays $ARTICLE tf $input --recipe simclr-report --two-views
done
replays $FLOWERS tf vary.sst --recipe simsiam-tf --size 24,30
helper replay <numpy >replayed.out
[ $? -eq 0 ] && [ "$(wc -l <replayed.out)" -eq "$(wc -l <numpy)" ]
ok "NumPy replays TensorFlow's dialects"
while IFS= read -r line; do
	[[ $line == ok* ]]
	ok "${line#*ok - }"
done <replayed.out
if "$PYTHON" -W ignore -c 'import torchvision, PIL' 2>/dev/null; then
	helper replay <torchvision >replayed.out
	[ $? -eq 0 ] && [ "$(wc -l <replayed.out)" -eq "$(wc -l <torchvision)" ]
	ok "torchvision replays its own"
	while IFS= read -r line; do
		[[ $line == ok* ]]
		ok "${line#*ok - }"
	done <replayed.out
else
	skip "views as torchvision makes them" "no torchvision; test_image has its results from tests/golden/augment.txt"
fi
done_testing
