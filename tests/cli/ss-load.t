#!/bin/bash
# ss-load.t - what ss-load reads, in which order it writes it, and what it refuses
. "$(dirname "$0")/lib.sh"
load() { "$PYTHON" "$TOP/tests/cli/load.py" "$@"; }
real=${SS_DATA:-$TOP/../shared/data}		# where real data may be
unset SS_DATA SS_THREADS

load make-cifar c10 10 && load make-cifar c100 100 && load make-idx idx && load make-npy npy
ok "fixtures are made"
bin=c10/bin/cifar-10-batches-bin

# The command line

run 0 ss-load --help && grep -q '^usage: ss-load' out && grep -q -- '--first-epoch' out && [ ! -s err ]
ok "--help explains on standard output"
run 0 ss-load --version && grep -q '^ss-load 0' out
ok "--version"

while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-load $args && says '^ss-load: ' && [ ! -s out ]
	ok "misuse: ss-load $args"
done <<'END'

nothing
cifar a b
--nonsense cifar
cifar --limit 0
cifar --limit 3x
cifar --limit -1
cifar --limit
cifar --epochs 0
cifar --epochs 3 --first-epoch 3
cifar --seed -1
cifar --seed 18446744073709551616
cifar --shard 4/4
cifar --shard 2
cifar --shard /3
cifar --shard 1/0
cifar --shard 00000000000000001/3
cifar --split valid
cifar --labels fine
cifar --names x
cifar --layout hwc
cifar --size 64
cifar --records 5
cifar --frame 0
cifar100 --labels middling
shapes somewhere
shapes --labels x
shapes --size 8
shapes --size 1000
shapes --threads -1
npy
npy --split test npy/chw.npy
npy --layout cwh npy/chw.npy
END

if command -v mandoc >/dev/null; then
	run 0 mandoc -T lint -W warning "$TOP/man/ss-load.1"
	ok "the manual page is clean"
else
	skip "the manual page is clean" "mandoc is not installed"
fi

# Where the data are

run 1 ss-load cifar && says "no CIFAR-10 in 'data' (no such folder.*set SS_DATA.*https://"
ok "no data: says that it looked in data, and what to do"
mkdir empty
SS_DATA=empty run 1 ss-load cifar100 && says "no CIFAR-100 in 'empty' (wanted train.bin"
ok "no data in \$SS_DATA"
run 1 ss-load cifar empty && says "no CIFAR-10 in 'empty'"
ok "no data in PATH"
run 1 ss-load idx empty && says "no IDX images in 'empty' (wanted train-images"
ok "no IDX files"
run 1 ss-load npy empty/x.npy && says "cannot open 'empty/x.npy': No such file"
ok "no .npy file"
run 1 ss-load npy empty && says "it is a folder"
ok "a folder for a .npy file"

run 0 ss-load cifar c10/bin --no-history && cp out want.sst
ok "PATH holds the official folder"
run 0 ss-load cifar --no-history "$bin" && cmp out want.sst
ok "PATH is the official folder"
SS_DATA=c10/bin run 0 ss-load cifar --no-history && cmp out want.sst
ok "\$SS_DATA"
ln -s c10/tar data
run 0 ss-load cifar --no-history && cmp out want.sst
ok "./data, with the archive in it"
SS_DATA=empty run 0 ss-load cifar --no-history c10/tar/cifar-10-binary.tar.gz && cmp out want.sst
ok "PATH is the archive, and goes before \$SS_DATA"
run 0 ss-load cifar10 --no-history c10/plain.tar && cmp out want.sst
ok "PATH is an archive without gzip"
rm data

# CIFAR-10

printf '@HD\tVN:1.0\tNS:35\tEP:1\tE0:0\tDS:cifar10-train
@TN\tNM:image\tDT:u8\tSH:3,32,32\n@TN\tNM:label\tDT:i32\tSH:\n@TN\tNM:index\tDT:u64\tSH:\n' >header
i=0
for name in airplane automobile bird cat deer dog frog horse ship truck; do
	printf '@LB\tID:%d\tNM:%s\n' "$i" "$name" >>header
	i=$((i + 1))
