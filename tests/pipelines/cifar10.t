#!/bin/bash
# cifar10.t - what README.md shows, on a small data set of CIFAR-10's format; and the pipeline that does it all
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"
tiny data/cifar-10-batches-bin

# Typed just so: data in data/, all options left out.
set -o pipefail
ss-load cifar | ss-augment --two-views | ss-train 2>err
ok 'ss-load cifar | ss-augment --two-views | ss-train'
run 0 ss-info --check model.safetensors && [ "$(ss-info --get step model.safetensors)" = 9 ]
ok 'the model is in model.safetensors'
mv data elsewhere
SS_DATA=elsewhere ss-load cifar | SS_DATA=elsewhere ss-augment --two-views | ss-train -o second.safetensors 2>err &&
	cmp model.safetensors second.safetensors
ok 'the same with SS_DATA, to the same bytes'
ss-load cifar 2>err | ss-augment --two-views 2>>err | ss-train -o none.safetensors 2>>err
[ $? -eq 4 ] && grep -q '^ss-load: no CIFAR-10 in' err && grep -q '^ss-train: .*ss-load: no CIFAR-10' err && [ ! -e none.safetensors ]
ok 'without data ss-train fails too, and says why'
export SS_DATA=elsewhere

# The first page of README.md, word for word.
awk '/^## The pipeline/ { here = 1 } here && /^```$/ { exit } here && /^ss-/' "$TOP/README.md" >pipeline
[ "$(grep -c . pipeline)" -eq 5 ]
ok 'README.md has the pipeline'
run 0 bash -eu -o pipefail pipeline && [ "$(grep -c "$score" out)" -ge 2 ]
ok 'it runs, and scores'

pipeline() {
	make --no-print-directory -f "$TOP/pipelines/cifar10/Makefile" "BIN=$BIN" OUT=run EPOCHS=2 BATCH=64 \
		K=20 THREADS=1 "$@"
}
run 0 pipeline curve
ok 'the pipeline runs to its end'
[ "$(grep -c -P "^[012]\t$score\t$score\$" run/curve.tsv)" -eq 3 ] && grep -q -P '^epoch\tkNN\tlinear$' run/curve.tsv
ok 'scores after each epoch'
for row in 'raw pixels' 'untrained network' 'trained network'; do
	grep -q "^$row  *$score  *$score\$" run/scores.txt
	ok "the table has: $row"
done
touch then
run 0 pipeline && cmp out run/scores.txt && [ -z "$(find run -newer then -type f)" ]
ok 'called again, it shows the table and makes nothing'
run 2 pipeline LR=0.01 && grep -q 'other settings' err
ok 'another recipe does not mix with this run'

# As if the run had been stopped after its first epoch.
cp run/model.safetensors whole
mv run/run.safetensors.1 run/run.safetensors
rm run/model.safetensors run/trained-*
run 0 pipeline KEEP=2 && cmp run/model.safetensors whole
ok 'stopped and called again, it goes on to the same bytes'

# Downloads: the right file, a wrong one, none.
fetch=$TOP/pipelines/cifar10/fetch
if command -v curl >/dev/null; then
	tar -czf archive.tar.gz -C elsewhere cifar-10-batches-bin
	sum=$(md5sum <archive.tar.gz)
	run 0 "$fetch" "file://$PWD/archive.tar.gz" "${sum%% *}" new/cifar-10-binary.tar.gz &&
		SS_DATA=new ss-load cifar -o copy.sst && ss-load cifar -o plain.sst && ss-cmp copy.sst plain.sst
	ok 'an archive is fetched, and read as it is'
	run 1 "$fetch" "file://$PWD/archive.tar.gz" 00000000000000000000000000000000 bad.tar.gz &&
		[ ! -e bad.tar.gz ] && grep -q '^fetch: MD5' err
	ok 'an archive with another checksum is refused'
	run 1 "$fetch" "file://$PWD/nothing" 0 none.tar.gz && [ ! -e none.tar.gz ] && grep -q 'without a network' err
	ok 'without a network it says what to do'
else
	skip 'downloads' 'curl is not installed'
fi

run 0 env -C "$scratch" "$TOP/pipelines/cifar10/results" "$scratch/run" 'title' 'EPOCHS=2' 'ss-load cifar | ss-train' &&
	grep -q '^## title$' out && grep -q '^commit ' out && grep -q '^machine ' out && ! grep -q -e "$scratch" -e "$(uname -n)" out
ok 'results tells commit, machine and scores, and no names of hosts and folders'
done_testing
