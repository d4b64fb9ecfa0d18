#!/bin/bash
# load-photos.t - ss-load folder: JPEG files of every kind, upright, scaled, on several threads; transparent PNG; the flowers
. "$(dirname "$0")/lib.sh"
jpeg() { "${GEN%/*}/jpeg" "$@"; }
jpegs() { "$PYTHON" -B "$TOP/tests/cli/jpeg.py" "$@"; }
png() { "$PYTHON" -B "$TOP/tests/cli/png.py" "$@"; }
load() { "$PYTHON" -B "$TOP/tests/cli/load.py" "$@"; }
: "${GEN:?run me through make check}"
data=${SS_DATA:-}
unset SS_DATA
if ! "$PYTHON" -c 'import numpy' 2>/dev/null; then
	skip "ss-load folder of photographs" "needs python3-numpy"
	done_testing
	exit
fi
pillow=$("$PYTHON" -c 'import PIL' 2>/dev/null && echo yes)
# same FOLDER [SIDE]: the stream `out` has the pixels that Pillow has, where it is installed
same() { [ -z "$pillow" ] || [ "$(jpegs pillow "$1" out ${2:+"$2"} 2>&1 | tee pillow.txt)" = 0 ] || { sed 's/^/# /' pillow.txt; false; }; }

# --- every kind of JPEG

jpegs kinds "${GEN%/*}/jpeg" k
run 0 ss-load folder k && jpegs near out >near && [ "$(wc -l <near)" -eq 28 ]
ok "all kinds are read"
while read -r name off; do
	most=7
	case $name in q30.jpg) most=20 ;; scans.jpg) most=30 ;; 411.jpg) most=12 ;; esac
	[ "$off" -le $most ]
	ok "$name: at most $most levels from what was drawn"
done <near
run 0 ss-load folder k && same k
ok "all kinds, to the byte${pillow:+ as Pillow reads them}"
jpegs turned "${GEN%/*}/jpeg" turned
run 0 ss-load folder turned && [ "$(jpegs upright out)" = 7 ] && same turned && ss-info --header out | grep -q 'SH:3,?,?$' && cp out turned.sst
ok "all orientations come upright"
for where in "order 30 99" "magic 32 7" "place 37 255" "type 54 7" "value 60 77"; do
	set -- $where
	rm -rf one && mkdir one && cp turned/6.jpg one && load poke one/6.jpg "$2" "$3"
	run 0 ss-load folder one && [ ! -s err ]
	ok "an Exif block that makes no sense is as none: $1"
done

# --- sizes

run 0 ss-load folder turned --size 20 && same turned 20 && ss-info --header out | grep -q 'SH:3,?,?$' && ss-info --check out
ok "--size: the shorter side, ${pillow:+as Pillow scales}"
run 0 ss-load folder turned --size 100 && same turned 100
ok "--size enlarges too"
run 0 ss-load folder k --size 29 && cp out a && ss-load folder k >b && cmp -s <("$PYTHON" "$TOP/tests/sst_read.py" a image) <("$PYTHON" "$TOP/tests/sst_read.py" b image)
ok "--size of what has this size changes nothing"
run 0 ss-load folder turned --size 20 --crop && ss-info --header out | grep -q 'SH:3,20,20$' && ss-info --check out
ok "--size --crop makes squares"
mkdir big && jpeg big/a.jpg 801 533 && jpeg -o 6 big/b.jpg 808 536 && jpeg -o 6 big/c.jpg 801 533 && jpeg -p big/d.jpg 533 801
for side in 30 60 100 200 500; do
	run 0 ss-load folder big --size $side && jpegs scaled out $side
	ok "--size $side of larger pictures: near what was drawn"
done
run 0 ss-load folder k --size 8 --crop && ss-grid out -o grid.png && run 0 ss-load folder turned && ss-grid out -o grid2.png && [ -s grid2.png ]
ok "ss-grid shows them"
ss-augment --two-views --size 16 turned.sst >views && run 0 ss-info --check views && ss-info --header views | grep -q 'NM:view2.DT:u8.SH:3,16,16'
ok "ss-augment makes views of them"
ss-sample --every 2 turned.sst >half && run 0 ss-info --check half && ss-cat turned.sst turned.sst >twice && run 0 ss-info --check twice &&
    [ "$(ss-info --get records twice)" = 16 ]
ok "ss-sample and ss-cat pass them on"

# --- threads

jpegs many "${GEN%/*}/jpeg" many 60
run 0 ss-load folder many --shuffle --epochs 2 --seed 2 && cp out want
for t in 2 3 0; do
	run 0 ss-load folder many --shuffle --epochs 2 --seed 2 -t $t && cmp out want
	ok "-t $t gives the same bytes"