done
load header want.sst | diff header -
ok "header: counts, tensors, class names"
ss-load cifar c10/bin | load header /dev/stdin | tail -n 1 | grep -q '^@PG.*PN:ss-load.*CL:ss-load cifar c10/bin'
ok "history"
for split in train test all; do
	for path in bin tar; do
		run 0 ss-load cifar c10/$path --split $split && load check-cifar out $bin $split cifar10 &&
		    load index out | cut -d' ' -f2- | tr ' ' '\n' | sort -nc
		ok "cifar --split $split from $path: every record in its place"
	done
done
run 0 ss-load cifar c10/bin --split all && [ "$(load index out | wc -w)" -eq 41 ]
ok "all is train and test"
sed 's/cat/tiger/' -i c10/bin/cifar-10-batches-bin/batches.meta.txt
ss-load cifar c10/bin | load header /dev/stdin | grep -q 'ID:3.NM:tiger'
ok "class names come from batches.meta.txt"
sed 1d -i $bin/batches.meta.txt
run 3 ss-load cifar c10/bin && says "batches.meta.txt': 9 class names, wanted 10"
ok "a class name too few"
rm $bin/batches.meta.txt
run 0 ss-load cifar c10/bin --no-history && cmp out want.sst
ok "class names without batches.meta.txt"
run 0 ss-load cifar c10/bin --labels none && ! load header out | grep -q -e NM:label -e '@LB'
ok "--labels none: neither labels nor class names"

# Order, epochs, shards, frames

run 0 ss-load cifar c10/bin --shuffle --seed 5 --epochs 4 --frame 8 && cp out shuffled.sst &&
    load check-cifar out $bin train cifar10
ok "shuffled records are whole"
load index shuffled.sst >index && load order 35 5 0 1 2 3 | cmp - index
ok "the shuffle is Fisher-Yates over Philox, of seed and epoch alone"
[ "$(load frames shuffled.sst)" = "$(for e in 0 1 2 3; do printf '8 8 8 8 3 '; done | sed 's/ $//')" ]
ok "a frame never spans epochs"
run 0 ss-load cifar c10/tar --shuffle --seed 5 --epochs 4 && load index out | cmp - index
ok "the same from the archive"
run 0 ss-load cifar c10/bin --shuffle --seed 6 --epochs 4 && ! load index out | cmp -s - index
ok "another seed, another order"
run 0 ss-load cifar c10/bin --shuffle --seed 18446744073709551615 &&
    load order 35 18446744073709551615 0 | cmp - <(load index out)
ok "the largest seed"
run 0 ss-load cifar c10/bin --shuffle --seed 5 --epochs 4 --first-epoch 2 &&
    load index out | cmp - <(tail -n 2 index) && load header out | grep -q 'NS:35.EP:2.E0:2'
ok "--first-epoch goes on where another run stopped"
run 0 ss-load cifar c10/bin --epochs 3 && [ "$(load index out | cut -d' ' -f2- | uniq | wc -l)" -eq 1 ] &&
    load check-cifar out $bin train cifar10
ok "epochs without shuffle are alike"
run 0 ss-load cifar c10/bin --shuffle --seed 5 --epochs 4 --frame 1 && load index out | cmp - index
ok "frames of one record"
run 0 ss-load cifar c10/bin --frame 65536 && [ "$(load frames out)" = 35 ] &&
    load check-cifar out $bin train cifar10
ok "one frame for all"
run 2 ss-load shapes --size 512 --frame 65536 && says "frames of 65536 records of 786432 bytes are larger than"
ok "a frame too large for a stream"
for i in 0 1 2; do
	run 0 ss-load cifar c10/bin --shuffle --seed 5 --epochs 4 --shard $i/3 && load index out >shard$i &&
	    load header out | grep -q "NS:$(((35 - i + 2) / 3))"
	ok "--shard $i/3"
done
paste -d' ' shard0 <(cut -d' ' -f2- shard1) <(cut -d' ' -f2- shard2) | tr ' ' '\n' | sort -n >a
tr ' ' '\n' <index | sort -n | cmp - a &&
    [ "$(cut -d' ' -f1-4 index)" = "$(paste -d' ' <(cut -d' ' -f1,2 shard0) <(cut -d' ' -f2 shard1) <(cut -d' ' -f2 shard2))" ]
