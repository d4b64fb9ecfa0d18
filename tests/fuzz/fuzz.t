#!/bin/bash
# fuzz.t - the fuzz targets with files that are kept, and with sound and damaged ones that seeds.py makes: no crash, little memory;
# and with the sound ones while requests for memory fail: nothing is kept
. "$(dirname "$0")/../cli/lib.sh"
: "${GEN:?run me through make check}"
"$PYTHON" -B "$TOP/tests/fuzz/seeds.py" files "$GEN" 150
ok "seeds.py makes its files"
# Sanitizers need address space.
ss-info --version | grep -q sanitize || ulimit -v $((256 * 1024))
for replay in "${GEN%/cli/gen}"/fuzz/replay_*; do
	[ -x "$replay" ] || continue
	t=${replay##*replay_}
	mapfile -t files < <(find "files/$t" "$TOP/tests/fuzz/kept/$t" -type f 2>/dev/null | sort)
	run 0 timeout 300 "$replay" "${files[@]}" && [ "$(wc -l <out)" -eq ${#files[@]} ] && [ ${#files[@]} -gt 150 ]
	ok "$t: ${#files[@]} files"
	[ "$got" -eq 0 ] || echo "# at $(tail -n 1 out)"
	case $t in cifar|tar) continue ;; esac	# without memory libarchive says so and ends the program
	mapfile -t files < <(find "files/$t" -type f ! -name '*.*' | sort)
	run 0 timeout 300 "$replay" --starve "${files[@]}" && [ ${#files[@]} -gt 0 ]
	ok "$t: each request for memory fails"
	[ "$got" -eq 0 ] || echo "# at $(tail -n 2 out)"
done
done_testing
