#!/bin/bash
# ss-map.t - coordinates against numpy and scikit-learn, pictures, and what is refused
. "$(dirname "$0")/lib.sh"
export TOP PYTHONDONTWRITEBYTECODE=1
"$PYTHON" "$TOP/tests/cli/eval_data.py" make || exit 1
picture() { "$PYTHON" "$TOP/tests/cli/picture.py" "$@"; }
oracle() { "$PYTHON" "$TOP/tests/cli/map.py" "$@"; }
told() { sed -n 's/^ss-map: Kullback-Leibler divergence //p' err; }
blue=0,114,178 gray=187,187,187	# of the legend; points are drawn at 80 %

run 0 ss-map --help && grep -q '^usage: ss-map' out && grep -q '\[30\]  1\.\.10000' out && [ ! -s err ]
ok "--help explains on standard output"
while IFS='|' read -r args pattern; do
	# shellcheck disable=SC2086
	run 2 ss-map $args && says "^ss-map: .*$pattern" && [ ! -s out ]
	ok "misuse: ss-map $args"
done <<'END'
bank.sst --nonsense|nonsense
bank.sst --method umap|--method 'umap' is none of tsne, pca
bank.sst --init x|--init
bank.sst --perplexity 0.5|--perplexity
bank.sst --perplexity 700|700 records: a perplexity of 700 needs more
bank.sst --angle 1.5|--angle
bank.sst --rate 0|--rate
bank.sst --iterations 0|--iterations
bank.sst --seed -1|--seed
bank.sst --size 199|--size
bank.sst --method pca --perplexity 3|--perplexity does not fit --method pca
bank.sst --tensor label|not f32 or u8
bank.sst -t -1|--threads
bank.sst query.sst|one stream at a time
bank.sst --tsv a -o a|the same file
bank.sst --tsv - -o -|the same file
epochs.sst|has 2 epochs
none.sst|has no records
END

run 0 ss-map --method pca --tsv bank.tsv bank.sst && oracle pca bank.sst 9 bank.tsv
ok "principal components are numpy's"
"$PYTHON" - <<'END'
import array, os, random, sys
sys.path.insert(0, os.environ["TOP"] + "/tests")
from sst_write import write
r = random.Random(3)
x = array.array("f", [r.gauss(0, 1) + (i % 3) * (j < 4) for i in range(125) for j in range(200)])
write("wide.sst", [("embedding", "f32", (200,), x.tobytes()),
                   ("label", "i32", (), array.array("i", [i % 3 for i in range(125)]).tobytes())])
END
run 0 ss-map --method pca --tsv wide.tsv wide.sst && oracle pca wide.sst 200 wide.tsv
ok "also of fewer records than features"
run 0 ss-map -v --tsv query.tsv query.sst && kl=$(told) && oracle kl query.sst 9 query.tsv "$kl"
ok "the divergence of a map is the one told: $kl"
oracle sklearn query.sst 9 "$kl"
case $? in
77)	skip "scikit-learn comes no lower" "scikit-learn is not installed" ;;
0)	ok "scikit-learn comes no lower" ;;
*)	false; ok "scikit-learn comes no lower" ;;
esac
run 0 ss-map -v --tsv wide.tsv wide.sst --force && kl=$(told) && oracle kl wide.sst 200 wide.tsv "$kl"
ok "of 125 records: $kl"
run 0 ss-map -v --angle 0.5 --tsv tree.tsv query.sst && kl=$(told) && [ -n "$kl" ] &&
    awk -v a="$kl" 'BEGIN { exit !(a > 0) }' && ! cmp -s tree.tsv query.tsv &&
    "$PYTHON" - "$kl" "$(ss-map -v --tsv /dev/null query.sst 2>&1 | sed 's/.* //')" <<'END'
import sys
tree, pairs = map(float, sys.argv[1:])
assert abs(tree / pairs - 1) < 0.06, (tree, pairs)
END
ok "with boxes that count together: $kl"

# --- the same bytes
run 0 ss-map -t 1 --tsv one.tsv -o one.png bank.sst && run 0 ss-map -t 3 --tsv three.tsv -o three.png bank.sst &&
    cmp one.tsv three.tsv && cmp one.png three.png
ok "1 and 3 threads give the same bytes"
run 0 ss-map -t 1 --angle 0.5 --tsv - --iterations 300 bank.sst && mv out one.tree && run 0 ss-map -t 2 --angle 0.5 --tsv - --iterations 300 bank.sst && cmp out one.tree
ok "with boxes too"
run 0 ss-map --tsv - query.sst && cmp out query.tsv && run 0 ss-map --tsv - frames.sst && cmp out query.tsv && run 0 ss-map --tsv - <query.sst && cmp out query.tsv
ok "again, from other frames, and from standard input"
run 0 ss-map --tsv - --init random query.sst && mv out r0 && run 0 ss-map --tsv - --init random --seed 0 query.sst && cmp out r0 &&
    run 0 ss-map --tsv - --init random --seed 1 query.sst && ! cmp -s out r0
