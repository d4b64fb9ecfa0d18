#!/bin/bash
# start.sh - how long a tool takes to say its version
. "$(dirname "$0")/lib.sh"
heading 'start to --version'
twenty() { for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "$1" --version; done; }
for t in "$BIN"/ss-*; do
	row "$(basename "$t")" "seconds twenty $t | awk '{ print 1000 * \$1 / 20 }'" '' ms
done