ok "the shards are the whole, dealt out"
run 0 ss-load cifar c10/bin --shard 5/9 --split test && [ "$(load index out)" = "" ] && load header out | grep -q NS:0
ok "a shard without records"
run 0 ss-load cifar c10/bin --shard 1/2 && load check-cifar out $bin train cifar10 &&
    [ "$(load index out | cut -d' ' -f1-4)" = "0 1 3 5" ]
ok "a shard in data set order"

for path in bin tar; do
	run 0 ss-load cifar c10/$path --limit 9 && load check-cifar out $bin train cifar10 &&
	    [ "$(load index out)" = "0 0 1 2 3 4 5 6 7 8" ]
	ok "--limit from $path"
	run 0 ss-load cifar c10/$path --limit 1000 && [ "$(load index out | wc -w)" -eq 36 ]
	ok "--limit beyond the end from $path"
done
run 0 ss-load cifar c10/bin --limit 9 --shuffle && [ "$(load index out | tr ' ' '\n' | sort -n | tail -n 1)" = 8 ]
ok "--limit goes before the shuffle"

# CIFAR-10, damaged

cp -r c10/bin bad
b=bad/cifar-10-batches-bin
load poke $b/data_batch_2.bin 6146 10
run 3 ss-load cifar bad && says "data_batch_2.bin': label 10 at offset 6146 (record 2)"
ok "a wrong label"
run 0 ss-load cifar bad --limit 7 && run 0 ss-load cifar bad --split test
ok "what is not needed is not read"
ss-load cifar bad 2>/dev/null | cat >piped
grep -aq "ss-load: .*label 10 at offset 6146" piped
ok "the next program is told"
run 3 ss-load cifar bad -o bad.sst && [ ! -e bad.sst ] && [ -z "$(ls | grep 'bad.sst')" ]
ok "no half-written output"
load poke $b/data_batch_2.bin 21511 0
run 3 ss-load cifar bad && says "data_batch_2.bin': size 21512 is not a multiple of 3073: the record at offset 21511"
ok "a size that is no multiple"
: >$b/data_batch_2.bin
run 3 ss-load cifar bad && says "data_batch_2.bin': empty"
ok "an empty file"
rm $b/data_batch_2.bin
run 1 ss-load cifar bad && says "cannot open 'bad/cifar-10-batches-bin/data_batch_2.bin': No such file"
ok "a missing file"
mkdir $b/data_batch_2.bin
run 1 ss-load cifar bad && says "data_batch_2.bin': not a regular file"
ok "a folder for a file"

gz=c10/tar/cifar-10-binary.tar.gz
size=$(stat -c %s $gz)
caught=0 cuts=0
for at in 0 1 9 10 11 100 $(seq 1000 3001 "$size") $((size - 9)) $((size - 8)) $((size - 1)); do
	head -c "$at" $gz >cut.tar.gz
	cuts=$((cuts + 1))
	run 3 ss-load cifar cut.tar.gz && says "^ss-load: 'cut.tar.gz.* offset " && caught=$((caught + 1))
done
[ "$cuts" -gt 30 ] && [ $caught -eq $cuts ]
ok "an archive cut anywhere: $caught of $cuts noticed"
caught=0 flips=0
for bit in $(seq 83 20011 $((size * 8))) $((size * 8 - 3)) $((size * 8 - 40)); do
	cp $gz flip.tar.gz
	load flip flip.tar.gz "$bit"
	flips=$((flips + 1))
	ss-load cifar --no-history flip.tar.gz >out 2>err
	case $? in
	0) cmp out want.sst && caught=$((caught + 1)) ;;	# a bit that deflate does not use
	3) says "^ss-load: 'flip.tar.gz.* offset " && caught=$((caught + 1)) ;;
	esac
