#!/bin/bash
# grid-by.t - ss-grid --by: rows of pictures as the tables of ss-dups and ss-knn --neighbours name them
. "$(dirname "$0")/lib.sh"
export TOP PYTHONDONTWRITEBYTECODE=1

# Pictures of one colour, (20 i, 255 - 20 i, i), so that a place tells which it is; features that pair 0 with 1, 2 with 3, 4, 5.
"$PYTHON" - <<'END'
import array, math, os, struct, sys
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests"))
from sst_write import write
N = 12
pixels = b"".join(bytes([c]) * 20 for i in range(N) for c in (20 * i, 255 - 20 * i, i))
image = ("image", "u8", (3, 4, 5), pixels)
other = ("other", "u8", (3, 4, 5), pixels[::-1])
index = ("index", "u64", (), b"".join(struct.pack("<Q", 100 + i) for i in range(N)))
names = [b"n%d" % i for i in range(N)]
names[1], names[5] = b"a\tb", b"\xff"
angle = [0, 0.001, 1, 1.001, 1.002, 1.003] + [2 + 0.1 * i for i in range(6)]
x = array.array("f", [v for a in angle for v in (math.cos(a), math.sin(a))])
write("images.sst", [image, index], "made", names=names)
write("views.sst", [image, ("view1",) + image[1:], index], "made", names=names)
write("frames.sst", [image, index], "made", names=names, per_frame=5)
write("numbered.sst", [image, index], "made")
write("bare.sst", [image], "made")
write("both.sst", [image, other], "made", names=names)
write("twice.sst", [image, index], "made", names=names[:11] + [b"n2"])
write("e.sst", [("embedding", "f32", (2,), x.tobytes()), index], "made", names=names)
write("none.sst", [("image", "u8", (3, 4, 5), b""), ("index", "u64", (), b"")], "made")
END
# shows PNG ROW...: which picture stands in each place; '.' for none. Cells are 95 x 76: pictures of 5 x 4, 19 times.
shows() {
	"$PYTHON" - "$@" <<'END'
import os, sys
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests", "cli"))
import grid
sheet, rows = grid.decode(sys.argv[1]), [r.split() for r in sys.argv[2:]]
columns = max(map(len, rows))
assert sheet.shape[:2] == (24 + len(rows) * 88 - 12, 24 + columns * 107 - 12), sheet.shape
for i, r in enumerate(rows):
    for k in range(columns):
        cell = sheet[12 + i * 88:88 + i * 88, 12 + k * 107:107 + k * 107].reshape(-1, 3)
        assert (cell == cell[0]).all(), (i, k)
        want = [232] * 3 if k >= len(r) or r[k] == "." else [20 * int(r[k]), 255 - 20 * int(r[k]), int(r[k])]
        assert list(cell[0]) == want, (i, k, cell[0], want)
END
}

run 0 ss-dups e.sst && cp out dups.tsv && run 0 ss-grid --by dups.tsv images.sst && [ ! -s err ] && shows out '0 1' '2 3 4 5' && cp out dups.png
ok "groups of ss-dups, a row each"
run 0 ss-dups --pairs --threshold 0.9999994 e.sst && head -1 out >pairs.tsv && grep -v cosine out | sort -k 2 >>pairs.tsv &&
    run 0 ss-grid --by pairs.tsv images.sst && shows out '0 1' '2 3' '3 4' '4 5'
ok "pairs"
run 0 ss-knn --neighbours --bank e.sst --leave-one-out -k 3 && cp out near.tsv && { head -1 near.tsv; grep -e '^n2' -e '^n11' -e '^a.tb' near.tsv; } >some.tsv &&
    run 0 ss-grid --by some.tsv images.sst && shows out '1 0 2 3' '2 3 4 5' '11 10 9 8'
