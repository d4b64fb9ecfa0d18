#!/bin/bash
# ss-knn --neighbours: against plain Python, ties, names, refusals
. "$(dirname "$0")/lib.sh"
export TOP PYTHONDONTWRITEBYTECODE=1
data=$TOP/tests/cli/neighbours.py
"$PYTHON" "$data" make || exit 1
near() { "$PYTHON" "$data" check "$@" <out; }

run 0 ss-knn --neighbours --bank bank.sst --query query.sst && [ ! -s err ] && near bank.sst query.sst 5 && cp out five
ok "the five nearest of each query are those of plain Python; names are escaped"
for k in 1 3 40 1300; do
	run 0 ss-knn --neighbours --bank bank.sst --query query.sst -k $k && near bank.sst query.sst $k
	ok "-k $k"
done
run 0 ss-knn --neighbours --bank bank.sst --leave-one-out -k 4 && [ ! -s err ] && near bank.sst bank.sst 4 leave
ok "--leave-one-out: a record is not its own neighbour, its copies are, the first one first"
run 0 ss-knn --neighbours --bank bank.sst --leave-one-out -k 1299 && [ "$(wc -l <out)" -eq $((1300 * 1299 + 1)) ]
ok "all but itself"
run 0 ss-knn --neighbours --bank bank.sst --query query.sst --center && near bank.sst query.sst 5 center
ok "--center"
run 0 ss-knn --neighbours --bank bank.sst --query bank.sst -k 1 && says '1300 of 1300 records are also in the bank'
ok "queries that are in the bank are told"
run 0 ss-knn --neighbours --bank numbered-bank.sst --query query.sst -k 2 && near numbered-bank.sst query.sst 2 &&
    run 0 ss-knn --neighbours --bank bank.sst --query bare-query.sst -k 2 && near bank.sst bare-query.sst 2
ok "records without names are called by their index, else by their place"
run 0 ss-knn --neighbours --bank bank.sst --query labelled.sst
ok "what is in the tensor of labels does not matter"

for args in "-t 1" "-t 3"; do
	# shellcheck disable=SC2086
	run 0 ss-knn --neighbours --bank bank.sst --query query.sst $args && cmp out five
	ok "same bytes: $args"
done
run 0 ss-knn --neighbours --bank bank.sst --query frames.sst && cmp out five
ok "same bytes for other frames"
run 0 ss-knn --neighbours --bank - --query query.sst <bank.sst && cmp out five && run 0 ss-knn --neighbours --bank bank.sst --query - <query.sst && cmp out five
ok "either side from standard input"

run 0 ss-knn --neighbours --json --bank bank.sst --query query.sst && "$PYTHON" - <<'END'
import json
o = json.load(open("out", encoding="utf-8"))
assert (o["tool"], o["k"], o["bank"], o["features"], o["leave_one_out"], o["centered"]) == ("ss-knn", 5, 1300, 11, False, False), o
rows = [line.split("\t") for line in open("five").read().split("\n")[1:-1]]
assert len(o["queries"]) == 320 and all(len(q["neighbours"]) == 5 for q in o["queries"])
names = ["a b/c.jpg", "tab\there", "line\nend", "back\\slash", "\u00fcber.png", "\\xff\\xfe", "", "zero\0end"]
assert [q["query"] for q in o["queries"][:8]] == names, [q["query"] for q in o["queries"][:8]]
for i, q in enumerate(o["queries"]):
    for r, n in enumerate(q["neighbours"]):
        assert abs(n["cosine"] - float(rows[5 * i + r][2])) < 1e-6
        assert n["name"] == rows[5 * i + r][3] or "\\" in rows[5 * i + r][3]
END
ok "--json"
head -c 3000 bank.sst >few.sst
"$PYTHON" - <<'END'
import array, os, sys
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests"))
from sst_write import write
for n in 1, 3:
    write("few-%d.sst" % n, [("embedding", "f32", (2,), array.array("f", [1, 0, 0, 1, 1, 1][:2 * n]).tobytes()),
                             ("index", "u64", (), array.array("Q", range(n)).tobytes())], "few")
END
run 0 ss-knn --neighbours --bank few-3.sst --leave-one-out && diff out - <<'END'
query	rank	cosine	neighbour
0	1	0.707107	2
0	2	0.000000	1
1	1	0.707107	2
1	2	0.000000	0
2	1	0.707107	0
2	2	0.707107	1
END
ok "without -k, a bank of less than five gives all"

while IFS='|' read -r args pattern; do
	# shellcheck disable=SC2086
	run 2 ss-knn $args && says "^ss-knn: .*$pattern" && [ ! -s out ]
	ok "misuse: $args"
done <<'END'
--neighbours|--bank and --query are needed
--neighbors --bank bank.sst --query query.sst|unknown option '--neighbors'
--neighbours --bank bank.sst --query query.sst -k 1301|k is 1301, but the bank has 1300 records
--neighbours --bank bank.sst --leave-one-out -k 1300|without the query itself the bank has 1299 records
--neighbours --bank few-1.sst --leave-one-out|without the query itself the bank has 0 records
--neighbours --bank bank.sst --query query.sst -k 2,3|--neighbours takes one -k
--neighbours --bank bank.sst --query query.sst --leave-one-out|no common index
--neighbours --bank bare-bank.sst --leave-one-out|no common index
--neighbours --bank bank.sst --query query.sst --per-class|makes no score
--neighbours --bank bank.sst --query query.sst --confusion|makes no score
--neighbours --bank bank.sst --query query.sst --table|makes no score
--neighbours --bank bank.sst --query query.sst --temperature 1|makes no score
--neighbours --bank bank.sst --query query.sst --protocol wu|makes no score
--neighbours --bank bank.sst --query query.sst --baseline a=bank.sst,query.sst|makes no score
--neighbours --bank bank.sst --query none.sst|none.sst has no records
--neighbours --bank none.sst --query query.sst|none.sst has no records
END
run 3 ss-knn --neighbours --bank bank.sst --query nan.sst && says 'nan.sst: record 7: element 2'
ok "an embedding that is not a number"
run 3 ss-knn --neighbours --bank few.sst --query query.sst && says 'few.sst' && [ ! -s out ]
ok "a cut bank"
head -c 9000 query.sst >cut.sst
run 3 ss-knn --neighbours --bank bank.sst --query cut.sst && says 'cut.sst'
ok "a cut query"
ss-knn --neighbours --bank bank.sst --query query.sst >/dev/full 2>err
[ $? -eq 1 ] && says 'No space left'
ok "a full disk"
ss-knn --neighbours --bank bank.sst --query query.sst -k 300 2>err | true
status=${PIPESTATUS[0]}
[ "$status" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves"
done_testing