done
run 0 ss-load folder many --frame 7 && cp out want && run 0 ss-load folder many --frame 7 -t 4 && cmp out want
ok "--frame with -t 4 gives the same bytes"
cp -r many hurt && for i in 20 33 34; do load poke hurt/$i.jpg 700 255 && load poke hurt/$i.jpg 701 217; done
ss-load folder hurt --frame 4 >want 2>want.err
[ $? -eq 3 ] && grep -q "hurt/20.jpg" want.err && for t in 2 3 7; do
	run 3 ss-load folder hurt --frame 4 -t $t && cmp out want && cmp err want.err || break
done
ok "what stands before a damaged one is the same for any -t, and so is the message"
run 0 ss-load folder hurt --on-error skip && [ "$(grep -c 'left out: ' err)" -eq 3 ] && grep -q '3 of 60 files are' err && cp out want && cp err want.err &&
    run 0 ss-load folder hurt --on-error skip -t 3 && cmp out want && cmp err want.err
ok "--on-error skip names and counts, the same for any -t"

# --- transparency

png kinds clear
mkdir files && cp clear/*.png files
for colour in none black white '#102030'; do
	run 0 ss-load folder files --background "$colour" && [ "$(png over out "$colour" clear/*.png)" = "$(ls files | wc -l)" ]
	ok "--background $colour"
done

# --- what is refused

rm -rf one && mkdir one
while IFS='|' read -r options message; do
	# shellcheck disable=SC2086
	rm -f one/* && jpeg $options one/x.jpg 64 64
	run 3 ss-load folder one && says "'one/x.jpg': $message"
	ok "refused: $message"
done <<'END'
-n 150|a JPEG of more than 100 scans
-n 757|a JPEG of more than 100 scans
END
rm -f one/* && jpeg one/x.jpg 64 48 && cp one/x.jpg sound.jpg
while IFS='|' read -r w h message; do
	cp sound.jpg one/x.jpg && jpegs size one/x.jpg "$w" "$h"
	run 3 ss-load folder one && says "'one/x.jpg': $message"
	ok "a header that claims $w x $h: $message"
done <<'END'
65000|65000|an image of 65000 x 65000 pixels; from 1 to
0|48|an image of 0 x 48 pixels
64|0|an image of 64 x 0 pixels
64|65535|damaged JPEG: 
END
cp sound.jpg one/x.jpg
run 3 ss-load folder one --max-pixels 3071 && says "an image of 64 x 48 pixels; from 1 to 3071 can be read" && run 0 ss-load folder one --max-pixels 3072
ok "--max-pixels"
run 3 ss-load folder one --max-pixels 3071 --size 8 && says "from 1 to 3071"
ok "--max-pixels is of the file, not of what it is scaled to"
jpeg -s 1x1 one/x.jpg 1 2000
run 3 ss-load folder one --size 16384 && says "'one/x.jpg': an image of 1 x 2000 pixels, scaled to 16384 x 32768000: more than"
ok "a scaled picture that would not fit a frame"
rm one/* && ln -s ../sound.jpg one/x.jpg
cat sound.jpg sound.jpg >one/y.jpg
run 0 ss-load folder one && [ "$(ss-info --get records out)" = 2 ]
ok "what stands behind the image does not matter"
rm one/*

# Each cut and many flipped bits: an error, or a picture; never a crash, never a word about memory.
for kind in "-s 2x2" "-p"; do
	# shellcheck disable=SC2086
	jpeg $kind sound.jpg 24 16
	size=$(stat -c %s sound.jpg) caught=0 cuts=0
	for ((at = 0; at < size; at += 9)); do
		cuts=$((cuts + 1))
		head -c $at sound.jpg >one/x.jpg
		run 3 ss-load folder one && says "^ss-load: 'one/x.jpg': " && caught=$((caught + 1))
	done
	[ $cuts -gt 50 ] && [ $caught -eq $cuts ]
	ok "JPEG $kind cut anywhere: $caught of $cuts noticed"
	wrong=0
	for ((bit = 5; bit < size * 8; bit += 61)); do
		cp sound.jpg one/x.jpg && load flip one/x.jpg $bit
		ss-load folder one >out 2>err
		case $? in
		0) [ ! -s err ] || wrong=$((wrong + 1)) ;;
		3) says "^ss-load: 'one/x.jpg': " || wrong=$((wrong + 1)) ;;
		*) wrong=$((wrong + 1)) ;;
		esac
	done
	[ $wrong -eq 0 ]
	ok "JPEG $kind with flipped bits: read, or an error"
done

# --- the flowers

if [ -n "$data" ] && [ -d "$data/flower_photos/train" ]; then
	run 0 ss-load folder "$data/flower_photos" -t 2 -o f.sst && run 0 ss-info --check f.sst && [ "$(ss-info --get records f.sst)" = 300 ] &&
	    [ "$(ss-info --header f.sst | grep -c '^@LB')" = 5 ]
	ok "flower_photos"
	run 0 ss-load folder "$data/flower_photos" --split test --size 96 --crop && ss-info --header out | grep -q 'SH:3,96,96'
	ok "flower_photos at 96"
else
	skip "flower_photos" "no data"
fi
done_testing
