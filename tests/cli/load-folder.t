#!/bin/bash
# load-folder.t - ss-load folder: pictures in files of their own, their order, names, labels and faults
. "$(dirname "$0")/lib.sh"
png() { "$PYTHON" "$TOP/tests/cli/png.py" "$@"; }
load() { "$PYTHON" "$TOP/tests/cli/load.py" "$@"; }
# tensor NAME: its items in the stream `out`
tensor() { "$PYTHON" "$TOP/tests/sst_read.py" out "$1"; }
numbers() { od -An -v -t"$1" -w"$2" | tr -d ' ' | tr '\n' ' ' | sed 's/ $//'; }
labels() { tensor label | numbers d4 4; }
index() { tensor index | numbers u8 8; }
unset SS_DATA

# --- order, names, labels

# The pictures alone are in p; what is expected of them is in rgb/p.
mkdir p
for f in dog/2 dog/10 cat/b/x cat/a-z 'cat/a z' bird/1; do
	png make "p/$f.png" 6 5
done
mkdir rgb
find p -name '*.alpha' -delete
find p -name '*.rgb' | while read -r f; do mkdir -p "rgb/$(dirname "$f")"; mv "$f" "rgb/$f"; done
all=(p/bird/1 'p/cat/a z' p/cat/a-z p/cat/b/x p/dog/10 p/dog/2)
# holds FILE...: `out` has the pictures of these, in this order, and their names
holds() {
	: >want.rgb
	: >want.names
	for f; do
		cat "rgb/$f.rgb" >>want.rgb
		printf '%s' "${f#*/}.png" >>want.names
	done
	tensor image | cmp - want.rgb && tensor name | cmp - want.names
}

run 0 ss-load folder p && [ ! -s err ] && holds "${all[@]}" && [ "$(labels)" = "0 1 1 1 2 2" ] && [ "$(index)" = "0 1 2 3 4 5" ]
ok "files of a tree, in the order of their paths, labelled by folder"
ss-info --header out | grep -v '^@PG' >header
printf '@HD\tVN:1.0\tNS:6\tEP:1\tE0:0\tDS:p-all\n@TN\tNM:image\tDT:u8\tSH:3,5,6\n@TN\tNM:label\tDT:i32\tSH:
@TN\tNM:index\tDT:u64\tSH:\n@TN\tNM:name\tDT:u8\tSH:?\n@LB\tID:0\tNM:bird\n@LB\tID:1\tNM:cat\n@LB\tID:2\tNM:dog\n' | cmp - header
ok "the header"
run 0 ss-load folder p/ && holds "${all[@]}" && run 0 ss-load folder ./p --labels directory && holds "${all[@]}"
ok "other ways to write the folder"
(cd p && ss-load folder . >../out) && holds "${all[@]}" && ss-info --header out | grep -q 'DS:folder-all'
ok "the folder that one is in"
run 0 ss-load folder p --labels none && holds "${all[@]}" && ! ss-info --header out | grep -q -e NM:label -e '@LB'
ok "--labels none"
run 0 ss-load folder p/dog && ! ss-info --header out | grep -q -e label -e '@LB'
ok "a folder without folders has no labels"
run 1 ss-load folder p/dog --labels directory && says "'p/dog' has no folders to take the labels from"
ok "labels of folders that are not there"
run 0 ss-load folder p/cat && [ "$(labels)" = "-1 -1 0" ] && says "'p/cat': 2 of 3 images have no label: -1"
ok "files beside folders have label -1, and this is told"

mkdir q
for f in cat_1 cat_2_x dog_1; do png make q/$f.png 4 4 && rm q/$f.rgb q/$f.alpha; done
run 0 ss-load folder q --labels prefix && [ "$(labels)" = "0 0 1" ] && ss-info --header out | grep -q 'ID:1.NM:dog'
ok "--labels prefix: what stands before the first _"
cp -r q q2 && cp q/cat_1.png q2/nothing.png
run 3 ss-load folder q2 --labels prefix && says "'nothing.png': no class: nothing stands before a '_' in its name"
ok "a name without a prefix"
printf 'dog/2.png\tb\ncat/b/x.png\ta\r\n\n./bird/1.png\tb\n' >t.tsv
run 0 ss-load folder p --labels t.tsv && [ "$(labels)" = "1 -1 -1 0 -1 1" ] && ss-info --header out | grep -q 'ID:1.NM:b' &&
    says "'p': 3 of 6 images have no label"
