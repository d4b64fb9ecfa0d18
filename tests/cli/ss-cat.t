#!/bin/bash
# ss-cat.t - streams one after the other, in turn, side by side; what does not fit together is refused
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"
check() { "$PYTHON" "$TOP/tests/cli/cat.py" "$@"; }
# value KEY FILE
value() { ss-info --get "$1" "$2"; }
# header KEY FILE: of the first line
header() { ss-info --header "$2" | head -n 1 | tr '\t' '\n' | sed -n "s/^$1://p"; }
# lines TAG FILE
lines() { ss-info --header "$2" | grep "^@$1"; }

"$GEN" -r 20 -f 7 >a.sst && "$GEN" -r 5 -f 2 >b.sst && "$GEN" -r 9 -f 4 -u >u.sst && "$GEN" -r 0 >none.sst && "$GEN" -l >labels.sst
ok "fixtures are made"

run 0 ss-cat --help && grep -q '^usage: ss-cat' out && grep -q -- '--interleave' out && [ ! -s err ]
ok "--help explains on standard output"
while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-cat $args <a.sst && says '^ss-cat: ' && [ ! -s out ]
	ok "misuse: ss-cat $args"
done <<'END'
--nonsense
--columns --interleave a.sst b.sst
- b.sst -
-o a.sst a.sst
-o a.sst --force b.sst a.sst
END
ss-info --check a.sst
ok "the input is left as it was"

# --- one after the other
run 0 ss-cat a.sst b.sst && mv out ab.sst && ss-info --check ab.sst && check rows ab.sst a.sst b.sst && [ "$(value records ab.sst)" = 25 ] &&
    [ "$(value dataset ab.sst)" = "made up" ]
ok "records of the one, then of the other"
run 0 ss-cat -o abc.sst a.sst - a.sst <b.sst && check rows abc.sst a.sst b.sst a.sst
ok "a file, standard input, the file again; -o"
run 0 ss-cat --no-history a.sst && cmp out a.sst
ok "one stream is copied"
run 0 ss-cat --no-history <a.sst && cmp out a.sst
ok "standard input is copied"
run 0 ss-cat none.sst a.sst none.sst && check rows out a.sst && [ "$(value digest out)" = "$(value digest a.sst)" ]
ok "streams without records add none"
run 0 ss-cat none.sst none.sst && [ "$(value total out)" = 0 ]
ok "no records at all"
run 0 ss-cat a.sst u.sst && check rows out a.sst u.sst && [ "$(header NS out)" = '*' ]
ok "a number of records that is not known"
ss-load shapes --limit 30 >whole.sst && "$PYTHON" - <<'END'
import os, sys
sys.path.insert(0, os.environ["TOP"] + "/tests")
import sst_write
data = bytes(range(240))
for name, a, b in ("1", 0, 7), ("2", 7, 8), ("3", 8, 30), ("all", 0, 30):
    sst_write.write("part%s.sst" % name, [("x", "u8", (2, 3), data[6 * a:6 * b]), ("index", "u64", (), data[8 * a:8 * b])], per_frame=5)
END
run 0 ss-cat part1.sst part2.sst part3.sst && [ "$(value digest out)" = "$(value digest partall.sst)" ]
ok "parts of a stream have the digest of the whole"

# --- epochs
"$GEN" -r 4 -e 3 >e3.sst && "$GEN" -r 2 -e 3 >f3.sst && "$GEN" -r 4 -e 2 -E 3 >g2.sst && "$GEN" -r 4 -e 1 -E 7 >h1.sst
run 0 ss-cat e3.sst f3.sst && mv out x.sst && [ "$(value records x.sst) $(value epochs x.sst) $(value total x.sst)" = "6 3 18" ] &&
    "$PYTHON" "$TOP/tests/sst_read.py" x.sst index | od -An -t u8 -v -w8 | tr -d ' ' | tr '\n' ' ' >order &&
    [ "$(cat order)" = "0 1 2 3 0 1 0 1 2 3 0 1 0 1 2 3 0 1 " ]
ok "epoch by epoch"
run 0 ss-cat g2.sst e3.sst && [ "$(value records out) $(value epochs out) $(value first-epoch out)" = "4 5 0" ] && check rows out e3.sst g2.sst
ok "a later part of a run comes later"
run 0 ss-cat e3.sst h1.sst && [ "$(header EP out) $(header NS out)" = '8 *' ] && ss-info --check out
ok "epochs that nobody has"
run 0 ss-cat e3.sst f3.sst g2.sst && [ "$(header EP out) $(header NS out)" = '5 *' ] && ss-info --check out
ok "epochs with other numbers of records"