done
[ "$flips" -gt 30 ] && [ $caught -eq $flips ]
ok "an archive with a flipped bit: $caught of $flips noticed or harmless"
tar -C c10/bin -czf less.tar.gz --exclude=data_batch_3.bin cifar-10-batches-bin
run 3 ss-load cifar less.tar.gz && says "less.tar.gz': no member 'data_batch_3.bin'"
ok "an archive without a member"
run 0 ss-load cifar less.tar.gz --limit 14 && load check-cifar out $bin train cifar10
ok "a member that is not needed may be missing"
tar -C bad -czf link.tar.gz --transform='s,.*,data_batch_1.bin,' cifar-10-batches-bin/data_batch_2.bin
run 3 ss-load cifar link.tar.gz && says "no member 'data_batch_1.bin'"
ok "a folder of that name is no member"
echo "not an archive, but long enough to be one" >text.tar.gz
run 3 ss-load cifar text.tar.gz && says "text.tar.gz': not a sound archive"
ok "not an archive"
: >empty.tar.gz
run 3 ss-load cifar empty.tar.gz && says "empty.tar.gz"
ok "an empty archive"
for n in 1 2 3 4 5; do cp $bin/data_batch_$n.bin bad/; done
printf x >>bad/data_batch_4.bin
tar -C bad -czf odd.tar.gz data_batch_{1,2,3,4,5}.bin
run 3 ss-load cifar odd.tar.gz && says "odd.tar.gz: data_batch_4.bin': size 21512 is not a multiple"
ok "an archive's member whose size is no multiple"
cp $bin/data_batch_4.bin bad/ && load poke bad/data_batch_4.bin 0 255
tar -C bad -cf label.tar data_batch_{1,2,3,4,5}.bin
run 3 ss-load cifar label.tar && says "label.tar: data_batch_4.bin': label 255 at offset 0 (record 0)"
ok "an archive's member with a wrong label"

# CIFAR-100

bin100=c100/bin/cifar-100-binary
for labels in fine coarse; do
	for split in train test all; do
		run 0 ss-load cifar100 c100/tar --labels $labels --split $split &&
		    load check-cifar out $bin100 $split $labels && load header out | grep -q "NM:${labels}19"
		ok "cifar100 --labels $labels --split $split"
	done
