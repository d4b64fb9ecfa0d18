#!/bin/bash
# load-tar.t - ss-load tar: samples of WebDataset, from files and pipes, packed and not; archives that are crafted or cut
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"
make() { "$PYTHON" -B "$TOP/tests/cli/webdataset.py" "$@"; }
load() { "$PYTHON" -B "$TOP/tests/cli/load.py" "$@"; }
pack() { "${GEN%/*}/pack" "$1"; }
# tensor NAME: its items in the stream `out`
tensor() { "$PYTHON" "$TOP/tests/sst_read.py" out "$1"; }
labels() { tensor label | od -An -v -td4 -w4 | tr -d ' '; }
# holds NAME: `out` has what NAME.tar holds
holds() { tensor image | cmp - "$1.rgb" && tensor name | cmp - "$1.names" && labels | cmp - "$1.labels"; }
unset SS_DATA

# --- samples

make plain plain.tar
run 0 ss-load tar plain.tar && [ ! -s err ] && holds plain && ss-info --check out
ok "images, labels, names"
ss-info --header out | grep -v '^@PG' >header
printf '@HD\tVN:1.0\tNS:12\tEP:1\tE0:0\tDS:plain\n@TN\tNM:image\tDT:u8\tSH:3,5,6\n@TN\tNM:label\tDT:i32\tSH:
@TN\tNM:index\tDT:u64\tSH:\n@TN\tNM:name\tDT:u8\tSH:?\n' | cmp - header
ok "the header"
cp out plain.sst
# shellcheck disable=SC2002
cat plain.tar | run 0 ss-load tar - && holds plain && ss-info --header out | grep -q '@HD.VN:1.0.NS:\*' && ss-info --header out | grep -q 'SH:3,?,?$' && ss-info --check out
ok "from a pipe, which does not tell how many there are"
gzip -nk plain.tar && run 0 ss-load tar plain.tar.gz && holds plain && run 0 ss-load tar - <plain.tar.gz && holds plain
ok "gzip"
for p in zstd xz bzip2; do
	pack $p <plain.tar >plain.tar.$p && run 0 ss-load tar plain.tar.$p && holds plain && run 0 ss-load tar - <plain.tar.$p && holds plain
	ok "$p"
done
make mixed mixed.tar
run 0 ss-load tar mixed.tar && holds mixed && [ "$(wc -l <err)" -eq 2 ] && grep -q "'mixed.tar': 3 members that belong to no sample are left out" err &&
    grep -q "'mixed.tar': 1 of 5 images have no label: -1" err
ok "keys, suffixes, members of no sample, images without a label"
run 0 ss-load tar mixed.tar --labels none -q && tensor image | cmp - mixed.rgb && ! ss-info --header out | grep -q NM:label && [ ! -s err ]
ok "--labels none"
printf 'n%s\n' 0 1 2 3 4 5 6 >names
run 0 ss-load tar plain.tar --names names && holds plain && ss-info --header out | grep -q '@LB.ID:6.NM:n6'
ok "--names"
head -n 6 names >few
run 3 ss-load tar plain.tar --names few && says "'plain.tar: train/0004.png': label 6, but there are 6 names"
ok "--names that do not suffice"
make many b.tar 3
"$PYTHON" - <<'END'
a, b = open("plain.tar", "rb").read(), open("b.tar", "rb").read()
open("both.tar", "wb").write(a + b)
END
cat plain.rgb b.rgb >both.rgb && cat plain.names b.names >both.names && cat plain.labels b.labels >both.labels
run 0 ss-load tar both.tar && holds both
ok "archives behind each other are as one"
run 0 ss-load tar plain.tar --limit 5 && [ "$(labels | wc -l)" = 5 ] && [ "$(ss-info --get records out)" = 5 ]
ok "--limit"
run 0 ss-load tar - --limit 5 <plain.tar && [ "$(labels | wc -l)" = 5 ]
ok "--limit of a pipe"
run 0 ss-load tar plain.tar --shard 1/5 && [ "$(tensor index | od -An -v -tu8 -w8 | tr -d '\n ')" = 1611 ] && [ "$(tensor name)" = train/0001train/0006train/0011 ]
ok "--shard"
run 0 ss-load tar plain.tar --epochs 3 --first-epoch 1 && cat plain.rgb plain.rgb | cmp - <(tensor image) && ss-info --check out
ok "--epochs reads the file again"
run 0 ss-load tar plain.tar --size 4 --crop && ss-info --header out | grep -q 'SH:3,4,4$' && ss-info --check out
ok "--size --crop"
ss-sample --shuffle --seed 3 plain.sst >shuffled.sst && run 0 ss-info --check shuffled.sst
ok "ss-sample --shuffle comes behind"
make many many.tar 60
run 0 ss-load tar many.tar --frame 7 --epochs 2 && cp out want && for t in 2 3 0; do
	run 0 ss-load tar many.tar --frame 7 --epochs 2 -t $t && cmp out want || break