# --- in turn
ss-load shapes --limit 23 --epochs 2 --shuffle --seed 3 >all.sst
for i in 0 1 2; do ss-load shapes --limit 23 --epochs 2 --shuffle --seed 3 --shard $i/3 >s$i.sst; done
run 0 ss-cat --interleave s0.sst s1.sst s2.sst && mv out turn.sst && run 0 ss-cmp all.sst turn.sst &&
    [ "$(value digest turn.sst) $(value records turn.sst) $(value epochs turn.sst)" = "$(value digest all.sst) 23 2" ]
ok "shards in turn are the whole, with its digest"
run 0 ss-cat s0.sst s1.sst s2.sst && mv out rows.sst && for f in all rows; do
	"$PYTHON" "$TOP/tests/sst_read.py" $f.sst index | od -An -t u8 -v -w8 | sort >$f.index
done && cmp all.index rows.index && [ "$(value records rows.sst)" = 23 ]
ok "shards one after the other have the records of the whole"
ss-embed --untrained 1 whole.sst >embedded.sst && for i in 0 1; do
	ss-load shapes --limit 30 --shard $i/2 | ss-embed --untrained 1 >e$i.sst
done && run 0 ss-cat --interleave e0.sst e1.sst && [ "$(value digest out)" = "$(value digest embedded.sst)" ]
ok "shards that were embedded apart"
run 2 ss-cat --interleave s2.sst s0.sst s1.sst && says 's0.sst has more records of epoch 0 than .* s2.sst'
ok "shards in another order are noticed, if they can be"
run 2 ss-cat --interleave a.sst a.sst b.sst && says 'a.sst has more records'
ok "streams that cannot take turns"
"$GEN" -r 19 -f 3 >c.sst
run 0 ss-cat --interleave a.sst a.sst c.sst && check turn out a.sst a.sst c.sst && ss-info --check out
ok "tensors whose dimensions vary"
run 0 ss-cat --interleave none.sst none.sst && [ "$(value total out)" = 0 ]
ok "no records in turn"
run 0 ss-cat --interleave a.sst && check rows out a.sst
ok "one stream in turn"

# --- headers
run 0 ss-cat all.sst all.sst && lines PG out | cut -f 2-4 >got && printf '@PG\tID:ss-load\tPN:ss-load\n@PG\tID:ss-cat\tPP:ss-load\n' | cut -f 2,3 >want &&
    cut -f 1,2 got | cmp - want
ok "history that is the same is told once"
run 0 ss-cat e0.sst e1.sst && lines PG out | cut -f 2,3 >got && printf 'ID:%s\t%s\n' ss-load PN:ss-load ss-embed PP:ss-load ss-load.1 PN:ss-load \
    ss-embed.1 PP:ss-load.1 ss-cat PP:ss-embed.1 | cmp - got
ok "chains of programs keep apart"
run 0 ss-cat ab.sst ab.sst && [ "$(lines XY out | wc -l)" -eq 1 ] && [ "$(lines LB out | wc -l)" -eq 2 ]
ok "labels and unknown lines come once"
[ "$(lines EM embedded.sst)" = "$(ss-cat e0.sst e1.sst | ss-info --header | grep '^@EM')" ]
ok "what made the embeddings stays"
"$PYTHON" - <<'END'
import os, sys
sys.path.insert(0, os.environ["TOP"] + "/tests")
import sst_write
def make(name, shape=(2,), dtype="f32", lines=(), tensor="embedding", index=range(3), n=3, dataset="d", label=0):
    width = sst_write.WIDTH[dtype] * (shape[0] if shape else 1)
    sst_write.write(name + ".sst", [(tensor, dtype, shape, bytes([1]) * (n * width)),
                                    ("index", "u64", (), b"".join(i.to_bytes(8, "little") for i in index)),
                                    ("label", "i32", (), bytes(4 * n - 4) + label.to_bytes(4, "little"))], lines=lines, dataset=dataset)
