#!/bin/bash
# ss-dups: pairs and groups against plain Python and scikit-learn, names for xargs, refusals
. "$(dirname "$0")/lib.sh"
export TOP PYTHONDONTWRITEBYTECODE=1
oracle() { "$PYTHON" "$TOP/tests/cli/dups.py" "$@"; }
oracle make || exit 1

for t in 0.999 1 0.99 0.9 0.5 0; do
	run 0 ss-dups --threshold $t made.sst && [ ! -s err ] && oracle groups $t >want && diff want out && [ "$(wc -l <out)" -gt 20 ]
	ok "groups at $t are those of plain Python"
	run 0 ss-dups --threshold $t --pairs made.sst && oracle pairs $t >want && diff want out && [ "$(wc -l <out)" -gt 20 ]
	ok "pairs at $t"
	run 0 ss-dups --threshold $t --rest made.sst && oracle rest $t >want && diff want out && [ -s out ]
	ok "all but the first of each group at $t"
	run 0 ss-dups --threshold $t made.sst && oracle check $t <out
	case $? in
	77)	skip "groups at $t are those of scikit-learn" "scikit-learn is not installed" ;;
	0)	ok "groups at $t are those of scikit-learn" ;;
	*)	false; ok "groups at $t are those of scikit-learn" ;;
	esac
done
run 0 ss-dups made.sst && cp out default && oracle groups 0.999 | cmp - out
ok "the threshold is 0.999"
awk -F'\t' 'NR > 1 { n[$1]++ } END { for (g in n) if (n[g] < 2) exit 1 }' default
ok "no group of one"

run 0 ss-dups --threshold 0.9 --rest --print0 made.sst && cp out zeros && run 0 ss-dups --threshold 0.9 --rest -0 made.sst && cmp out zeros &&
    run 0 ss-dups --threshold 0.9 --rest made.sst && [ "$(tr -dc '\0' <zeros | wc -c)" -eq "$(wc -l <out)" ] &&
    oracle files <out >odd && [ "$(tr -dc '\0' <odd | wc -c)" -ge 5 ] && [ -z "$(comm -z -23 <(sort -z odd) <(sort -z zeros) | tr -d "\0")" ]
ok "--print0: names as the files have them"
mkdir -p "photos/a b" photos/p && (cd photos && ss-dups --threshold 0.9 --rest -0 ../made.sst | xargs -0 touch -- && touch ./keep &&
    ss-dups --threshold 0.9 --rest -0 ../made.sst | xargs -0 rm -- && [ "$(find . -type f)" = ./keep ])
ok "for xargs: files are made, and removed"
run 3 ss-dups --rest -0 zero.sst && says 'record 1 has a name with a zero' && run 0 ss-dups --rest zero.sst && [ "$(cat out)" = 'b\x00c' ]
ok "a name that no file has"

for args in "-t 1" "-t 3"; do
	# shellcheck disable=SC2086
	run 0 ss-dups made.sst $args && cmp out default
	ok "same bytes: $args"
done
run 0 ss-dups frames.sst && cmp out default && run 0 ss-dups <made.sst && cmp out default
ok "same bytes for other frames, and from standard input"
run 0 ss-dups numbered.sst && tail -n +2 out | cut -f 3 | grep -q -x '10[0-9][0-9]' && run 0 ss-dups bare.sst && cut -f 1,2 out | cmp - <(cut -f 1,2 default) &&
    [ "$(sed -n 2p out | cut -f 3)" -lt 240 ]
ok "without names the index, else the place"
run 0 ss-dups images.sst && diff out - <<'END'
group	cosine	name
1	1.000000	0
1	1.000000	1
2	1.000000	2
2	0.999988	3
END
ok "pictures themselves"
run 0 ss-dups two.sst --tensor other --rest && [ "$(wc -l <out)" -eq 239 ]
ok "--tensor"
run 0 ss-dups one.sst && [ "$(cat out)" = 'group	cosine	name' ] && run 0 ss-dups --pairs one.sst && [ "$(cat out)" = 'cosine	first	second' ] &&
    run 0 ss-dups --rest one.sst && [ ! -s out ]
ok "a single record"
run 0 ss-dups -v made.sst && says '^ss-dups: 240 records, [0-9]* pairs, [0-9]* groups$'
ok "-v counts"

pairs=$(ss-dups --pairs --threshold 0.5 made.sst | tail -n +2 | wc -l)
run 0 ss-dups --threshold 0.5 --max-pairs "$pairs" made.sst && run 1 ss-dups --threshold 0.5 --max-pairs $((pairs - 1)) made.sst && [ ! -s out ] &&
    says "made.sst: more than $((pairs - 1)) pairs have a cosine of 0.5 or more: raise --threshold, or else --max-pairs"
ok "--max-pairs"
while IFS='|' read -r args pattern; do
	# shellcheck disable=SC2086
	run 2 ss-dups $args && says "^ss-dups: .*$pattern" && [ ! -s out ]
	ok "misuse: $args"
done <<'END'
made.sst --threshold 1.1|--threshold
made.sst --threshold -0.1|--threshold
made.sst --threshold nan|--threshold
made.sst --max-pairs 0|--max-pairs
made.sst --max-pairs 2147483648|--max-pairs
made.sst --pairs --rest|exclude each other
made.sst -0|--print0 is for --rest
made.sst --pairs --print0|--print0 is for --rest
made.sst bare.sst|one stream at a time
made.sst --tensor none|no tensor 'none'
made.sst -t -1|--threads
none.sst|none.sst has no records
epochs.sst|has 2 epochs
END
run 3 ss-dups nan.sst && says "nan.sst: record 33: element 2 of tensor 'embedding' is infinite" && [ ! -s out ]
ok "an embedding that is not finite"
head -c 3000 made.sst >cut.sst
run 3 ss-dups cut.sst && says 'cut.sst' && [ ! -s out ]
ok "a cut stream"
run 3 ss-dups </dev/null && says 'empty input'
ok "empty input"
run 3 ss-dups "$TOP/LICENSE" && says 'not a tensor stream'
ok "wrong magic"
head -c 3000 made.sst | ss-sample 2>/dev/null | run 4 ss-dups && says 'upstream failed: ss-sample: '
ok "an error upstream"
for args in "" --pairs "--rest -0"; do
	# shellcheck disable=SC2086
	ss-dups --threshold 0.5 made.sst $args >/dev/full 2>err
	[ $? -eq 1 ] && says 'No space left'
	ok "a full disk $args"
done
{ ss-dups --threshold 0 --pairs made.sst 2>err; echo $? >status; } | head -c 10 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves is no error worth a message"
done_testing
