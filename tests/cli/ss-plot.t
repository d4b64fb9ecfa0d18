#!/bin/bash
# ss-plot.t - curves are those of the files, in pictures and in text, and what is refused
. "$(dirname "$0")/lib.sh"
export TOP PYTHONDONTWRITEBYTECODE=1
picture() { "$PYTHON" "$TOP/tests/cli/picture.py" "$@"; }
blue=0,114,178 vermillion=213,94,0

# log FIRST LAST [OFFSET]: steps of a run, 10 an epoch, the monitor after each epoch
log() {
	awk -v a="$1" -v b="$2" -v o="${3:-0}" 'BEGIN {
		for (s = a; s <= b; s++) {
			e = int((s - 1) / 10)
			printf "{\"step\":%d,\"epoch\":%d,\"loss\":%.7g,\"lr\":%.7g,\"std_ratio\":0.9,\"note\":\"text\"}\n", s, e, 2 + o - s / 100, 0.06 * (1 - s / 50)
			if (s % 10 == 0)
				printf "{\"step\":%d,\"epoch\":%d,\"knn\":%.6g,\"best\":true}\n", s, e, 0.3 + s / 200
		}
	}'
}
log 1 40 >a.jsonl && log 1 30 0.5 >b.jsonl
printf 'epoch\tkNN\tlinear\n0\t20\t30\n1\t30.5\t-\n2\t40\t45\n3\t45\t50\n' >curve.tsv
ok "fixtures are made"

run 0 ss-plot --help && grep -q '^usage: ss-plot' out && grep -q '\[1280\]  320\.\.16384' out && [ ! -s err ]
ok "--help explains on standard output"
while IFS='|' read -r args pattern; do
	# shellcheck disable=SC2086
	run 2 ss-plot $args && says "^ss-plot: .*$pattern" && [ ! -s out ]
	ok "misuse: ss-plot $args"
done <<'END'
a.jsonl --nonsense|nonsense
a.jsonl --width 319|--width: 319 is not in 320..16384
a.jsonl --width x|--width
a.jsonl --height 39|--height
a.jsonl --text --width 31|--width: 31 is not in 32..1000
a.jsonl --text --height 3|--height
a.jsonl --smooth 0|--smooth
a.jsonl --key other|a.jsonl has no column 'other'
a.jsonl --key loss,,lr|a name is missing
a.jsonl --key note|no column 'note'
a.jsonl --x other|a.jsonl has no column 'other'
a.jsonl b.jsonl --name one|1 names for 2 files
a.jsonl --text -o x.png|--text
a.jsonl curve.tsv --x step|curve.tsv has no column 'step'
END

run 0 ss-plot --text --width 44 --height 5 --key kNN+linear curve.tsv && cat >want.txt <<'END'
           kNN, linear:  * kNN  + linear
          |                           ++++++
       40 +                +++++++++++******
          |      ++++++++++***
          |++++++********
       20 +******
          ++----------+---------+----------+
           0          1         2          3
                         epoch
END
diff out want.txt
ok "a table as text: a line joins points across what is missing"
run 0 ss-plot --text curve.tsv && grep -q '^ *kNN$' out && grep -q '^ *linear$' out && grep -q '^ *epoch$' out
ok "all columns of a table over the first one"

run 0 ss-plot a.jsonl -o a.png && [ ! -s out ] && [ "$(picture size a.png)" = "1280 $(picture size a.png | cut -d' ' -f2)" ]
ok "a picture 1280 pixels wide"
run 0 ss-plot a.jsonl && cmp out a.png
ok "-o writes what standard output gets, the same bytes again"
run 0 ss-plot --text a.jsonl && [ "$(grep -o -x -E ' *(loss|knn|lr|std_ratio|step)' out | tr -d ' ' | tr '\n' ' ')" = "loss knn lr std_ratio step " ]
ok "of a log: loss, knn, lr, std_ratio over the steps"
run 0 ss-plot - <a.jsonl && cmp out a.png && run 0 ss-plot <a.jsonl && cmp out a.png
ok "from standard input"
run 0 ss-plot --width 2560 a.jsonl && [ "$(picture size out | cut -d' ' -f1)" -eq 2560 ]
ok "--width"
run 0 ss-plot --key loss --height 300 a.jsonl && picture box out $blue >box && read -r left top right bottom <box &&
    [ $((bottom - top)) -gt 260 ] && [ $((bottom - top)) -lt 300 ] && [ "$right" -gt 1200 ] && [ "$left" -lt 120 ]
ok "the curve fills its field"