ok "neighbours, behind their query"
run 0 ss-grid --by - images.sst <dups.tsv && cmp out dups.png && run 0 ss-grid --by dups.tsv <images.sst && cmp out dups.png
ok "table or stream from standard input"
run 0 ss-grid --by dups.tsv frames.sst && cmp out dups.png && run 0 ss-grid --by dups.tsv -o a.png images.sst && cmp a.png dups.png
ok "other frames; -o"
run 0 ss-grid --by dups.tsv views.sst && cmp out dups.png
ok "the image alone, if there are views"
printf 'group\tname\n7\t103\n7\t102\nx\t111\n7\t100\n' >numbers.tsv
run 0 ss-grid --by numbers.tsv numbered.sst && shows out '3 2' '11' '0'
ok "records without names are called by their index; lines that follow each other make a row"
printf 'group\tname\n7\t3\n7\t2\n7\t3' >places.tsv
run 0 ss-grid --by places.tsv bare.sst && shows out '3 2 3'
ok "or by their place; one picture may stand in two places, and the last line may be cut"
printf 'name\tmore\tgroup\nn4\t\t1\nn6\tx\t1\n' >order.tsv
run 0 ss-grid --by order.tsv images.sst && shows out '4 6'
ok "columns of any order"
run 0 ss-grid --by dups.tsv --columns 2 images.sst && says '^ss-grid: 1 rows have more pictures than the 2 shown: see --columns' && shows out '0 1' '2 3'
ok "--columns cuts rows, and says so"
run 0 ss-grid --by dups.tsv --rows 1 images.sst && says '^ss-grid: 1 of 2 rows are not shown: see --rows' && shows out '0 1' && run 0 ss-grid -q --by dups.tsv --rows 1 images.sst && [ ! -s err ]
ok "--rows"
{ echo 'group	name'; for i in $(seq 60); do echo "$i	n0"; done; } >long.tsv
run 0 ss-grid --by long.tsv images.sst && says '10 of 60 rows are not shown' && run 0 ss-grid --by long.tsv --rows 100 --columns 3 images.sst && [ ! -s err ]
ok "fifty rows, unless more are asked for"
run 0 ss-grid --by dups.tsv --tensor other both.sst && ! cmp -s out dups.png && run 0 ss-grid --by dups.tsv --scale 3 images.sst && ! cmp -s out dups.png
ok "--tensor and --scale"

printf 'group\tname\n1\tn0\n1\tn99\n' >missing.tsv
run 2 ss-grid --by missing.tsv images.sst -o no.png && says "missing.tsv: line 3: no record of images.sst is called 'n99'" && [ ! -e no.png ]
ok "a picture that the stream does not have"
run 2 ss-grid --by dups.tsv twice.sst && says "twice.sst: more than one record is called 'n2'"
ok "a name that two have"
printf 'group\tname\n1\tn0\tx\n' >wide.tsv
run 3 ss-grid --by wide.tsv images.sst && says 'wide.tsv: line 2 has 3 fields, its headings are 2'
ok "a line of other length"
printf 'group\tname\n1\tn\0000\n' >zero.tsv
run 3 ss-grid --by zero.tsv images.sst && says 'zero.tsv: line 2 has a zero byte'
ok "a zero byte"
for f in "$TOP/LICENSE" /dev/null; do
	run "$([ "$f" = /dev/null ] && echo 1 || echo 3)" ss-grid --by "$f" images.sst && says "$f" && [ ! -s out ]
	ok "no table: ${f##*/}"
done
head -1 dups.tsv >head.tsv
run 1 ss-grid --by head.tsv images.sst && says 'head.tsv: there are no rows to show'
ok "a table without lines"
run 1 ss-grid --by missing.txt images.sst && says "cannot open 'missing.txt'"
ok "a table that is not there"
run 1 ss-grid --by . images.sst && says '^ss-grid: \.: '
ok "a folder"
head -c $(($(wc -c <images.sst) - 64)) images.sst >cut.sst
run 3 ss-grid --by dups.tsv cut.sst -o no.png && says 'cut.sst' && [ ! -e no.png ]
ok "a cut stream"
while IFS='|' read -r args pattern; do
	# shellcheck disable=SC2086
	run 2 ss-grid $args <images.sst && says "^ss-grid: .*$pattern" && [ ! -s out ]
	ok "misuse: $args"
done <<'END'
--by dups.tsv --limit 3|--limit and --by exclude each other
--by -|only one of table and stream
--by - -|only one of table and stream
--by dups.tsv --tensor image,view1 views.sst|one --tensor
--by dups.tsv -o dups.tsv --force|input and output
END
run 2 ss-grid --by dups.tsv none.sst && says "no record of none.sst is called"
ok "a stream of no records"
done_testing