ok "labels from a table: names"
printf 'dog/2.png\t10\ncat/b/x.png\t9\nbird/1.png\t007' >t.tsv
run 0 ss-load folder p --labels t.tsv -q && [ "$(labels)" = "7 -1 -1 9 -1 10" ] && ! ss-info --header out | grep -q '@LB' && [ ! -s err ]
ok "labels from a table: numbers"
cp t.tsv p/t.tsv
run 0 ss-load folder p --labels p/t.tsv -q && [ "$(labels)" = "7 -1 -1 9 -1 10" ]
ok "the table may lie in the folder"
rm p/t.tsv
while IFS='|' read -r line message; do
	printf "$line" >bad.tsv
	run 3 ss-load folder p --labels bad.tsv && says "^ss-load: 'bad.tsv', line 2: $message"
	ok "a table is refused: $message"
done <<'END'
dog/2.png\t1\ndog/3.png\t1\n|there is no file 'dog/3.png'
dog/2.png\t1\ndog/2.png\t2\n|a second label for 'dog/2.png'
dog/2.png\t1\ndog/10.png 2\n|not path, TAB, label
dog/2.png\t1\ndog/10.png\t\n|not path, TAB, label
dog/2.png\t1\n\t4\n|not path, TAB, label
dog/2.png\t1\ndog/10.png\ta\tb\n|not path, TAB, label
END
printf 'a\0b' >bad.tsv
run 3 ss-load folder p --labels bad.tsv && says "not a text of labels" && run 1 ss-load folder p --labels none.tsv && says "cannot open 'none.tsv'"
ok "a table that is no text, or not there"

# --- epochs, order, shards

run 0 ss-load folder p --shuffle --seed 3 --epochs 3 --frame 4 && index >a && load order 6 3 0 1 2 | cut -d' ' -f2- | tr '\n' ' ' | sed 's/ $//' >b && cmp a b
ok "--shuffle --epochs: the order of any source"
order=()
for i in $(cat a); do order+=("${all[$i]}"); done
holds "${order[@]}" && ss-info out | grep -q ' 6 frames'
ok "each picture and name goes where its number does"
run 0 ss-load folder p --limit 4 --shard 1/2 && holds 'p/cat/a z' p/cat/b/x && [ "$(labels)" = "1 1" ] && [ "$(index)" = "1 3" ] &&
    ss-info --header out | grep -q 'ID:2.NM:dog'
ok "--limit, --shard; the classes stay"

# --- splits

mkdir -p s/train s/test
cp -r p/cat p/dog s/train && cp -r p/bird p/dog s/test
run 0 ss-load folder s && [ "$(labels)" = "1 1 1 2 2" ] && tensor name | grep -q '^train/cat/a z.png' && ss-info --header out | grep -q 'DS:s-train'
ok "train is the default where there are train and test"
run 0 ss-load folder s --split test && [ "$(labels)" = "0 2 2" ] && tensor name | grep -q '^test/bird/1.png' && ss-info --header out | grep -q 'ID:1.NM:cat'
ok "--split test: a class has the same number in both splits"
run 0 ss-load folder s --split all && [ "$(labels)" = "1 1 1 2 2 0 2 2" ] && [ "$(index)" = "0 1 2 3 4 5 6 7" ]
ok "--split all: train, then test"
printf 'test/bird/1.png\tx\ntrain/dog/2.png\ty\n' >t.tsv
run 0 ss-load folder s --split test --labels t.tsv -q && [ "$(labels)" = "0 -1 -1" ]
ok "the paths of a table begin with the split"
run 1 ss-load folder p --split test && says "'p' has no folder 'test': leave --split out"
ok "a split that is not there"
mv s/test s/val
run 0 ss-load folder s && [ "$(labels)" = "0 0 0 0 0 1 1 1" ] && run 0 ss-load folder s --split train && [ "$(labels)" = "0 0 0 1 1" ] &&
    run 0 ss-load folder s/val && [ "$(labels)" = "0 1 1" ]
ok "a folder train alone is a class, unless it is asked for"

# --- every kind of PNG

png kinds k
wrong=0 kinds=0 seen=0
pillow=$("$PYTHON" -c 'import PIL' 2>/dev/null && echo yes)
for f in k/*.png; do
	mkdir one && cp "$f" one/
	kinds=$((kinds + 1))
	run 0 ss-load folder one && tensor image | cmp - "${f%.png}.rgb" || { wrong=$((wrong + 1)); echo "# $f"; }
	case $f in
	*/type0-16*) ;;		# Pillow clips gray of 16 bits
	*)	if [ -n "$pillow" ]; then
			png pillow "$f" | cmp - "${f%.png}.rgb" || { wrong=$((wrong + 1)); echo "# $f: Pillow"; }
			seen=$((seen + 1))
		fi ;;
	esac
	rm -r one
