#!/bin/bash
# ablations.t - the ablations of SimSiam, on a small data set of CIFAR-10's format
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"
tiny data/cifar-10-batches-bin
export SS_DATA=$PWD/data

# Every line of the real table is one that ss-train understands.
for n in 2 4; do
	ss-load cifar --limit 64 --epochs 1 | ss-augment --views $n >views-$n.sst
done
grep -v '^#' "$TOP/pipelines/ablations/runs" >lines
while IFS='|' read -r name _ _ _ _ _ options views; do
	views=${views//[!0-9]/}
	# shellcheck disable=SC2086
	run 0 ss-train -q -b 32 --steps 1 --lr-scale linear $options -o m.safetensors --force "views-${views:-2}.sst"
	ok "$name: $options"
done <lines
[ "$(wc -l <lines)" -gt 20 ]
ok 'there are more than twenty'

grep -e '^default' -e '^no stop-gradient' -e '^asymmetric, twice' -e '^half batch' -e '^3 projector' -e '^[dc][a-z]* predictor rate' lines >few
pipeline() {
	make --no-print-directory -f "$TOP/pipelines/ablations/Makefile" "BIN=$BIN" OUT="$PWD/run" RUNS=few EPOCHS=1 LIMIT=256 THREADS=1 "$@"
}
run 0 pipeline
ok 'it runs to its end'
for row in "untrained network  *$score  *$score" "default  *67.7  *+0.0  *$score  *+0.00  *$score  *[0-9.]*  *[0-9.]*  *yes" \
    "no stop-gradient  *0.1  *-67.6  *$score  *[-+][0-9.]*  *$score  *[0-9.]*  *[0-9.]*  *[a-z]" "3 projector layers  *68.1  *$score" \
    "constant predictor rate  *68.1  *+0.4  *$score  *[-+][0-9.]*  *$score  *[0-9.]*  *[0-9.]*  *[a-z]"; do
	grep -q "^$row" run/table.txt
	ok "the table has: $row"
done
[ "$(ss-info --get steps run/default/model.safetensors) $(ss-info --get steps run/half-batch/model.safetensors)" = "8 16" ] &&
	[ "$(ss-info --get steps 'run/asymmetric,-twice/model.safetensors')" = 8 ] &&
	ss-info 'run/asymmetric,-twice/model.safetensors' | grep -q -e '--views 4'
ok 'batches and epochs are those of the table'
cp run/table.txt before
touch then
run 0 pipeline && cmp before run/table.txt && [ "$(find run -newer then -type f)" = run/table.txt ]
ok 'called again, it makes the table alone'

grep -e '^default' -e '^asymmetric  ' lines >few
run 0 make --no-print-directory -f "$TOP/pipelines/ablations/Makefile" "BIN=$BIN" PLACE="$PWD/seed" RUNS=few EPOCHS=1 LIMIT=256 THREADS=1 SEED='1 2'
# column FOLDER N: the Nth number of the line of one ablation
column() {
	sed -n 's/^asymmetric//p' "$1/table.txt" | awk -v n="$2" '{ print $n }'
}
[ "$(grep -c '^default' out)" = 3 ] && tail -n 4 out | cmp - seed-1-2/table.txt
ok 'with two seeds it shows the table of each and that of the means'
awk -v one="$(column seed-1 4)" -v two="$(column seed-2 4)" -v mean="$(column seed-1-2 4)" -v error="$(column seed-1-2 5)" 'BEGIN {
	d = (one - two) / 2
	exit (mean - (one + two) / 2)^2 > 0.0001 || (error - (d < 0 ? -d : d))^2 > 0.0001
}'
ok 'which has the mean of the change and its standard error'
done_testing