# The second log ends at step 30 of 40.
run 0 ss-plot --key loss a.jsonl b.jsonl -o two.png && picture box two.png $vermillion 1000 >second && picture box two.png $blue 1000 >first
read -r _ top right bottom <first && read -r _ top2 right2 bottom2 <second && [ "$top2" -lt "$top" ] && [ "$bottom2" -lt "$bottom" ]
ok "two logs in two colours, the higher one above"
run 0 ss-plot --text --key loss a.jsonl b.jsonl && grep -q 'loss:  \* a.jsonl  + b.jsonl' out
ok "the legend has the files' names"
mkdir x && cp b.jsonl x/a.jsonl && run 0 ss-plot --text --key loss a.jsonl x/a.jsonl && grep -q 'loss:  \* a.jsonl  + x/a.jsonl' out
ok "with their folders where they are the same"
run 0 ss-plot --text --key loss a.jsonl b.jsonl --name first --name 'the other' && grep -q 'loss:  \* first  + the other' out
ok "--name"
run 0 ss-plot --text --key loss+lr a.jsonl b.jsonl && grep -q '\* a.jsonl: loss  + a.jsonl: lr  o b.jsonl: loss  x b.jsonl: lr' out
ok "columns of several files in one panel"
run 0 ss-plot --key loss a.jsonl --title 'A title' && ! cmp -s out a.png && picture size out >with &&
    run 0 ss-plot --key loss a.jsonl && picture size out >without && [ "$(cut -d' ' -f2 with)" -gt "$(cut -d' ' -f2 without)" ]
ok "--title takes room at the top"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "n$i"; done | tr '\n' '\t' | sed 's/^/x\t/; s/\t$/\n/' >many.tsv
for x in 1 2 3; do seq 1 12 | awk -v x=$x '{ print $1 + x }' | tr '\n' '\t' | sed "s/^/$x\t/; s/\t\$/\n/"; done >>many.tsv
run 0 ss-plot many.tsv --key "$(seq -s+ -f 'n%g' 1 12)" -o many.png && [ "$(picture count many.png $blue)" -gt 100 ] &&
    [ "$(picture count many.png 0,62,97)" -gt 100 ]
ok "beyond eight curves the colours come darker"

# --- which points
log 41 50 >tail.jsonl
{ log 1 37 9; log 31 50; } >resumed.jsonl && { log 1 30 9; log 31 50; } >clean.jsonl
run 0 ss-plot clean.jsonl && mv out clean.png && run 0 ss-plot resumed.jsonl && cmp out clean.png
ok "where a run went on from an earlier step, the later lines win"
{ log 1 30 9 && log 30 50; } >again.jsonl && { log 1 29 9 && log 30 50; } >once.jsonl &&
    run 0 ss-plot once.jsonl && mv out once.png && run 0 ss-plot again.jsonl && cmp out once.png
ok "a step that is there twice counts once"
run 0 ss-plot --text --key knn --x epoch --width 60 a.jsonl && grep -A1 -e '+--' out | tail -1 | grep -q '^ *1  *2  *3  *4$'
ok "epochs of a log have fractions: the monitor looks at their end"
log 1 35 >part.jsonl && run 0 ss-plot --key loss,lr --x epoch part.jsonl && mv out part.png &&
    awk 'BEGIN { print "{\"epoch\":0.1,\"loss\":1.99,\"lr\":0.0588}"; for (s = 2; s <= 35; s++) printf "{\"epoch\":%.7g,\"loss\":%.7g,\"lr\":%.7g}\n", s / 10, 2 - s / 100, 0.06 * (1 - s / 50) }' >whole.jsonl &&
    run 0 ss-plot --key loss,lr whole.jsonl && cmp out part.png
ok "also in an epoch that is not over"
sed 's/"loss":1.9,/"loss":null,/' a.jsonl >null.jsonl && grep -v '"loss":1.9,' a.jsonl >less.jsonl &&
    run 0 ss-plot --key loss less.jsonl && mv out less.png && run 0 ss-plot --key loss null.jsonl && cmp out less.png
ok "null is no point"
awk 'BEGIN { for (i = 0; i < 300; i++) { v[i] = sin(i * i); printf "%d\t%.17g\n", i, v[i] >"raw" }
	for (i = 0; i < 300; i++) { s = n = 0; for (k = i - 2; k <= i + 3; k++) if (k >= 0 && k < 300) { s += v[k]; n++ }; printf "%d\t%.17g\n", i, s / n >"mean" } }'
for f in raw mean; do { printf 'x\ty\n'; cat $f; } >$f.tsv; done
run 0 ss-plot --text mean.tsv && mv out mean.txt && run 0 ss-plot --text --smooth 6 raw.tsv && sed -n '/y$/,$p' mean.txt | wc -l >n &&
    "$PYTHON" - "$(cat n)" <<'END'
import re
read = lambda p: [l[10:].rstrip() for l in open(p)]
marked = lambda p: {i for l in read(p) for i, c in enumerate(l) if c == "*"}
assert marked("out") == marked("mean.txt")
END
ok "--smooth is the mean of the values around"
run 0 ss-plot --smooth 6 raw.tsv && [ "$(picture count out $blue)" -gt 500 ] && [ "$(picture count out 191,220,236)" -gt 500 ]
ok "with the values themselves pale behind it"
printf 'x\ty\n1\t1\n2\t10\n3\t100\n4\t1000\n' >powers.tsv
run 0 ss-plot --text --log-y --height 13 powers.tsv && grep -q 'y (log)' out && [ "$(grep -c '^ *[0-9]* +' out)" -ge 4 ] &&
    awk '/[|+]/ { print index($0, "*") }' out | sort -n | uniq >columns && [ "$(wc -l <columns)" -gt 10 ]