done
ok "-t gives the same bytes"

# --- what is crafted

mkdir -p jail/in && make evil jail/in/evil.tar && (cd jail/in && find .. | sort >../../before)
(cd jail/in && run 0 ss-load tar evil.tar -o ../../out.sst --force && cat err) >evil.err
cp out.sst out && cp jail/in/evil.* . && holds evil && (cd jail/in && rm -f out err && find .. | sort | cmp - ../../before)
ok "names that lead outside are names; nothing is written"
[ "$(grep -c . evil.err)" -eq 1 ] && grep -q "'evil.tar': 5 links, devices or pipes are left out" evil.err
ok "links, devices and pipes are left out, and counted"
while IFS='|' read -r kind status message; do
	make "$kind" c.tar
	run "$status" ss-load tar c.tar && { [ "$status" -eq 0 ] || says "$message"; }
	ok "$kind: ${message:-read}"
done <<'END'
apart|3|'c.tar: a.json': the members of sample 'a' do not stand together
apart-later|3|the members of sample 'a' do not stand together
twice|3|'c.tar: a.cls': comes twice
two-images|3|'c.tar: a.jpg': a second image, behind 'c.tar: a.png'
no-image|3|'c.tar': sample 'a' has no image (.jpg, .jpeg, .png)
bad-label|3|'c.tar: a.cls': no label: a whole number below 1048576
minus-label|3|'c.tar: a.cls': no label
huge-label|3|'c.tar: a.cls': no label
long-label|3|'c.tar: a.cls': no label
two-labels|3|'c.tar: a.cls': no label
empty-image|3|'c.tar: a.png': no image: the file is empty
no-picture|3|'c.tar: a.png': no image: it begins with 68 65 6c 6c
cut-picture|3|'c.tar: a.png': damaged PNG
huge|3|'c.tar': not a sound archive at unpacked offset
huge-json|3|'c.tar': not a sound archive at unpacked offset
negative|3|'c.tar
size-too-small|3|'c.tar: z.png': damaged PNG
size-too-large|3|'c.tar
pax-size|3|'c.tar': not a sound archive at unpacked offset
pax-size-small|3|'c.tar
pax-rubbish|3|'c.tar
sparse|3|'c.tar: z.png': no image: a sparse file
sparse-bomb|3|'c.tar: z.png': no image: a sparse file
checksum|3|'c.tar': not a sound archive
no-end|3|'c.tar': ends at unpacked offset [0-9]* without the zeros that end an archive: is it cut?
one-zero-block|3|without the zeros that end an archive
garbage-behind|3|'c.tar
nothing|1|no images in 'c.tar'
only-rubbish|1|no images in 'c.tar'
END
if ss-load --version | grep -q sanitize; then
	skip "memory" "built with a sanitizer"
else
	for kind in huge huge-json pax-size sparse sparse-bomb; do
		make $kind c.tar
		"$PYTHON" -B "$TOP/tests/cli/load.py" rss 64000 ss-load tar c.tar >/dev/null 2>&1
		[ $? -eq 3 ]
		ok "$kind: within 64 MB"
	done
	make large large.tar 60
	run 0 "$PYTHON" "$TOP/tests/cli/load.py" rss 60000 ss-load tar large.tar -o large.sst && ss-info large.sst | grep -q '^records *60 ' && rm large.*
	ok "memory does not grow with the archive"
