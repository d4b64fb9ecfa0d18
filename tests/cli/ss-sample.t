#!/bin/bash
# ss-sample.t - which records it passes, which it chooses, in which order, from files and pipes
. "$(dirname "$0")/lib.sh"
: "${GEN:?run me through make check}"
oracle() { "$PYTHON" "$TOP/tests/cli/sample.py" "$@"; }
# index [FILE]: the numbers of the records, of `out` unless told
index() { "$PYTHON" "$TOP/tests/sst_read.py" "${1:-out}" index | od -An -v -tu8 -w8 | tr -d ' ' | tr '\n' ' ' | sed 's/ $//'; }
labels() { "$PYTHON" "$TOP/tests/sst_read.py" out label | od -An -v -td4 -w4 | tr -d ' ' | sort -n | uniq -c | awk '{ printf "%s%s:%s", (NR > 1 ? " " : ""), $2, $1 }'; }
records() { ss-info --header out | sed -n 's/^@HD.*NS:\([0-9*]*\).*/\1/p'; }

"$GEN" -r 200 -f 7 >a.sst
"$GEN" -r 200 -f 7 -u >u.sst
"$GEN" -r 40 -f 7 -e 3 -E 2 >e.sst
"$GEN" -r 40 -f 7 -e 3 -u >eu.sst
"$GEN" -l -r 20 >l.sst

# --- the command line

run 0 ss-sample --help && grep -q '^usage: ss-sample' out && grep -q -- '--with-replacement' out && [ ! -s err ]
ok "--help explains on standard output"
while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-sample $args a.sst && says '^ss-sample: ' && [ "$(head -c 4 out | od -An -tx1)" != " 89 53 53 54" ]
	ok "misuse: ss-sample $args"
done <<'END'
--limit 0
--limit x
--skip -1
--every 0
--fraction 1.5
--fraction -0.1
--fraction nan
--count 0
--count 5 --fraction 0.5
--balanced
--with-replacement
--rest
--memory 0
--seed -1
--classes dog
--classes 0,
--classes 99999999999
a.sst
--nonsense
END
run 2 ss-sample --count 201 a.sst && says '201 records are wanted, there are 200'
ok "more than there are"
run 2 ss-sample --count 201 <a.sst && says '201 records are wanted, there are 200'
ok "more than there are in a pipe"
run 2 ss-sample --fraction 0.001 a.sst && says '0 of 200 records: that is none'
ok "a fraction that rounds to nothing"
run 2 ss-sample --count 200 --balanced a.sst && says '^ss-sample: label [012]: 66 records are wanted, there are [0-9]*$'
ok "a class that is too small is named"
run 2 ss-sample --count 2 --balanced a.sst && says '2 records are fewer than the 3 classes'
ok "fewer than there are classes"
run 2 ss-sample --count 3 l.sst && says "l.sst has no tensor 'index'"
ok "no index to choose by"
run 2 ss-sample --shuffle l.sst && says "l.sst has no tensor 'index'" && run 0 ss-sample --limit 3 l.sst
ok "no index to shuffle by; none is needed for a limit"

# --- what passes by place, label and number

