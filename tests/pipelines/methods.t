#!/bin/bash
# methods.t - the comparison of methods, on a small data set of CIFAR-10's format
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"
tiny data/cifar-10-batches-bin
export SS_DATA=$PWD/data

pipeline() {
	make --no-print-directory -f "$TOP/pipelines/methods/Makefile" "BIN=$BIN" OUT="$PWD/run" BATCH=64 THREADS=1 \
		METHODS='supervised fastsiam simclr' "$@"
}
run 0 pipeline EPOCHS=2
ok 'it runs to its end'
grep -q '^test accuracy, %  *epochs  *minutes  *kNN  *linear$' run/table.txt
ok 'the table has its columns'
for row in 'raw pixels' 'untrained network' 'supervised  *2  *[0-9.]*' 'fastsiam  *2  *[0-9.]*' 'simclr  *2  *[0-9.]*'; do
	grep -q "^$row  *$score  *$score\$" run/table.txt
	ok "the table has: $row"
done
[ "$(ss-info --get method run/supervised/model.safetensors)" = supervised ] &&
	ss-info --get recipe run/supervised/model.safetensors | grep -q ', 1 views of 3 x 32 x 32' &&
	ss-info --get recipe run/fastsiam/model.safetensors | grep -q ', 4 views of 3 x 32 x 32'
ok 'each method sees its own views'
touch then
run 0 pipeline EPOCHS=2 && cmp out run/table.txt && [ -z "$(find run -newer then -type f)" ]
ok 'called again, it shows the table and makes nothing'
rm -rf run
run 0 pipeline METHODS=simclr MINUTES=0.001 && [ "$(cat run/simclr/epochs)" = 1 ] && grep -q "^simclr  *1 " run/table.txt
ok 'with a time, it finds the number of epochs: one at least'
[ ! -e run/simclr/rate.safetensors ] && [ ! -e run/simclr/rate.jsonl ]
ok 'and leaves nothing behind'
done_testing