fi

# --- what is bad among what is good

PYTHONPATH=$TOP/tests/cli "$PYTHON" -B - <<'END'
from webdataset import PNG, Shard
s = Shard()
for i in range(20):
    if i in (3, 9):
        s.add("%02d.png" % i, b"hello")
    elif i == 5:
        s.add("%02d.cls" % i, b"5")
    elif i == 12:
        s.add("%02d.png" % i, PNG[:60])
    else:
        s.sample("%02d" % i, i % 3)
s.save("some.tar")
END
run 0 ss-load tar some.tar --on-error skip && holds some && [ "$(grep -c 'left out: ' err)" -eq 4 ] && grep -q '4 of 20 samples are without an image or damaged and left out' err
ok "--on-error skip names and counts"
cp out want && cp err want.err && run 0 ss-load tar some.tar --on-error skip -t 3 && cmp out want && cmp err want.err &&
    [ "$(ss-info --get records out)" = 16 ]
ok "the same for any -t"
run 0 ss-load tar some.tar --on-error skip --epochs 2 && cmp err want.err
ok "in more epochs it is told once"
run 0 ss-load tar - --on-error skip <some.tar && holds some && [ "$(grep -c 'left out: ' err)" -eq 4 ] && grep -q "left out: '-: 03.png': no image" err &&
    grep -q '4 of 20 samples' err
ok "--on-error skip of a pipe"
ss-load tar - --frame 1 <some.tar >want 2>want.err
[ $? -eq 3 ] && [ -s want ] && for t in 2 4; do
	run 3 ss-load tar - --frame 1 -t $t <some.tar && cmp out want && cmp err want.err || break
done
says "'-: 03.png': no image"
ok "what stands before the bad one is the same for any -t"
ss-load tar some.tar 2>/dev/null | run 4 ss-info --check && says "upstream failed: ss-load: 'some.tar: 03.png'"
ok "the next program is told"
# shellcheck disable=SC2002
cat some.tar | ss-load tar - --frame 1 2>/dev/null | run 4 ss-info --check && says "upstream failed: ss-load: '-: 03.png'"
ok "from a pipe too"

# --- cuts

caught=0 cuts=0
for ((at = 0; at < 3 * 2048 + 1024; at += 128)); do	# what tar puts behind its zeros is of no matter
	cuts=$((cuts + 1))
	head -c $at b.tar >cut.tar
	run 3 ss-load tar cut.tar && says "^ss-load: 'cut.tar" && caught=$((caught + 1))
done
[ $cuts -eq 56 ] && [ $caught -eq $cuts ]
ok "an archive cut anywhere: $caught of $cuts noticed"
for p in gz zstd xz bzip2; do
	size=$(stat -c %s plain.tar.$p) caught=0 cuts=0
	for at in 0 1 2 5 $((size / 3)) $((size / 2)) $((size - 9)) $((size - 1)); do
		cuts=$((cuts + 1))
		head -c $at plain.tar.$p >cut.tar
		run 3 ss-load tar cut.tar && says "^ss-load: 'cut.tar" && caught=$((caught + 1))
	done
	[ $caught -eq $cuts ]
	ok "cut in $p: $caught of $cuts noticed"
done
cp plain.tar.gz flip.tar.gz && load flip flip.tar.gz $((8 * $(stat -c %s flip.tar.gz) - 50))
run 3 ss-load tar flip.tar.gz && says "'flip.tar.gz': damaged gzip data"
ok "a wrong checksum of gzip"
printf 'hello, this is no archive' >no.tar
run 3 ss-load tar no.tar && says "'no.tar': "
ok "what is no archive"
run 1 ss-load tar none.tar && says "cannot open 'none.tar'" && mkdir d && run 1 ss-load tar d && says "it is a folder"
ok "no file"

# --- misuse

while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-load $args </dev/null && says '^ss-load: '
	ok "misuse: ss-load $args"
done <<'END'
tar
tar plain.tar --shuffle
tar plain.tar --split test
tar - --epochs 2
tar plain.tar --labels names
tar plain.tar --crop
tar plain.tar --on-error no
END
done_testing