done
[ $kinds -eq 52 ] && [ $wrong -eq 0 ]
ok "$kinds kinds of PNG give the right pixels${pillow:+, $seen of them compared with Pillow}"

# --- sizes that vary

mkdir v
png make v/a.png 3 2 && png make v/b.png 2 7 && png make v/c.png 1 1 && mkdir rgb/v && mv v/*.rgb rgb/v && rm v/*.alpha
run 0 ss-load folder v && holds v/a v/b v/c && ss-info --header out | grep -q 'NM:image.DT:u8.SH:3,?,?$' && ss-info --check out
ok "sizes that vary"
run 0 ss-load folder v --shuffle --epochs 4 --seed 1 --frame 2 && order=() && for i in $(index); do case $i in 0) order+=(v/a) ;; 1) order+=(v/b) ;; 2) order+=(v/c) ;; esac; done
[ ${#order[@]} -eq 12 ] && holds "${order[@]}" && [ "$(ss-info out | grep -o '[0-9]* frames')" = "8 frames" ]
ok "sizes that vary, shuffled"
png claim v/d.png 3000 1000 && png claim v/e.png 1000 3000
run 0 ss-load folder v && [ "$(ss-info out | grep -o '[0-9]* frames')" = "3 frames" ]
ok "large pictures go into frames of their own"
run 0 ss-load folder v --frame 5 && ss-info out | grep -q 'in 1 frame' && cp out v.sst
ok "unless --frame says otherwise"
ss-augment --size 8 --two-views v.sst >o.sst && run 0 ss-info --check o.sst && [ "$(ss-info --get records o.sst)" = 5 ]
ok "ss-augment makes views of one size of them"
run 0 ss-load folder v --limit 2 && ! ss-load folder v --limit 1 | ss-info --header | grep -q '?,?'
ok "only what --limit takes counts"

# --- what is no picture

run 0 ss-load folder p -o p.sst
cp -r p h && touch h/.hidden h/dog/.x && mkdir h/.git && cp p/dog/2.png h/.git/ && mkfifo h/dog/pipe
run 0 ss-load folder h && ss-cmp out p.sst && [ "$(wc -l <err)" -eq 2 ] && grep -q "'h': 3 hidden files or folders are left out" err &&
    grep -q "'h': 1 devices, pipes or sockets are left out" err
ok "hidden files and pipes are left out, and counted"
mkdir bad
while IFS='|' read -r what bytes message; do
	rm -rf bad && cp -r p bad && printf "$bytes" >"bad/cat/$what"
	run 3 ss-load folder bad && says "^ss-load: 'bad/cat/$what': $message" && [ ! -s out ]
	ok "$what: $message"
	run 0 ss-load folder bad --on-error skip && ss-cmp out p.sst && [ "$(wc -l <err)" -eq 2 ] &&
	    grep -q "^ss-load: left out: 'bad/cat/$what': $message" err && grep -q "1 of 7 files are no image or damaged and left out$" err
	ok "$what: --on-error skip"
done <<'END'
x.jpg|\377\330\377\340\0\020JFIF|damaged JPEG: ends at offset 10
x.gif|GIF89a|a GIF file; only JPEG and PNG can be read
x.png|GIF89a|a GIF file; only JPEG and PNG can be read
notes.txt|hello|no image: it begins with 68 65 6c 6c
empty.png||no image: the file is empty
x.png|\211PNG\r\n\032\n|damaged PNG: ends at offset 8
x.png|\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\0\1\0\0\0\1\010\2\0\0\0abcd|damaged PNG: no sound IHDR at offset 8
END
run 0 ss-load folder bad --on-error=skip -q && [ ! -s err ]
ok "--on-error skip --quiet"
run 3 ss-load folder bad --on-error=fail && says "'bad/cat/x.png'"
ok "--on-error fail is the default"
rm bad/*/*.png bad/*/*/*.png
run 1 ss-load folder bad && says "no images in 'bad'"
ok "no files at all"
printf x >bad/cat/x && run 1 ss-load folder bad --on-error skip && grep -q "no images in 'bad'" err
ok "no file that is an image"
run 1 ss-load folder nowhere && says "cannot open folder 'nowhere': No such file"
ok "no folder"
run 1 ss-load folder p/dog/2.png && says "cannot open folder 'p/dog/2.png': Not a directory"
ok "a file for a folder"