em = "@EM\tLY:%s\tAR:%s\tST:%s\tME:x\tMD:%s"
make("m1", lines=["@LB\tID:0\tNM:cat", em % ("backbone", "resnet20", "trained", "11111111"), "@CO\tone"])
make("m2", lines=["@LB\tID:1\tNM:dog", em % ("backbone", "resnet20", "trained", "11111111"), "@CO\ttwo"], dataset="e")
make("other.label", lines=["@LB\tID:0\tNM:dog", em % ("backbone", "resnet20", "trained", "11111111")])
make("other.model", lines=[em % ("backbone", "resnet20", "trained", "22222222")])
make("other.layer", lines=[em % ("projector", "resnet20", "trained", "11111111")])
make("other.state", lines=[em % ("backbone", "resnet20", "untrained", "11111111")])
make("no.model")
make("other.shape", (3,))
make("other.type", dtype="f16")
make("other.name", tensor="vec")
make("order", index=[0, 2, 1])
make("more", index=range(4), n=4)
make("odd.label", label=1)
make("long", tensor="e" * 63)
sst_write.write("index.sst", [("index", "u64", (), bytes(24))])
sst_write.write("no.index.sst", [("embedding", "f32", (2,), bytes(24))])
sst_write.write("wide.label.sst", [("index", "u64", (), b"".join(i.to_bytes(8, "little") for i in range(3))), ("label", "i64", (), bytes(24))])
END
run 0 ss-cat m1.sst m2.sst && [ "$(ss-info --header out | grep '^@[LC]' | cut -f 2-)" = "$(printf 'ID:0\tNM:cat\none\nID:1\tNM:dog\ntwo')" ] &&
    [ -z "$(header DS out)" ] && [ "$(header NS out)" = 6 ]
ok "labels and comments are joined, the names of two data sets go"
while IFS='|' read -r file message; do
	run 2 ss-cat m1.sst "$file" -o joined.sst && says "^ss-cat: $file: $message" && [ ! -e joined.sst ]
	ok "$file is not joined"
done <<'END'
other.label.sst|label 0 is 'dog', in m1.sst it is 'cat'$
other.model.sst|its embeddings are of model 22222222, those of m1.sst of 11111111$
other.layer.sst|its embeddings are of layer projector, those of m1.sst of backbone$
other.state.sst|its embeddings are of state of the network untrained, those of m1.sst of trained$
no.model.sst|says less of what made its embeddings than m1.sst$
other.shape.sst|tensor 'embedding' is f32 3, in m1.sst it is f32 2$
other.type.sst|tensor 'embedding' is f16 2, in m1.sst it is f32 2$
other.name.sst|tensor 1 is 'vec', in m1.sst it is 'embedding'$
index.sst|tensor 1 is 'index'
a.sst|tensor 1 is 'image'
END
run 2 ss-cat index.sst m1.sst && says "m1.sst: tensor 1 is 'embedding', in index.sst" && run 2 ss-cat labels.sst a.sst
ok "whichever comes first"

# --- side by side
ss-embed --untrained 1 --layer projector whole.sst >projected.sst
run 0 ss-cat --columns embedded.sst projected.sst whole.sst && mv out side.sst && ss-info --check side.sst &&
    check columns side.sst embedding=embedded.sst:embedding label=whole.sst:label index=whole.sst:index \
    embedding.2=projected.sst:embedding image=whole.sst:image
ok "tensors of three streams; index and label once"
[ "$(value dataset side.sst)" = "$(value dataset whole.sst)" ] && [ "$(value records side.sst)" = 30 ] &&
    [ "$(value labels side.sst)" = "$(value labels whole.sst)" ]
ok "data set, number of records and names of labels stay"
[ "$(lines EM side.sst | sed 's/.*\t\(LY:[a-z]*\)\t.*\tTN:/\1 /')" = "$(printf 'LY:backbone embedding\nLY:projector embedding.2')" ]
ok "each tensor has its origin"
for t in 1:embedding:embedded.sst 2:embedding.2:projected.sst; do
	IFS=: read -r n tensor file <<<"$t"
	ss-knn -k 5 --bank "$file" --query "$file" >want && ss-knn -k 5 --bank side.sst --query side.sst --tensor "$tensor" >got && diff got want
	ok "ss-knn takes tensor $n with its layer"
done
run 0 ss-cat side.sst side.sst && [ "$(lines EM out | wc -l)" -eq 2 ]
ok "streams that were joined side by side are joined again"
run 2 ss-cat --columns side.sst projected.sst && says "projected.sst: there are two tensors named 'embedding.2'"
ok "a name that is taken twice"
"$GEN" -r 20 -f 3 -o 1 >other.sst
run 0 ss-cat --columns a.sst other.sst && check columns out image=a.sst:image photo=a.sst:photo label=a.sst:label index=a.sst:index name=a.sst:name \
    vec=a.sst:vec image.2=other.sst:image photo.2=other.sst:photo vec.2=other.sst:vec && ss-info --check out
