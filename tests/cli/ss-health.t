#!/bin/bash
# ss-health: measures against numpy's, verdicts and their status, refusals
. "$(dirname "$0")/lib.sh"
export TOP PYTHONDONTWRITEBYTECODE=1
data=$TOP/tests/cli/health_data.py
"$PYTHON" "$data" make || exit 1

for files in one.sst wide.sst many.sst pixels.sst two.sst three.sst "one.sst other.sst" "one.sst two.sst"; do
	# shellcheck disable=SC2086
	run 0 ss-health --json $files && [ ! -s err ] && "$PYTHON" "$data" check out 256 $files
	ok "numpy finds the same: $files"
done
run 0 ss-health --json --batch 30 two.sst && "$PYTHON" "$data" check out 30 two.sst
ok "--batch, with records left over"
run 0 ss-health --json -b 5000 two.sst && "$PYTHON" "$data" check out 5000 two.sst
ok "a batch of more than all"
run 0 ss-health --json --limit 300 one.sst && "$PYTHON" "$data" check out 256 first.sst
ok "--limit"
run 0 ss-health --limit 50 cut.sst && run 3 ss-health cut.sst && says 'cut.sst' && [ ! -s out ]
ok "what comes behind the limit is not read"
run 0 ss-health --json --tensor view2.embedding two.sst && "$PYTHON" "$data" check out 256 other.sst
ok "--tensor"
run 0 ss-health one.sst && cp out text && run 0 ss-health - <one.sst && diff <(sed 1d text) <(sed 1d out)
ok "standard input"
run 0 ss-health frames.sst && diff <(sed 1d text) <(sed 1d out)
ok "same bytes for other frames"
run 0 ss-health -t 1 --json three.sst && cp out a && run 0 ss-health -t 3 --json three.sst && cmp a out
ok "same bytes for 1 and 3 threads"

run 0 ss-health one.sst && grep -q '^view 1: embedding of one.sst, 1000 records of 40 features$' out &&
    grep -q '^std ratio  *0\.[0-9]*  1 spread out, below 0.1 collapsed$' out && grep -q '^dead features  *1  of 40$' out &&
    grep -q '^verdict: healthy (std ratio 0\.[0-9]* is not below 0.1, RankMe [0-9.]* not below 4)$' out &&
    ! grep -q -e 'to try' -e alignment out
ok "a table, and healthy"
run 0 ss-health two.sst && grep -q '^view 2: view2.embedding of two.sst, ' out && grep -q '^RankMe  *[0-9.]*  *[0-9.]*  at most 40; below 4 ' out &&
    grep -q '^alignment  *[0-9.]*  0 views alike, 2 unrelated$' out &&
    grep -q '^contrast accuracy  *[0-9.]*  guessing 0.0020, batches of 256$' out
ok "a column for each view, and what pairs of views give"
while IFS='|' read -r file verdict; do
	run 6 ss-health "$file" && [ ! -s err ] && grep -q "^verdict: $verdict" out && grep -q '^to try: ' out &&
	    run 6 ss-health --json "$file" && "$PYTHON" -c 'import json, sys
o = json.load(open("out"))
assert o["verdict"] == sys.argv[1].split(" in view")[0].split(" (")[0] and o["reason"], o' "$verdict"
	ok "$file: $verdict"
done <<'END'
line.sst|dimensional collapse (RankMe 1.0[0-9] is below 4, std ratio is 0.8[0-9]*: embeddings differ, but along few
near.sst|collapsed (std ratio 0.0[0-9]* is below 0.1: all records have nearly the same embedding)
same.sst|constant (std ratio 0.000 is below 0.01: all records have the same embedding)
zero.sst|constant (std ratio 0.000
sick.sst|dimensional collapse in view 2 (RankMe 1
END
run 6 ss-health same.sst same.sst && grep -q '^contrast accuracy  *0.002  guessing 0.0020' out && grep -q '^uniformity  *0.000  *0.000 ' out &&
    grep -q '^alignment  *0.000' out && ! grep -q -e '-0\.000' out
ok "constant embeddings guess"

while IFS='|' read -r args pattern; do
	# shellcheck disable=SC2086
	run 2 ss-health $args && says "^ss-health: .*$pattern" && [ ! -s out ]
	ok "misuse: $args"
done <<'END'
one.sst wide.sst|wide.sst has 60 records of 300 features, one.sst has 1000 of 40
one.sst shuffled.sst|record 0 has index 1 in shuffled.sst and 0 in one.sst
single.sst|single.sst has 1 record: health is that of many
none.sst|none.sst has no records: health is that of many
epochs.sst|epochs.sst has 2 epochs
scalars.sst|no tensor of f32 or u8 with one fixed shape
--tensor nothing one.sst|one.sst has no tensor 'nothing'
--tensor index one.sst|not f32 or u8 of one fixed shape
- -|only one stream can be standard input
--limit 1 one.sst|--limit
--batch 1 one.sst|--batch
-t x one.sst|--threads
three.sst three.sst three.sst three.sst three.sst three.sst|more than 16 views
END
run 5 ss-health nan.sst && says "nan.sst: record 123: element 4 of tensor 'embedding' is not a number" && [ ! -s out ]
ok "an embedding that is not a number"
run 5 ss-health one.sst inf.sst && says "inf.sst: record 123: .* is infinite" && [ ! -s out ]
ok "an infinite one"
head -c 9000 one.sst >half.sst
run 3 ss-health half.sst && says 'half.sst' && [ ! -s out ]
ok "a cut stream"
run 3 ss-health /dev/null && says 'empty input'
ok "empty input"
run 3 ss-health "$TOP/LICENSE" && says 'not a tensor stream'
ok "wrong magic"
run 3 ss-health newer.sst && says 'newer version' && [ ! -s out ]
ok "a newer version"
run 1 ss-health missing.sst && says 'missing.sst'
ok "a file that is not there"
ss-health one.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'No space left'
ok "full disk"
ss-health one.sst 2>err | true
status=${PIPESTATUS[0]}
[ "$status" -eq 141 ] || [ "$status" -eq 0 ]
ok "a reader that leaves"
run 0 ss-health --help && grep -q '\[256\]  2..65536' out && grep -q 'Status 6' out
ok "--help"
done_testing