all=$(seq -s ' ' 0 199)
run 0 ss-sample --no-history a.sst && ss-cmp out a.sst && [ "$(records)" = 200 ]
ok "nothing asked for: all of it"
ss-info --header a.sst >want && ss-info --header out | diff want -
ok "header lines are passed on"
run 0 ss-sample a.sst && ss-info --header out | tail -n 1 | grep -q '^@PG.*PN:ss-sample.*CL:ss-sample a.sst$'
ok "history"
check() {	# NS INDICES ARGS...: from a file and from a pipe
	ns=$1
	numbers=$2
	shift 2
	run 0 ss-sample "$@" a.sst && [ "$(index)" = "$numbers" ] && [ "$(records)" = "$(echo "$numbers" | wc -w)" ] && ss-info --check out &&
	    run 0 ss-sample "$@" <a.sst && [ "$(index)" = "$numbers" ] && [ "$(records)" = "$ns" ] && ss-info --check out
	ok "$* (${ns} records declared)"
}
check 5 '0 1 2 3 4' --limit 5
check 3 '197 198 199' --skip 197
check 0 '' --skip 1000
check 3 '0 80 160' --every 80
check 3 '7 87 167' --skip 7 --every 80 --limit 9
check 2 '7 87' --skip 7 --every 80 --limit 2
check 200 "$all" --limit 1000
cats=$(oracle choice a.sst --fraction 1 | tr ' ' '\n' | paste -d' ' - <("$PYTHON" "$TOP/tests/sst_read.py" a.sst label | od -An -v -td4 -w4) | awk '$2 == 0 { print $1 }' | tr '\n' ' ' | sed 's/ $//')
others=$(echo "$all" | tr ' ' '\n' | grep -vxF "$(echo "$cats" | tr ' ' '\n')" | tr '\n' ' ' | sed 's/ $//')
check '*' "$cats" --classes cat
check '*' "$cats" --classes 0
check '*' "$others" --classes "$(printf 'tab\there,2')"
check '*' "$(echo "$cats" | cut -d' ' -f3-5)" --classes cat --skip 2 --limit 3
printf '5 7\n\n100\t5\r\n9999' >list
check '*' '5 7 100' --indices list
run 0 ss-sample --skip 195 u.sst && [ "$(index)" = '195 196 197 198 199' ] && [ "$(records)" = '*' ]
ok "a number that is not known stays unknown"
run 0 ss-sample --limit 2 e.sst && [ "$(index)" = '0 1 0 1 0 1' ] && ss-info --header out | grep -q 'NS:2.EP:3.E0:2' && ss-info --check out
ok "each epoch for itself"
run 0 ss-sample --classes cat e.sst && [ "$(records)" = "$(ss-sample --classes cat --limit 100 e.sst | ss-info --get records)" ] && ss-info --check out
ok "each epoch for itself, by label"
for bad in 'x' '5 -3' '5.5' '99999999999999999999999'; do
	echo "$bad" >badlist
	run 3 ss-sample --indices badlist a.sst && says "^ss-sample: 'badlist', line 1: "
	ok "--indices: '$bad' is refused"
done
: >badlist
run 3 ss-sample --indices badlist a.sst && says "'badlist' has no numbers" && run 1 ss-sample --indices nowhere a.sst && says "cannot open 'nowhere': No such"
ok "--indices: an empty file, and none"

# --- random choices, against an oracle

while read -r args; do
	# shellcheck disable=SC2086
	numbers=$(oracle choice a.sst $args)
	good=0
	# shellcheck disable=SC2086
	run 0 ss-sample $args a.sst && [ "$(index)" = "$numbers" ] && [ -n "$numbers" ] && ss-info --check out && mv out file.sst && good=$((good + 1))
	# shellcheck disable=SC2086
	run 0 ss-sample $args <a.sst && cmp -s <(index) <(index file.sst) && ss-cmp out file.sst && [ "$(records)" = "$(echo "$numbers" | wc -w)" ] && good=$((good + 1))
	# shellcheck disable=SC2086
	run 0 ss-sample $args u.sst && ss-cmp out file.sst && [ "$(records)" = "$(echo "$numbers" | wc -w)" ] && good=$((good + 1))
	# shellcheck disable=SC2086
	run 0 ss-sample $args <u.sst && ss-cmp out file.sst && [ "$(records)" = "$(echo "$numbers" | wc -w)" ] && good=$((good + 1))
	[ $good -eq 4 ]
	ok "$args: file and pipe, number known or not: $(echo "$numbers" | wc -w) records"
