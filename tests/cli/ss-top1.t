#!/bin/bash
# ss-top1.t - the score of a classifier's own outputs
. "$(dirname "$0")/lib.sh"

# make FILE SETTING: outputs and labels as sst_write makes them, and plain Python's answers in FILE.json
cat >make.py <<'END'
import array, json, math, os, random, sys
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests"))
from sst_write import write

def make(path, n, classes, labels, layer="projector", tie=False):
    r = random.Random(path)
    y = [r.randrange(labels) for _ in range(n)]
    x = [[0.5 if tie else r.gauss(2 if c == k else 0, 2) for c in range(classes)] for k in y]
    x = [list(array.array("f", row)) for row in x]
    predicted = [row.index(max(row)) for row in x]
    loss = [math.log(sum(map(math.exp, row))) - row[k] if k < classes else math.inf for row, k in zip(x, y)]
    write(path, [("embedding", "f32", (classes,), array.array("f", sum(x, [])).tobytes()),
                 ("label", "i32", (), array.array("i", y).tobytes())], "made",
          ["@LB\tID:1\tNM:dog", "@EM\tLY:%s\tAR:resnet20\tST:trained" % layer])
    table = [[sum(a == i and b == c for a, b in zip(y, predicted)) for c in range(classes)] for i in range(labels)]
    with open(path + ".json", "w") as f:
        json.dump(dict(correct=sum(a == b for a, b in zip(y, predicted)), total=n, loss=sum(loss) / max(n, 1),
                       confusion=table), f)

make("a.sst", 257, 5, 5)
make("tie.sst", 40, 3, 3, tie=True)
make("more.sst", 60, 3, 5)
make("none.sst", 0, 3, 3)
make("backbone.sst", 20, 8, 3, layer="backbone")
make("one.sst", 20, 1, 2)
END
"$PYTHON" make.py && ss-info --check a.sst
ok "fixtures are made"
ss-load shapes --records 20 -q -o pixels.sst

# agrees FILE: the JSON in `out` says what Python found
agrees() {
	"$PYTHON" - "$1.json" <<'END'
import json, math, sys
want, have = json.load(open(sys.argv[1])), json.load(open("out"))["scores"][0]
assert (have["correct"], have["total"], have["confusion"]) == (want["correct"], want["total"], want["confusion"]), have
assert have["loss"] is None if math.isinf(want["loss"]) else abs(have["loss"] - want["loss"]) < 1e-6 * want["loss"], have
END
}

run 0 ss-top1 --help && grep -q '^usage: ss-top1' out && [ ! -s err ]
ok "--help"
for f in a tie more; do
	run 0 ss-top1 --json --confusion $f.sst && agrees $f.sst
	ok "$f.sst: counts, loss and confusion are plain Python's"
done
run 0 ss-top1 --per-class a.sst && grep -q "^top-1 [0-9.]* %  ([0-9]* of 257)  loss [0-9.]*  layer projector  arch resnet20  outputs 257 x 5  classes 5$" out &&
    grep -q '^      1 .*  dog$' out && tail -n 1 out | grep -q 'chance: always the most frequent label$' && [ ! -s err ]
ok "what it prints"
run 0 ss-top1 more.sst && grep -q '  loss inf  ' out
ok "a label that is no class costs infinitely much"
ss-top1 --json --confusion <a.sst >out && agrees a.sst && ss-top1 --json --confusion - <a.sst >out && agrees a.sst
ok "standard input"

while IFS='|' read -r status args why; do
	# shellcheck disable=SC2086
	run "$status" ss-top1 $args && says "^ss-top1: .*$why" && [ ! -s out ]
	ok "refused: $args"
done <<'END'
2|--nonsense a.sst|unknown option
2|a.sst a.sst|one stream at a time, not 2
2|--tensor nothing a.sst|has no tensor 'nothing'
2|none.sst|none.sst has no records
2|backbone.sst|backbone.sst holds features of the backbone, not the outputs of a classifier
2|one.sst|one.sst has 1 outputs for each record
1|nowhere.sst|cannot open 'nowhere.sst'
3|/dev/null|empty input
3|make.py|make.py
END
run 2 ss-top1 pixels.sst && says 'holds pixels, not the outputs'
ok "refused: pixels"
head -c $(($(stat -c %s a.sst) - 64)) a.sst >cut.sst
run 3 ss-top1 cut.sst && says 'cut.sst' && [ ! -s out ]
ok "a stream that is cut"
"$PYTHON" -c 'import zlib
b = bytearray(open("a.sst", "rb").read())
b[8] = 2
b[60:64] = zlib.crc32(bytes(b[:60])).to_bytes(4, "little")
open("newer.sst", "wb").write(b)'
run 3 ss-top1 newer.sst && says 'newer version'
ok "a newer version"
ss-top1 a.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'No space left'
ok "a full disk"
ss-embed --no-such-option 2>/dev/null | run 4 ss-top1 && says '^ss-top1: upstream failed: ss-embed'
ok "the failure of the program before it"

# A classifier, from training to its score
ss-load shapes --records 256 --size 16 --epochs 3 --shuffle --seed 1 -o s.sst -q && ss-load shapes --records 100 --size 16 --seed 2 -o t.sst -q &&
    run 0 ss-train -q -t 1 -b 32 --method supervised --lr 0.05 --validate t.sst --log s.jsonl -o s.safetensors s.sst &&
    ss-embed -q -m s.safetensors --layer projector t.sst | run 0 ss-top1 --json &&
    [ "$("$PYTHON" -c 'import json
print("%.6g %.5g" % ((lambda s: (s["correct"] / s["total"], s["loss"]))(json.load(open("out"))["scores"][0])))')" = \
    "$(tail -n 1 s.jsonl | "$PYTHON" -c 'import json
o = json.loads(input())
print("%.6g %.5g" % (o["validation_accuracy"], o["validation_loss"]))')" ]
ok "what ss-train --validate says of the same images"
done_testing
