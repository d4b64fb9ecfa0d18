#!/bin/bash
# keras-example.t - the Keras example and what stands beside it, on a small data set of CIFAR-10's format
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"
tiny data/cifar-10-batches-bin
export SS_DATA=$PWD/data

pipeline() {
	make --no-print-directory -f "$TOP/pipelines/keras-example/Makefile" "BIN=$BIN" OUT="$PWD/run" THREADS=1 QUICK=1 LIMIT=256 "$@"
}
run 0 pipeline
ok 'it runs to its end'
for row in "raw pixels  *$score  *$score" "    before training  *$score  *$score  *$score" 'the document, Keras 3  *-0.9182  *23.39' \
    "keras-3  *-*[0-9.]*  *$score  *$score  *$score" "keras-2021  *-*[0-9.]*  *$score  *$score  *$score" \
    "by-batch  *-*[0-9.]*  *$score  *$score  *$score" "ours  *-*[0-9.]*  *$score  *$score  *$score" \
    "no-decay  *-*[0-9.]*  *$score  *$score  *$score"; do
	grep -q "^$row *\$" run/table.txt
	ok "the table has: $row"
done
[ "$(grep -c 'before training' run/table.txt)" -eq 2 ] && ! cmp -s run/keras-3/untrained-test.sst run/ours/untrained-test.sst
ok 'each recipe is compared with its own initial values'
[ "$(ss-info --get projector run/keras-3/model.safetensors) $(ss-info --get predictor run/keras-3/model.safetensors)" = \
    '2048nr,2048n 512rn,2048b' ] && ss-info --get recipe run/keras-3/model.safetensors | grep -q -e '--optimizer sgd-keras' &&
    ss-info --get recipe run/keras-3/model.safetensors | grep -q -e '--norm-statistics running' &&
    ! ss-info --get recipe run/by-batch/model.safetensors | grep -q -e '--norm-statistics running' &&
    [ "$(ss-info --get arch run/ours/model.safetensors)" = resnet20v2 ] &&
    ss-info --get recipe run/no-decay/model.safetensors | grep -q -e '--weight-decay 0 '
ok 'the example has its own heads and optimizer'
for picture in views loss; do
	[ "$(head -c 8 run/$picture.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
	ok "$picture.png"
done
touch then
run 0 pipeline && cmp out run/table.txt && [ -z "$(find run -newer then -type f)" ]
ok 'called again, it shows the table and makes nothing'
rm run/keras-2021/model.safetensors
cp run/keras-2021/run.safetensors before
run 0 pipeline && cmp before run/keras-2021/run.safetensors
ok 'a stage that is gone is made again, from the same bytes'
done_testing
