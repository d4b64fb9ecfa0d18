#!/bin/bash
# learnopencv.t - the article's pipeline, on a small data set of CIFAR-10's format
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"
tiny data/cifar-10-batches-bin
export SS_DATA=$PWD/data

pipeline() {
	make --no-print-directory -f "$TOP/pipelines/learnopencv/Makefile" "BIN=$BIN" OUT="$PWD/run" THREADS=1 QUICK=1 LIMIT=256 \
		EPOCHS=2 TUNE=1 "$@"
}
run 0 pipeline
ok 'it runs to its end'
for row in "raw pixels, kNN (k 200, t 0.1)" "untrained network, linear to convergence" "SimSiam, nearest neighbour, projector (the article's kNN)" \
    "SimSiam, then all layers with labels" "the same from scratch"; do
	grep -q "^$row  *$score" run/table.txt
	ok "the table has: $row"
done
grep -q "^SimSiam, linear as the article has it  *$score  *91.94$" run/table.txt
ok 'the linear evaluation stands beside the figure of the article'
[ -e run/simsiam/run.safetensors.best ] && [ "$(grep -c '"knn"' run/simsiam/log.jsonl)" -eq 2 ] &&
	[ "$(find run/simsiam -name 'run.safetensors.*[0-9]' | wc -l)" -ge 1 ]
ok 'kNN after the epochs, and checkpoints that stay'
[ "$(ss-info --get from run/scratch/model.safetensors)" = none ] && [ "$(ss-info --get from run/tuned/model.safetensors)" != none ]
ok 'fine-tuning begins with what was learnt, its baseline does not'
for plot in simsiam supervised; do
	[ "$(head -c 8 run/$plot.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
	ok "$plot.png"
done
touch then
run 0 pipeline && [ -z "$(find run -newer then -type f)" ]
ok 'called again, it makes nothing'
done_testing