ok "other frames, and tensors whose dimensions vary"
"$GEN" -r 20 -f 64 -u >ua.sst
run 0 ss-cat --columns ua.sst a.sst && [ "$(value records out)" = 20 ]
ok "one of them says how many records there are"
run 0 ss-cat --columns e3.sst e3.sst && [ "$(value total out) $(value epochs out)" = "12 3" ]
ok "several epochs"
run 0 ss-cat --columns none.sst none.sst && [ "$(value total out)" = 0 ]
ok "no records side by side"
while IFS='|' read -r file message; do
	run 2 ss-cat --columns m1.sst "$file" -o joined.sst && says "^ss-cat: .*$message" && [ ! -e joined.sst ]
	ok "$file does not go beside m1.sst"
done <<'END'
order.sst|record 1 has another index in order.sst than in m1.sst$
more.sst|more.sst has 4 records in an epoch, m1.sst has 3$
odd.label.sst|record 2 has another label in odd.label.sst than in m1.sst$
no.index.sst|no.index.sst has no index
other.label.sst|label 0 is 'dog'
wide.label.sst|tensor 'label' is of another type
e3.sst|e3.sst has 3 epochs from 0, m1.sst has 1 from 0$
END
run 2 ss-cat --columns long.sst long.sst && says "long.sst: bad tensor name"
ok "a name that gets too long"
run 2 ss-cat --columns ua.sst u.sst && says 'u.sst ends after 9 records, ua.sst has more'
ok "a stream that is shorter"
run 2 ss-cat --columns u.sst ua.sst && says 'u.sst ends after 9 records, ua.sst has more'
ok "a stream that is longer"

# --- what no output comes of
run 3 ss-cat </dev/null && says 'empty input'
ok "empty input"
for how in --interleave --columns --no-history; do
	for at in 60 700 3000 $(($(wc -c <a.sst) - 128)); do
		head -c "$at" a.sst >cut.sst
		run 3 ss-cat $how a.sst cut.sst -o cut.out && says '^ss-cat: cut.sst: ' && [ ! -e cut.out ] && [ ! -e .cut.out.tmp ]
		ok "$how: the second is truncated at byte $at"
	done
	"$GEN" -r 20 -x | run 4 ss-cat $how a.sst - -o cut.out && says 'upstream failed: gen: asked to fail' && [ ! -e cut.out ]
	ok "$how: an error upstream"
done
ss-cat a.sst cut.sst 2>/dev/null | run 4 ss-info --check && says 'upstream failed: ss-cat: cut.sst'
ok "the program behind is told"
{ printf 'P6\n'; cat a.sst; } | run 3 ss-cat a.sst - && says 'not a tensor stream'
ok "wrong magic"
"$PYTHON" -c '
import struct, sys, zlib
b = bytearray(open("a.sst", "rb").read())
b[8:10] = struct.pack("<H", 2)
b[60:64] = struct.pack("<I", zlib.crc32(bytes(b[:60])))
sys.stdout.buffer.write(b)' >newer.sst
run 3 ss-cat a.sst newer.sst && says 'newer'
ok "newer version"
run 1 ss-cat a.sst none.such && says "cannot open 'none.such'"
ok "a file that is not there"
ss-cat a.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'No space left'
ok "a full disk"
run 1 ss-cat a.sst -o /dev/full && says 'No space left'
ok "a full disk by name"
cp a.sst keep.sst
run 2 ss-cat b.sst -o keep.sst && says "'keep.sst' exists" && cmp a.sst keep.sst && run 0 ss-cat b.sst -o keep.sst --force && check rows keep.sst b.sst
ok "an output that exists is left alone, but for --force"
inputs=$(for i in $(seq 40); do cp b.sst "in$i.sst" && echo "in$i.sst"; done)
# shellcheck disable=SC2086
run 2 ss-cat $inputs -o in40.sst --force && says "'in40.sst' is input and output" && ss-info --check in40.sst
ok "an output that is the fortieth input"
"$PYTHON" - <<'END'
import os, sys
sys.path.insert(0, os.environ["TOP"] + "/tests")
import sst_write
sst_write.write("large.sst", [("x", "u8", (4096,), bytes(4096 * 8000)), ("index", "u64", (), bytes(8 * 8000))], per_frame=200)
END
if ss-info --version | grep -q sanitize; then
	skip "memory does not grow with the streams" "sanitizers are on"
else
	for how in --interleave --columns --no-history; do
		(ulimit -v 60000; ss-cat $how large.sst large.sst large.sst) 2>err | ss-info --check && [ ! -s err ]
		ok "$how: memory does not grow with the streams"
	done
fi
{ ss-cat large.sst 2>err; echo $? >status; } | head -c 10 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves is no error worth a message"
done_testing
