#!/bin/bash
# simclr-cifar.t - the SimCLR report's pipeline, on a small data set of CIFAR-10's format
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"
tiny data/cifar-10-batches-bin
export SS_DATA=$PWD/data

pipeline() {
	make --no-print-directory -f "$TOP/pipelines/simclr-cifar/Makefile" "BIN=$BIN" OUT="$PWD/run" THREADS=1 QUICK=1 LIMIT=256 \
		EPOCHS=1 SUPERVISED=2 POINTS=40 "$@"
}
run 0 pipeline
ok 'it runs to its end'
for row in "backbone  *$score  *$score  *52.80" "projector.1  *$score  *$score  *45.2" "projector.3  *$score  *$score  *38.0" \
    "supervised, all layers  *$score  *64.40" "untrained network  *$score" "raw pixels  *$score"; do
	grep -q "^$row *\$" run/table.txt
	ok "the table has: $row"
done
ss-info --get shape:embedding run/projector.1-test.sst | grep -q -x 256 && ss-info --get shape:embedding run/projector.3-test.sst | grep -q -x 128
ok 'the depths are those of the report'
for depth in backbone projector.1 projector.3; do
	[ "$(head -c 8 run/tsne-$depth.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
	ok "tsne-$depth.png"
done
touch then
run 0 pipeline && [ -z "$(find run -newer then -type f)" ]
ok 'called again, it makes nothing'

# killed FILE...: makes the table without those files, and everything is killed when the linear probe has written a line
mkdir killing
ln -s "$BIN"/* killing
rm killing/ss-linprobe
printf '%s\n' '#!/bin/sh' 'echo top-1' 'kill -9 0' >killing/ss-linprobe
chmod +x killing/ss-linprobe
killed() {
	(cd run && cp table.txt ../table && rm "$@" table.txt)
	pipeline BIN="$PWD/killing" >out 2>err &
	wait $! 2>/dev/null
	[ $? -gt 128 ]
}
set -m
killed simclr/pixels.linear simclr/scores.txt && pipeline >out 2>err && cmp table run/table.txt
ok 'killed while it scores pixels, it goes on'
killed backbone.report && pipeline >out 2>err && cmp table run/table.txt
ok 'killed while it scores a depth, it goes on'
set +m
done_testing
