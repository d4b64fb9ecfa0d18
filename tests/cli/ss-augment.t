#!/bin/bash
# ss-augment.t - what views are made of, that they depend on nothing else, and what is refused
. "$(dirname "$0")/lib.sh"
unset SS_THREADS
helper() { "$PYTHON" "$TOP/tests/cli/augment.py" "$@"; }
digest() { ss-info --digest "$1"; }
ARTICLE=crop,flip,jitter,gray,blur,solarize
FAIR=crop,jitter,gray,blur,solarize,flip

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
a = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(-1, 18)
share = a[:, 2] * a[:, 3] / (64 * 64)
sys.exit(not (len(a) == 200 and 0.045 < share.min() < 0.06 and 0.09 < share.max() < 0.11))'
ok "--local-scale is the share of the area"
ss-augment --two-views --local-views 2 --recipe none --flip 0,0,1 --local-size 32 --local-scale 1,1 --crop-ratio 1,1 rgb.sst >kinds.sst &&
    cmp <(helper tensor kinds.sst view1) <(helper tensor kinds.sst view2) &&
    cmp <(helper tensor kinds.sst view3) <(helper tensor kinds.sst view4) && helper differ kinds.sst view1 view3 0.99
ok "a third chance is that of the local views"
ss-augment -t 3 --recipe dino rgb.sst >threads.sst && cmp threads.sst dino.sst
ok "multi-crop: -t 3 gives the same bytes"

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
a = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(-1, 18)
import subprocess
b = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True).stdout
b = np.frombuffer(b, "<f4").reshape(-1, 18)
rest = [i for i in range(18) if i != 14]
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

# torchvision on PIL images, given the recorded numbers, makes the same

replays() {	# ORDER FILTER INPUT ARGS...: makes the views, to be looked at in the end
	order=$1 filter=$2 input=$3
	shift 3
	replayed=$((replayed + 1))
	ss-augment --record --seed 9 "$@" "$input" >"view$replayed.sst" || echo "# ss-augment $* failed"
	echo "$input view$replayed.sst $order $filter as torchvision: $input $*" >>replays
}
replayed=0
for input in rgb.sst gray.sst; do
	for args in "--crop-scale 0.08,1" "--crop-scale 0.2,1 --filter bicubic" "--flip 0.5 --vflip 0.5" \
	    "--jitter 0.9,0,0,0 --jitter-p 1" "--jitter 0,0.9,0,0 --jitter-p 1" "--jitter 0,0,0.9,0 --jitter-p 1" \
	    "--jitter 0,0,0,0.5 --jitter-p 1" "--gray 1" "--blur 1" "--blur 1 --blur-sigma 2,20" \
	    "--blur 1 --blur-kernel 3" "--blur 1 --blur-kernel 23" "--solarize 1" \
	    "--solarize 1 --solarize-threshold 50" "--size 45,20" "--size 9 --filter bicubic" \
	    "--jitter 0.8,0.8,0.8,0.2 --jitter-p 1"; do
		filter=bilinear
		[[ $args == *bicubic* ]] && filter=bicubic
		# shellcheck disable=SC2086
		replays $ARTICLE $filter $input --recipe none $args
	done
	for recipe in cifar simclr simclr-cifar crop-flip; do
		replays $ARTICLE bilinear $input --recipe $recipe --views 3
	done
	replays $ARTICLE bicubic $input --recipe byol --views 3
	replays $ARTICLE bilinear $input --recipe swav
	replays $ARTICLE bicubic $input --recipe dino
	replays $FAIR bilinear $input --recipe simsiam --views 3
	replays $FAIR bilinear $input --recipe moco-v2 --views 3
done
replays $ARTICLE bilinear vary.sst --recipe cifar --size 32 --two-views
replays $ARTICLE bicubic vary.sst --recipe byol --size 24,50 --two-views
replays $ARTICLE bilinear vary.sst --recipe none --size 17
if "$PYTHON" -W ignore -c 'import torchvision, PIL' 2>/dev/null; then
	helper replay <replays >replayed.out
	[ $? -eq 0 ] && [ "$(grep -c . replayed.out)" -eq "$replayed" ]
	ok "torchvision replays $replayed streams"
	while IFS= read -r line; do
		[[ $line == ok* ]]
		ok "${line#*ok - }"
	done <replayed.out
else
	skip "views as torchvision makes them" "no torchvision; test_image has its results from tests/golden/augment.txt"
fi
done_testing