ok "--init random and --seed"
run 0 ss-map --tsv - --unit query.sst && ! cmp -s out query.tsv
ok "--unit"
for args in "--perplexity 10" "--rate 20" "--iterations 500"; do
	# shellcheck disable=SC2086
	run 0 ss-map --tsv - $args query.sst && ! cmp -s out query.tsv
	ok "$args makes another map"
done

# --- the table
head -1 query.tsv | grep -q -x 'x	y	label	class	index' && [ "$(wc -l <query.tsv)" -eq 261 ] &&
    awk -F'\t' 'NR > 1 { if (NF != 5 || $5 != NR - 2 || ($3 == 0 && $4 != "cat") || ($3 == 1 && $4 != "")) exit 1 }' query.tsv
ok "the table has label, class and index of each record"
run 0 ss-map --method pca --tsv - unlabelled.sst && awk -F'\t' 'NR > 1 && ($3 != "" || $4 != "" || $5 != "") { exit 1 }' out
ok "records need no label"

# --- the picture
run 0 ss-map --method pca bank.sst && [ "$(picture size out | cut -d' ' -f1)" -gt 1000 ] && [ "$(picture count out $blue)" -gt 50 ] && mv out b.png
ok "a picture, with room for the legend"
run 0 ss-map --method pca -o c.png bank.sst && cmp b.png c.png && [ ! -s out ]
ok "-o writes what standard output gets"
run 0 ss-map --method pca --title 'A title' bank.sst && ! cmp -s out b.png && run 0 ss-map --method pca --size 500 bank.sst &&
    [ "$(picture size out | cut -d' ' -f1)" -lt 700 ]
ok "--title and --size"
run 0 ss-map --method pca minus.sst && [ "$(picture count out $gray)" -gt 0 ] && run 0 ss-map --method pca query.sst && [ "$(picture count out $gray)" -eq 0 ]
ok "a record without a label is gray"
"$PYTHON" - <<'END'
import array, os, sys
sys.path.insert(0, os.environ["TOP"] + "/tests")
from sst_write import write
x = array.array("f", [v for i in range(60) for v in (1 - 2 * (i % 2), i * 0.02)])
write("sides.sst", [("embedding", "f32", (2,), x.tobytes()),
                    ("label", "i32", (), array.array("i", [i % 2 for i in range(60)]).tobytes())])
END
run 0 ss-map --method pca sides.sst && picture box out 51,142,193 1030 >first && picture box out 221,126,51 1030 >second &&
    read -r left _ right _ <first && read -r left2 _ right2 _ <second && { [ "$right" -lt "$left2" ] || [ "$right2" -lt "$left" ]; }
ok "classes that lie apart are apart, each in its colour"
run 0 ss-map --method pca empty.sst && [ -s out ]
ok "a single record"
run 0 ss-map pixels.sst --perplexity 10 && run 0 ss-map --method pca pixels.sst && [ -s out ]
ok "raw pixels"

# --- what is refused
run 3 ss-map cut.sst -o cut.png && says 'cut.sst' && [ ! -e cut.png ]
ok "a stream without its end"
head -c 9000 bank.sst >half.sst
run 3 ss-map half.sst --tsv half.tsv && says 'half.sst' && [ ! -e half.tsv ]
ok "a cut stream"
run 3 ss-map </dev/null && says 'empty input'
ok "empty input"
run 3 ss-map "$TOP/LICENSE" && says 'not a tensor stream'
ok "wrong magic"
run 3 ss-map newer.sst && says 'newer version'
ok "a newer version"
run 3 ss-map nan.sst && says "record 123: element 4 of tensor 'embedding' is not a number"
ok "an embedding that is not a number"
head -c 9000 bank.sst | ss-augment 2>/dev/null | run 4 ss-map && says 'upstream failed: ss-augment: '
ok "an error upstream"
run 2 ss-map --method pca bank.sst -o b.png && says "'b.png' exists" && run 2 ss-map --method pca bank.sst --tsv bank.tsv && says "'bank.tsv' exists" &&
    run 0 ss-map --method pca bank.sst -o b.png --force
ok "outputs that exist are left alone, but for --force"
run 2 ss-map bank.sst -o bank.sst --force && says 'input and output' && run 2 ss-map bank.sst --tsv ./bank.sst --force && says 'input and output'
ok "an output that is the input"
run 1 ss-map --method pca bank.sst -o no/such/folder.png && says 'no/such/folder.png'
ok "a folder that is not there"
for args in "" "--tsv -"; do
	# shellcheck disable=SC2086
	ss-map --method pca bank.sst $args >/dev/full 2>err
	[ $? -eq 1 ] && says 'No space left'
	ok "a full disk $args"
done
run 1 ss-map --method pca bank.sst --tsv /dev/full && says '/dev/full'
ok "a full disk by name"
{ ss-map --method pca --size 4000 bank.sst 2>err; echo $? >status; } | head -c 10 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves is no error worth a message"
done_testing