done <<'END'
--fraction 0.1
--fraction 0.1 --seed 1
--fraction 0.5 --rest
--count 1
--count 77 --seed 18446744073709551615
--count 200
--count 33 --balanced
--count 35 --balanced --seed 3
--fraction 0.25 --balanced
--fraction 0.25 --balanced --rest
--fraction 0.1 --with-replacement
--count 500 --with-replacement
--count 30 --with-replacement --rest
--count 60 --with-replacement --balanced --seed 5
END
run 0 ss-sample --count 33 --balanced a.sst && [ "$(labels)" = "0:11 1:11 2:11" ]
ok "--balanced: the same number of each"
ss-sample --fraction 0.1 a.sst >tenth.sst && ss-sample --fraction 0.3 a.sst >third.sst && ss-sample --fraction 0.3 --rest a.sst >rest.sst
[ -z "$(comm -23 <(index tenth.sst | tr ' ' '\n' | sort) <(index third.sst | tr ' ' '\n' | sort))" ]
ok "a smaller choice is part of a larger one"
echo "$(index third.sst) $(index rest.sst)" | tr ' ' '\n' | sort -n | cmp - <(seq 0 199)
ok "choice and rest are the whole"
for args in "--fraction 0.2" "--count 30 --balanced" "--count 50 --with-replacement"; do
	# shellcheck disable=SC2086
	ss-sample --shuffle --seed 7 a.sst | ss-sample $args --seed 2 >x.sst &&
	    ss-sample $args --seed 2 a.sst >y.sst &&
	    [ "$(index x.sst | tr ' ' '\n' | sort -n)" = "$(index y.sst | tr ' ' '\n' | sort -n)" ] && [ "$(index x.sst)" != "$(index y.sst)" ]
	ok "$args: the same records, in whatever order they come"
done
run 0 ss-sample --count 10 --skip 100 a.sst && [ "$(index | tr ' ' '\n' | awk '$1 < 100')" = "" ] && [ "$(records)" = 10 ]
ok "the choice is among what passes"
for s in e.sst eu.sst; do
	run 0 ss-sample --count 9 $s && [ "$(records)" = 9 ] && ss-info --check out && mv out x.sst && run 0 ss-sample --count 9 <$s && ss-cmp out x.sst && ss-info --check out &&
	    "$PYTHON" -c 'import sys; a = sys.argv[1].split(); assert len(a) == 27 and a[:9] == a[9:18] == a[18:]' "$(index)"
	ok "the same choice in each epoch ($s)"
done
run 0 ss-sample --count 9 --balanced <e.sst && [ "$(records)" = '*' ] && run 0 ss-sample --count 9 --balanced e.sst && [ "$(records)" = 9 ]
ok "a number is declared only if it is sure"

# --- shuffle

run 0 ss-sample --shuffle --seed 4 a.sst && [ "$(index)" = "$(oracle shuffle a.sst 0 --seed 4)" ] && [ "$(records)" = 200 ] && cp out x.sst
ok "--shuffle"
ss-sample --shuffle --seed 9 a.sst | ss-sample --shuffle --seed 4 >out && ss-cmp out x.sst
ok "the order does not depend on that of the input"
"$GEN" -r 40 >e0.sst
run 0 ss-sample --shuffle e.sst && [ "$(index)" = "$(oracle shuffle e0.sst 2) $(oracle shuffle e0.sst 3) $(oracle shuffle e0.sst 4)" ] && ss-info --check out
ok "--shuffle: each epoch has an order of its own"
run 0 ss-sample --shuffle --count 20 --with-replacement --seed 3 a.sst && [ "$(index | tr ' ' '\n' | sort -n | tr '\n' ' ')" = "$(oracle choice a.sst --count 20 --with-replacement --seed 3 | tr ' ' '\n' | sort -n | tr '\n' ' ')" ]
ok "--shuffle of a choice with copies"
run 0 ss-sample --shuffle --limit 10 a.sst && [ "$(index | tr ' ' '\n' | sort -n | tr '\n' ' ')" = "0 1 2 3 4 5 6 7 8 9 " ]
ok "--limit goes before the shuffle"

# --- records are passed whole, and nothing is held that need not be

ss-sample --shuffle a.sst | ss-sample --count 200 >x.sst
ss-sample --shuffle a.sst >y.sst && ss-cmp x.sst y.sst
ok "every tensor of every record, fixed and varying"
"$GEN" -r 30000 -f 64 >big.sst
if ss-sample --version | grep -q sanitize; then
	skip "memory" "built with a sanitizer"