# Each cut and many flipped bits of a picture: noticed, or of no matter.
mkdir one && f=p/dog/2.png && size=$(stat -c %s $f)
cp $f one/ && ss-load folder one --no-history -o one.sst
caught=0 cuts=0
for at in $(seq 0 40) $(seq 41 4 $((size - 20))) $(seq $((size - 19)) $((size - 1))); do
	cuts=$((cuts + 1))
	head -c $at $f >one/2.png
	run 3 ss-load folder one && says "^ss-load: 'one/2.png': " && caught=$((caught + 1))
done
[ $cuts -gt 80 ] && [ $caught -eq $cuts ]
ok "a picture cut anywhere: $caught of $cuts noticed"
caught=0 flips=0
for ((bit = 0; bit < size * 8; bit += 13)); do
	cp $f one/2.png && load flip one/2.png $bit
	flips=$((flips + 1))
	ss-load folder one --no-history >out 2>err
	case $? in
	0) cmp -s out one.sst && caught=$((caught + 1)) ;;	# in a chunk of no matter
	3) says "^ss-load: 'one/2.png': " && caught=$((caught + 1)) ;;
	esac
done
[ $flips -gt 100 ] && [ $caught -eq $flips ]
ok "a flipped bit: $caught of $flips noticed or of no matter"
cp $f one/2.png && cp $f one/3.png && load poke one/3.png $((size - 20)) 0
run 3 ss-load folder one --frame 1 && says "'one/3.png': damaged PNG"
ok "damage behind the header is found when the picture is read"
ss-load folder one --frame 1 2>/dev/null | run 4 ss-info --check && says "upstream failed: ss-load: 'one/3.png': damaged PNG"
ok "and the next program is told"
run 0 ss-load folder one --on-error skip && [ "$(ss-info --get records out)" = 1 ]
ok "--on-error skip finds it before the number of records is written"

# Claims that cost nothing
rm -rf one && mkdir one && png claim one/big.png 30000 30000
run 3 ss-load folder one && says "'one/big.png': an image of 30000 x 30000 pixels; from 1 to"
ok "a picture that would fill the memory"
if ss-load --version | grep -q sanitize; then
	skip "memory does not grow with the folder" "built with a sanitizer"
else
	rm -rf one && mkdir one && for i in $(seq 40); do png claim one/$i.png 1000 1000; done
	run 0 "$PYTHON" "$TOP/tests/cli/load.py" rss 40000 ss-load folder one --shuffle --epochs 2 -o many.sst && rm many.sst
	ok "memory does not grow with the folder"
fi

# --- links

mkdir l && ln -s ../p/cat l/kitty && ln -s ../p/dog/2.png l/dog.png
run 0 ss-load folder l -q && [ "$(tensor name)" = "dog.pngkitty/a z.pngkitty/a-z.pngkitty/b/x.png" ] && [ "$(labels)" = "-1 0 0 0" ]
ok "links to files and folders are followed"
ln -s ../l l/again
run 1 ss-load folder l && says "'l/again' leads back to 'l', above it"
ok "a link that leads back is refused"
rm l/again && ln -s nowhere l/lost
run 3 ss-load folder l && says "'l/lost': no image: a link that leads nowhere" && run 0 ss-load folder l --on-error skip -q && [ "$(ss-info --get records out)" = 4 ]
ok "a link that leads nowhere"
rm l/lost && ln -s self l/self
run 3 ss-load folder l && says "'l/self': no image: a link that leads nowhere"
ok "a link to itself"
mkdir w && cp p/dog/2.png "w/$(printf 'a\377\\\tb.png')"
run 0 ss-load folder w && [ "$(tensor name)" = 'a\xff\\\tb.png' ]
ok "names that are no UTF-8 are escaped"
if [ "$(id -u)" -ne 0 ]; then
	chmod 0 w/*
	run 1 ss-load folder w && says "cannot open 'w/.*Permission denied"
	ok "a file that may not be read"
else
	skip "a file that may not be read" "root may read all"
fi

# --- misuse

while read -r args; do
	# shellcheck disable=SC2086
	run 2 ss-load $args && says '^ss-load: '
	ok "misuse: ss-load $args"
done <<'END'
folder
folder p --names x
folder p --layout hwc
folder p --split unlabeled
folder p --split valid
folder p --on-error ignore
folder p --on-error
folder p --crop
folder p --size 0
folder p --size 20000
folder p --background mauve
folder p --background #12345
folder p --max-pixels 0
folder p --records 5
cifar --on-error skip
cifar --size 32
cifar --crop
cifar --background white
cifar --max-pixels 100
shapes --size 8
END
done_testing