ok "--log-y: powers stand on a line"
printf 'x\ty\n1\t-1\n2\t0\n' >negative.tsv
run 2 ss-plot --log-y negative.tsv && says "no value of 'y' to show on a logarithmic axis"
ok "--log-y without a value above 0"
printf 'x\ty\n3\t7\n' >point.tsv && run 0 ss-plot point.tsv && [ "$(picture count out $blue)" -gt 10 ] && run 0 ss-plot --text point.tsv && grep -q '\*' out
ok "a single point"
printf 'name\tx\ty\nresnet\t1\t2\nother\t2\t3\n' >words.tsv && run 0 ss-plot --text --x x words.tsv && ! grep -q name out
ok "a column of words is passed over"
run 0 ss-plot --text a.jsonl curve.tsv --key knn,kNN && grep -q '^ *epoch$' out && grep -q '^ *knn$' out && grep -q '^ *kNN$' out
ok "a log and a table over the column that both have"

# --- what is refused
while IFS='|' read -r line pattern; do
	{ log 1 5; printf '%b\n' "$line"; log 6 9; } >bad.jsonl
	run 3 ss-plot bad.jsonl -o bad.png && says "^ss-plot: bad.jsonl: line 6 $pattern" && [ ! -e bad.png ]
	ok "a bad line: $line"
done <<'END'
{"step":6,"loss":|is no JSON object: 
[1,2]|is no JSON object
{"step":6,"step":7}|is no JSON object: duplicate
x y|is no JSON object
{"step":6}\0000|is no text
END
{ log 1 5; printf '{"step":6,"lo'; } >cut.jsonl && log 1 5 >uncut.jsonl && run 0 ss-plot uncut.jsonl && mv out uncut.png &&
    run 0 ss-plot cut.jsonl && says '^ss-plot: cut.jsonl: the last line is incomplete' && cmp out uncut.png && run 0 ss-plot -q cut.jsonl && [ ! -s err ]
ok "a last line that is being written is left out, with a warning"
printf 'x\ty\n1\t2\n2\tx\n' >bad.tsv && run 3 ss-plot bad.tsv && says "bad.tsv: line 3: 'x' in column 'y' is not a number"
ok "a word among numbers"
printf 'x\ty\n1\t2\n2\n' >bad.tsv && run 3 ss-plot bad.tsv && says 'bad.tsv: line 3 has less fields than the 2'
ok "too few fields"
printf 'x\ty\n1\t2\t3\n' >bad.tsv && run 3 ss-plot bad.tsv && says 'bad.tsv: line 2 has more fields than the 2'
ok "too many fields"
printf 'x\tx\n1\t2\n' >bad.tsv && run 3 ss-plot bad.tsv && says "line 1: two columns 'x'"
ok "two columns of one name"
run 3 ss-plot </dev/null && says 'standard input: empty input' && run 3 ss-plot a.jsonl /dev/null && says '/dev/null: empty input'
ok "empty input"
printf 'x\ty\n' >none.tsv && run 2 ss-plot none.tsv && says "no value of 'y'"
ok "a table without rows"
"$BIN/ss-load" shapes --limit 3 >stream.sst && run 3 ss-plot stream.sst && says 'stream.sst: line .* no text'
ok "a tensor stream is no log"
run 1 ss-plot missing.jsonl && says "cannot open 'missing.jsonl'" && run 1 ss-plot . && says "cannot read '.'"
ok "files that cannot be read"
run 2 ss-plot a.jsonl -o a.png && says "'a.png' exists" && run 0 ss-plot a.jsonl b.jsonl -o a.png --force
ok "an output that exists is left alone, but for --force"
cp a.jsonl keep.jsonl && run 2 ss-plot a.jsonl -o a.jsonl --force && says 'input and output' && cmp a.jsonl keep.jsonl
ok "an output that is the input"
run 1 ss-plot a.jsonl -o no/such/folder.png && says 'no/such/folder.png'
ok "a folder that is not there"
for args in "" --text; do
	# shellcheck disable=SC2086
	ss-plot a.jsonl $args >/dev/full 2>err
	[ $? -eq 1 ] && says 'No space left'
	ok "a full disk $args"
done
{ ss-plot --width 4000 a.jsonl b.jsonl 2>err; echo $? >status; } | head -c 10 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves is no error worth a message"

# --- a real log
ss-load shapes --limit 96 >test.sst && ss-load shapes --limit 96 --epochs 2 --shuffle | ss-augment --two-views |
    ss-train -q -b 32 -o m.safetensors --log real.jsonl --monitor test.sst,test.sst &&
    run 0 ss-plot --text real.jsonl && grep -q '^ *knn$' out && run 0 ss-plot real.jsonl --x epoch && [ "$(picture count out $blue)" -gt 100 ]
ok "the log of ss-train"
done_testing