else
	mkdir stl && truncate -s $((3000 * 27648)) stl/unlabeled_X.bin && ss-load stl10 stl --split unlabeled >wide.sst
	"$PYTHON" "$TOP/tests/cli/load.py" rss 40000 ss-sample --count 200 -o few.sst - <wide.sst
	ok "a pipe: only what may be chosen is held"
	"$PYTHON" "$TOP/tests/cli/load.py" rss 40000 ss-sample --fraction 0.9 wide.sst -o most.sst
	ok "a file: nothing is held"
	rm -r stl wide.sst most.sst
fi
run 1 ss-sample --memory 1 --fraction 0.9 <big.sst && says 'more than 1 MiB of records are to be held: see --memory, or give a file' && run 0 ss-sample --memory 1 --fraction 0.9 big.sst && run 0 ss-sample --memory 1 --count 1000 <big.sst
ok "--memory"
run 1 ss-sample --memory 1 --shuffle big.sst && says 'more than 1 MiB of records are to be held: see --memory$'
ok "--memory of a shuffle"

# --- inputs and outputs

run 3 ss-sample </dev/null && says 'empty input'
ok "empty input"
"$GEN" -r 0 >none.sst
run 0 ss-sample --shuffle none.sst && [ "$(records)" = 0 ] && run 0 ss-sample --classes cat none.sst && [ "$(records)" = 0 ] && run 0 ss-sample --limit 3 none.sst && [ "$(records)" = 0 ] &&
    run 2 ss-sample --count 1 none.sst && says '1 of 0 records'
ok "a stream without records"
for args in "--limit 1" "--count 3" "--shuffle" "--classes cat"; do
	for at in 100 5000 $(($(stat -c %s a.sst) - 1)); do
		head -c "$at" a.sst >cut.sst
		# shellcheck disable=SC2086
		run 3 ss-sample $args cut.sst -o cut.out && says '^ss-sample: cut.sst: ' && [ ! -e cut.out ] && run 3 ss-sample $args <cut.sst && says '^ss-sample: '
		ok "$args: cut at $at"
	done
done
{ printf 'P6\n'; cat a.sst; } | run 3 ss-sample && says 'not a tensor stream'
ok "wrong magic"
"$PYTHON" - <<'END'
import struct, zlib
b = bytearray(open("a.sst", "rb").read())
b[8] = 2
b[60:64] = struct.pack("<I", zlib.crc32(bytes(b[:60])))
open("newer.sst", "wb").write(b)
END
run 3 ss-sample newer.sst && says 'newer'
ok "a newer version"
"$GEN" -x -r 30 >failed.sst
for args in "--limit 1" "--count 3" "--shuffle"; do
	# shellcheck disable=SC2086
	run 4 ss-sample $args failed.sst && says 'upstream failed: gen: asked to fail'
	ok "$args: a failure upstream"
done
ss-sample --count 300 a.sst 2>/dev/null | run 4 ss-info --check && says 'upstream failed: ss-sample: 300 records are wanted'
ok "the next program is told"
for args in "--limit 50" "--count 50" "--shuffle"; do
	# shellcheck disable=SC2086
	ss-sample $args a.sst >/dev/full 2>err
	[ $? -eq 1 ] && says 'No space left'
	ok "$args: a full disk"
done
{ ss-sample --fraction 0.9 big.sst 2>err; echo $? >status; } | head -c 10 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves"
run 0 ss-sample --count 5 a.sst -o named.sst && [ ! -s out ] && [ "$(ss-info --get records named.sst)" = 5 ] && run 2 ss-sample --count 5 a.sst -o named.sst && says "'named.sst' exists" &&
    run 2 ss-sample --count 5 a.sst -o a.sst --force && says 'input and output'
ok "-o"
for args in "--count 20" "--shuffle --fraction 0.3" "--every 3"; do
	# shellcheck disable=SC2086
	run 0 ss-sample $args a.sst && mv out x.sst && run 0 ss-sample $args a.sst && cmp out x.sst
	ok "$args: the same bytes again"
done
done_testing
