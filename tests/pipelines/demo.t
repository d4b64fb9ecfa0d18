#!/bin/bash
# demo.t - the demo in miniature: ends with its table, goes on where it was stopped, does nothing twice
. "$(dirname "$0")/../cli/lib.sh"
. "$TOP/tests/pipelines/tiny.sh"

demo() {
	make --no-print-directory -f "$TOP/pipelines/demo/Makefile" "BIN=$BIN" OUT=demo RECORDS=96 TEST=40 \
		SIZE=16 EPOCHS=2 BATCH=32 K=5 THREADS=1 TRAIN='--keep 1' "$@"
}

run 0 demo
ok 'it runs to its end'
sed -n '/^test accuracy/,$p' out >shown
for row in 'raw pixels' 'untrained network' 'trained network'; do
	grep -q "^$row  *$score  *$score\$" shown
	ok "the table has: $row"
done
[ "$(grep -c '^  [a-z-]*\.[a-z]*  ' shown)" -eq 4 ] && grep '^  [a-z-]*\.[a-z]*  ' shown | while read -r f rest; do
	[ -s "demo/$f" ] || { echo "# no $f: $rest"; exit 1; }
done
ok 'the files that it names are there'
[ "$(od -An -tx1 -N8 demo/views.png)" = ' 89 50 4e 47 0d 0a 1a 0a' ]
ok 'views.png is a PNG'
[ "$(grep -c '"loss"' demo/log.jsonl)" -eq 6 ]
ok 'the log has every step'

touch then
cp shown before
run 0 demo && sed -n '/^test accuracy/,$p' out | cmp - before && [ -z "$(find demo -newer then -type f)" ] && ! grep -q '^ss-' out
ok 'called again, it shows the table and makes nothing'
run 2 demo SEED=2 && grep -q 'other settings' err
ok 'another recipe does not mix with this run'

# As if the run had been stopped after its first epoch.
cp demo/model.safetensors whole
mv demo/run.safetensors.1 demo/run.safetensors
rm demo/model.safetensors demo/trained*
[ "$(ss-info --get step demo/run.safetensors)" -eq 3 ] && run 0 demo && cmp demo/model.safetensors whole
ok 'stopped and called again, it goes on to the same bytes'
done_testing