done
run 0 ss-load cifar100 c100/bin --no-history && cp out fine && run 0 ss-load cifar100 c100/tar --labels fine --no-history && cmp out fine
ok "cifar100: folder and archive alike, fine labels unless told"
rm $bin100/*.txt
ss-load cifar100 c100/bin --limit 1 | load header /dev/stdin >h
grep -q 'ID:0.NM:apple$' h && grep -q 'ID:99.NM:worm$' h && [ "$(grep -c '^@LB' h)" -eq 100 ] &&
    [ "$(grep '^@LB' h | sed 's/.*NM://' | sort -u | wc -l)" -eq 100 ]
ok "cifar100: the 100 names are built in"
ss-load cifar100 c100/bin --labels coarse --limit 1 | load header /dev/stdin >h
grep -q 'ID:0.NM:aquatic_mammals$' h && grep -q 'ID:19.NM:vehicles_2$' h && [ "$(grep -c '^@LB' h)" -eq 20 ]
ok "cifar100: the 20 names are built in"
load poke $bin100/train.bin 3075 100
run 3 ss-load cifar100 c100/bin && says "train.bin': label 100 at offset 3075 (record 1) is not in 0..99"
ok "cifar100: a wrong label"
run 0 ss-load cifar100 c100/bin --labels coarse
ok "cifar100: the label that is not asked for does not matter"

# IDX

for how in plain gz; do
	for split in train test all; do
		run 0 ss-load idx idx/$how --split $split && load tensor out image >a && load tensor out label >b &&
		    case $split in
		    train) cmp a idx/train.images && cmp b idx/train.labels ;;
		    test) cmp a idx/t10k.images && cmp b idx/t10k.labels ;;
		    all) cat idx/train.images idx/t10k.images | cmp - a && cat idx/train.labels idx/t10k.labels | cmp - b ;;
		    esac && load header out | grep -q "DS:$how-$split" && load header out | grep -q 'SH:1,5,4'
		ok "idx --split $split, $how"
	done
	run 0 ss-load idx idx/$how --split all --epochs 3 --frame 7 && cat idx/{train,t10k}.images >a &&
	    load tensor out image | cmp - <(cat a a a)
	ok "idx, three epochs, $how"
	run 0 ss-load idx idx/$how --split all --shuffle --seed 2 && load order 26 2 0 | cmp - <(load index out)
	ok "idx, shuffled, $how"
	run 0 ss-load idx idx/$how --split all --shard 2/5 --epochs 2 && [ "$(load index out)" = "0 2 7 12 17 22
1 2 7 12 17 22" ] && head -c 60 idx/train.images | tail -c 20 | cmp - <(load tensor out image | head -c 20)
	ok "idx, a shard, $how"
done
run 0 ss-load idx idx/gz --limit 3 && load tensor out image | cmp - <(head -c 60 idx/train.images)
ok "idx --limit"
run 0 ss-load idx idx/gz --labels none && ! load header out | grep -q NM:label
ok "idx --labels none"
seq 10 | sed 's/^/name /' >names
run 0 ss-load idx idx/gz --names names && load header out | grep -q 'ID:9.NM:name 10'
ok "idx --names"
head -n 9 names >nine
run 3 ss-load idx idx/gz --names nine && says "train-labels-idx1-ubyte.gz': label 9 at offset 16 (record 8) has no class name"
ok "idx: a label without a name"
run 0 ss-load idx idx/gz/t10k-images-idx3-ubyte.gz && load tensor out image | cmp - idx/t10k.images &&
    ! load header out | grep -q NM:label && load header out | grep -q 'DS:t10k-images-idx3-ubyte$'
ok "idx: one file of images"
run 0 ss-load idx idx/plain/t10k-images-idx3-ubyte --labels idx/gz/t10k-labels-idx1-ubyte.gz &&
    load tensor out label | cmp - idx/t10k.labels
ok "idx: one file of images and one of labels"
run 3 ss-load idx idx/plain/t10k-images-idx3-ubyte --labels idx/gz/train-labels-idx1-ubyte.gz &&
    says "20 labels at offset 4, but 'idx/plain/t10k-images-idx3-ubyte' has 6 images"
ok "idx: labels of other images"
run 2 ss-load idx idx/plain/t10k-images-idx3-ubyte --split test && says "is one file: it has no split 'test'"
ok "idx: one file has no splits"
run 3 ss-load idx idx/plain/t10k-labels-idx1-ubyte && says "1 dimensions at offset 3, wanted 3 or 4"
ok "idx: labels for images"
cp -r idx/gz nolabels && rm nolabels/train-labels*
run 1 ss-load idx nolabels && says "no labels in 'nolabels' .*--labels none"
ok "idx: missing labels"
f=idx/plain/train-images-idx3-ubyte
caught=0
for at in 0 3 4 15 16 17 300 415; do
	head -c $at $f >cut
	run 3 ss-load idx cut && says "^ss-load: 'cut': .* at offset " && caught=$((caught + 1))
	gzip -c <cut >cut.gz
	run 3 ss-load idx cut.gz && says "^ss-load: 'cut.gz': .* at offset " && caught=$((caught + 1))
done
[ $caught -eq 16 ]
ok "idx: cut files, plain and then gzipped: $caught of 16 noticed"
f=idx/gz/train-images-idx3-ubyte.gz
size=$(stat -c %s $f)
caught=0
for ((at = 0; at < size; at++)); do
	head -c $at $f >cut.gz
	[ $((at % 29)) -eq 0 ] || [ "$at" -lt 24 ] || [ $((size - at)) -lt 12 ] || { caught=$((caught + 1)); continue; }
	run 3 ss-load idx cut.gz && says "^ss-load: 'cut.gz': .* offset " && caught=$((caught + 1))
done
[ $caught -eq "$size" ]
ok "idx: a gzip file cut anywhere"
{ cat idx/plain/train-images-idx3-ubyte; printf x; } >more && gzip -kf more
run 3 ss-load idx more && says "more bytes than its header says" && run 3 ss-load idx more.gz && says "more bytes than its header says, from offset 416"
ok "idx: bytes behind the end"
run 0 ss-load idx more.gz --limit 19
ok "idx: what is not needed is not read"
printf '\0\0\014\003\0\0\0\1\0\0\0\1\0\0\0\1abcd' >other
run 3 ss-load idx other && says "element type 0x0c at offset 2"
ok "idx: another element type"
printf '\0\0\010\003\377\377\377\377\377\377\377\377\377\377\377\377' >huge
run 3 ss-load idx huge && says "impossible dimension"
ok "idx: impossible dimensions"
printf '\0\0\010\003\177\377\377\377\0\0\077\377\0\0\020\0' | gzip >huge.gz
printf '\0\0\010\003\100\0\0\0\0\0\0\001\0\0\0\001' | gzip >claim.gz
if ss-load --version | grep -q sanitize; then
	skip "idx: a claim too large for the memory" "built with a sanitizer"
	skip "idx: a claim alone takes no memory" "built with a sanitizer"
else
	(ulimit -v 2000000 && run 1 ss-load idx huge.gz --shuffle && says "out of memory: huge needs")
	ok "idx: a claim too large for the memory"
	run 3 "$PYTHON" "$TOP/tests/cli/load.py" rss 65536 ss-load idx claim.gz --shuffle && says "'claim.gz': truncated"
	ok "idx: a claim alone takes no memory"
fi
printf '\377\0\010\003' >magic
run 3 ss-load idx magic && says "not an IDX file: it begins with ff 00"
ok "idx: wrong magic"
printf '\0\0\010\004\0\0\0\1\0\0\0\3\0\0\0\1\0\0\0\2abcdef' >four
run 0 ss-load idx four && load header out | grep -q 'SH:3,1,2' && [ "$(load tensor out image)" = abcdef ]
ok "idx: four dimensions"

# npy

for f in chw.npy v2.npy v3.npy chw.npy.gz; do
	run 0 ss-load npy npy/$f --labels npy/labels.npy &&
	    load tensor out image | cmp - npy/images && load tensor out label | cmp - npy/label &&
	    load header out | grep -q 'SH:3,6,5'
	ok "npy: $f"
done
run 0 ss-load npy npy/hwc.npy --layout hwc --labels npy/labels16.npy && load tensor out image | cmp - npy/images &&
    load tensor out label | cmp - npy/label && load header out | grep -q 'SH:3,6,5'
ok "npy: --layout hwc"
run 0 ss-load npy npy/grey.npy && load tensor out image | cmp - npy/images && load header out | grep -q 'NS:27' &&
    load header out | grep -q 'SH:1,6,5'
ok "npy: three dimensions are one channel"
run 0 ss-load npy npy/f32.npy && load tensor out image | cmp - npy/floats && load header out | grep -q 'NM:image.DT:f32'
ok "npy: floats"
run 0 ss-load npy npy/hwc.npy && says "is it --layout hwc"
ok "npy: warns of a likely layout"
run 0 ss-load npy --epochs 2 - <npy/chw.npy && load tensor out image | cmp - <(cat npy/images npy/images)
ok "npy: standard input, two epochs"
cat npy/chw.npy | run 0 ss-load npy --shuffle --epochs 2 --seed 3 - && load order 9 3 0 1 | cmp - <(load index out)
ok "npy: a pipe, shuffled"
run 0 ss-load npy npy/hwc.npy --layout hwc --limit 4 --epochs 2 --frame 3 &&
    load tensor out image | cmp - <(head -c 360 npy/images; head -c 360 npy/images)
ok "npy: --limit, two epochs"
for f in magic v9 fortran object double big flat zero huge wraps code extra cut more; do
	run 3 ss-load npy npy/$f.npy && says "^ss-load: 'npy/$f.npy'"
	ok "npy: $f is refused: $(sed "s/.*': //" err)"
done
for f in negative few f32 chw cut; do
	run 3 ss-load npy npy/chw.npy --labels npy/$f.npy && says "^ss-load: 'npy/$f.npy'"
	ok "npy: --labels $f is refused: $(sed "s/.*': //" err)"
done
caught=0
size=$(stat -c %s npy/chw.npy)
for at in $(seq 0 17 "$size") $((size - 1)); do
	head -c "$at" npy/chw.npy | gzip >cut.gz
	run 3 ss-load npy cut.gz && says "^ss-load: 'cut.gz': .*offset" || echo "# $at"
	[ "$got" -eq 3 ] && caught=$((caught + 1))
done
[ $caught -gt 50 ] && [ $caught -eq $((size / 17 + 2)) ]
ok "npy: cut anywhere: $caught noticed"
run 3 ss-load npy - </dev/null && says "'-': truncated at offset 0"
ok "npy: empty input"
if "$PYTHON" -c 'import numpy' 2>/dev/null; then
	"$PYTHON" - <<'END'
import numpy as np
r = np.random.RandomState(0)
x = r.randint(0, 256, (5, 8, 7, 3), np.uint8)
np.save("np.npy", x)
np.save("nl.npy", np.arange(5, dtype=np.int16))
np.save("nf.npy", x.transpose(0, 3, 1, 2).astype("f4"))		# its layout in memory is not C order
np.save("nt.npy", np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
x.transpose(0, 3, 1, 2).tofile("want")
END
	run 0 ss-load npy np.npy --layout hwc --labels nl.npy && load tensor out image | cmp - want &&
	    run 0 ss-load npy nt.npy && load tensor out image | cmp - want
	ok "npy: files written by numpy"
else
	skip "npy: files written by numpy" "numpy is not installed"
fi

# Shapes

run 0 ss-load shapes --records 100 --no-history && cp out shapes.sst && load header out | grep -q 'NS:100.*DS:shapes-train' &&
    load header out | grep -q 'SH:3,32,32' && load header out | grep -q 'ID:4.NM:star'
ok "shapes"
run 0 ss-load shapes --records 100 --no-history -t 2 && cmp out shapes.sst
ok "shapes: the same bytes from two threads"
run 0 ss-load shapes --no-history --limit 40 --frame 3 -t 3 && load tensor out image >a &&
    load tensor shapes.sst image | head -c $((40 * 3072)) | cmp - a
ok "shapes: a picture depends on its number alone"
run 0 ss-load shapes --records 100 --seed 1 && ! load tensor out image | cmp -s - <(load tensor shapes.sst image)
ok "shapes: another seed, other pictures"
run 0 ss-load shapes --records 100 --split test && ! load tensor out image | cmp -s - <(load tensor shapes.sst image) && cp out test.sst
ok "shapes: the test split has other pictures"
run 0 ss-load shapes --records 500 --split all && load header out | grep -q NS:600 &&
    load tensor out image | tail -c 307200 | cmp - <(load tensor test.sst image) &&
    load tensor out label | tail -c 400 | cmp - <(load tensor test.sst label)
ok "shapes: all is train and test"
run 0 ss-load shapes --records 50 --shuffle --epochs 2 --seed 4 && load index out | cmp - <(load order 50 4 0 1)
ok "shapes: shuffled"
run 0 ss-load shapes --records 3 --size 37 && load header out | grep -q 'SH:3,37,37'
ok "shapes: --size"
run 0 ss-load shapes --split test --labels none && load header out | grep -q NS:2000
ok "shapes: 2000 test pictures by default"

# Outputs

run 1 ss-load shapes --records 100 -o /dev/full && says "ss-load: .*No space left"
ok "a full disk"
ss-load shapes --records 100 >/dev/full 2>err
[ $? -eq 1 ] && says "No space left"
ok "a full disk on standard output"
(ulimit -f 4; run 1 ss-load shapes --records 100 -o limited.sst) && says "limited.sst: .*File too large" && [ ! -e limited.sst ]
ok "a limit on the size of files: a failed write, no file"
(ss-load shapes; echo $? >status) 2>err | head -c 10 >/dev/null
[ "$(cat status)" -eq 141 ] && [ ! -s err ]
ok "a reader that leaves"
run 0 ss-load shapes --records 100 --no-history -o named.sst && [ ! -s out ] && cmp named.sst shapes.sst
ok "-o"
run 2 ss-load shapes -o named.sst && says "named.sst" && cmp named.sst shapes.sst
ok "an existing output is not overwritten"
run 1 ss-load shapes -o nowhere/x.sst && says "nowhere/x.sst.*No such file"
ok "an output that cannot be made"

# Real data, where they are

data=$real
if [ -e "$data/cifar-10-batches-bin/data_batch_1.bin" ]; then
	md5sum <"$data/cifar-10-batches-bin/data_batch_1.bin" | grep -q 5dd7e06a14cb22eb9f671a540d1b7c25
	ok "this is the real CIFAR-10"
	run 0 ss-load cifar "$data" --split all --shuffle && [ "$(load index out | wc -w)" -eq 60001 ] &&
	    load check-cifar out "$data/cifar-10-batches-bin" all cifar10
	ok "the real CIFAR-10, every byte"
	rm -f out
else
	skip "the real CIFAR-10" "no cifar-10-batches-bin in $data"
fi
fashion=/usr/share/datasets/fashion-mnist
if [ -e $fashion/train-images-idx3-ubyte.gz ]; then
	run 0 ss-load idx $fashion --split all && load check-idx out $fashion all &&
	    load header out | grep -q 'NS:70000.*DS:fashion-mnist-all'
	ok "the real Fashion-MNIST, every byte"
else
	skip "the real Fashion-MNIST" "package dataset-fashion-mnist is not installed"
fi
done_testing
