#!/bin/bash
# load-stl10.t - ss-load stl10: columns become rows, labels begin at 0, splits, archive, faults
. "$(dirname "$0")/lib.sh"
load() { "$PYTHON" "$TOP/tests/cli/load.py" "$@"; }
unset SS_DATA

load make-stl s
ok "fixtures are made"
bin=s/bin/stl10_binary
for split in train test all unlabeled train+unlabeled; do
	for path in bin tar; do
		run 0 ss-load stl10 s/$path --split $split --no-history && load check-stl out $split &&
		    load index out | cut -d' ' -f2- | tr ' ' '\n' | sort -nc && mv out $path.sst
		ok "stl10 --split $split from $path: every record in its place"
	done
	cmp bin.sst tar.sst
	ok "--split $split: folder and archive alike"
done
run 0 ss-load stl10 s/bin && ss-info --header out | grep -v '^@PG' >header
{ printf '@HD\tVN:1.0\tNS:30\tEP:1\tE0:0\tDS:stl10-train\n@TN\tNM:image\tDT:u8\tSH:3,96,96\n@TN\tNM:label\tDT:i32\tSH:\n@TN\tNM:index\tDT:u64\tSH:\n'
i=0
for c in a b c d e f g h i j; do printf '@LB\tID:%d\tNM:%s\n' $i $c; i=$((i + 1)); done; } | cmp - header
ok "the header; class names come from class_names.txt"
run 0 ss-load stl10 s/bin --split unlabeled && ! ss-info --header out | grep -q -e NM:label -e '@LB'
ok "unlabeled has neither labels nor names"
run 0 ss-load stl10 $bin --split train+unlabeled --labels none && ! ss-info --header out | grep -q NM:label
ok "--labels none"
mkdir one && cp $bin/unlabeled_X.bin one/
run 0 ss-load stl10 one --split unlabeled && load check-stl out unlabeled
ok "a folder with the unlabelled images alone"
run 1 ss-load stl10 one && says "cannot open 'one/train_X.bin': No such file"
ok "a split whose files are not there"
SS_DATA=s/bin run 0 ss-load stl10 && load check-stl out train
ok "\$SS_DATA"
mkdir empty
run 1 ss-load stl10 empty && says "no STL-10 in 'empty' (wanted train_X.bin, stl10_binary/ or stl10_binary.tar.gz).*http://ai.stanford.edu/~acoates/stl10/"
ok "no data: says what is wanted, and from where"
for path in bin tar; do
	run 0 ss-load stl10 s/$path --split train+unlabeled --shuffle --seed 5 --epochs 2 && load check-stl out train+unlabeled &&
	    load order 53 5 0 1 | cmp - <(load index out)
	ok "shuffled, from $path"
	run 0 ss-load stl10 s/$path --split all --limit 35 --shard 1/3 && load check-stl out all && [ "$(load index out)" = "0 1 4 7 10 13 16 19 22 25 28 31 34" ]
	ok "--limit, --shard, from $path"
done
if ss-load --version | grep -q sanitize; then
	skip "a shuffled folder takes no memory" "built with a sanitizer"
else
	mkdir big && truncate -s $((3000 * 27648)) big/unlabeled_X.bin
	run 0 load rss 40000 ss-load stl10 big --split unlabeled --shuffle --epochs 2 -o /dev/null
	ok "a shuffled folder takes no memory"
	rm -r big
fi

# Damage
cp -r s/bin bad && b=bad/stl10_binary
load poke $b/train_y.bin 7 0
run 3 ss-load stl10 bad && says "train_y.bin': label 0 at offset 7 is not in 1..10"
ok "a label below 1"
load poke $b/train_y.bin 7 11
run 3 ss-load stl10 bad && says "label 11 at offset 7" && run 0 ss-load stl10 bad --split test && run 0 ss-load stl10 bad --limit 7
ok "a label above 10; what is not needed is not read"
load poke $b/train_y.bin 30 1
run 3 ss-load stl10 bad && says "train_y.bin': 31 labels, but '.*train_X.bin' has 30 images"
ok "a label too many"
load poke $b/train_X.bin $((30 * 27648)) 1
run 3 ss-load stl10 bad && says "train_X.bin': size 829441 is not a multiple of 27648: the record at offset 829440 is cut"
ok "half an image"
: >$b/test_y.bin
run 3 ss-load stl10 bad --split test && says "test_y.bin': empty"
ok "no labels"
gz=s/tar/stl10_binary.tar.gz
size=$(stat -c %s $gz)
caught=0 cuts=0
for at in 10 1000 $(seq 100000 400001 "$size") $((size - 8)) $((size - 1)); do
	head -c "$at" $gz >cut.tar.gz
	cuts=$((cuts + 1))
	run 3 ss-load stl10 cut.tar.gz --split train && says "^ss-load: 'cut.tar.gz.* offset " && caught=$((caught + 1))
done
[ "$cuts" -gt 6 ] && [ $caught -eq $cuts ]
ok "an archive cut anywhere: $caught of $cuts noticed"
tar -C s/bin -czf less.tar.gz --exclude=train_y.bin stl10_binary
run 3 ss-load stl10 less.tar.gz && says "no member 'train_y.bin'" && run 0 ss-load stl10 less.tar.gz --split test
ok "an archive without labels"
run 2 ss-load stl10 s/bin --split valid && says "--split of stl10 is train, test, all, unlabeled or train+unlabeled, not 'valid'" && run 2 ss-load cifar --split unlabeled && says "--split of cifar is train, test or all, not"
ok "splits that are not"
done_testing
