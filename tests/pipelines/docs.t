#!/bin/bash
# docs.t - what README.md, the Makefile and .ci/run say of each other, of files and of options, is so
. "$(dirname "$0")/../cli/lib.sh"
readme=$TOP/README.md

# blocks: the shell commands of README.md, a line each
sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$readme" >commands
[ "$(grep -c . commands)" -ge 10 ]
ok 'README.md has commands'

words() {
	tr -s ' \t\\' '\n' | grep . | sort
}
sed -n 's/.*apt-get install -y \(.*\) && make.*/\1/p' commands | sed -n 1p | words >readme.packages
sed -n 's/^packages="\(.*\)"$/\1/p' "$TOP/.ci/run" | words >ci.packages
sed -n '/^DEBIAN_PACKAGES/,/[^\\]$/p' "$TOP/Makefile" | sed 's/^.*= //' | words >make.packages
[ -s readme.packages ] && cmp readme.packages ci.packages && cmp readme.packages make.packages
ok 'README.md, Makefile and .ci/run install the same packages'
sed -n 's/^| \([a-z0-9, -]*\) | .*/\1/p' "$readme" | tr -d , | words | grep -v -x -e tool -e package -e status >table.packages
missing=$(comm -23 readme.packages table.packages | tr '\n' ' ')
[ -z "$missing" ]
ok "README.md gives a reason for each${missing:+, but not $missing}"

last=$(grep 'make.* check$' commands)
[ -n "$last" ] && [ "$last" = "$(sed -n 's/^exec \(make.*\)/\1/p' "$TOP/.ci/run")" ]
ok '.ci/run ends with the test command of README.md'

for target in $(sed 's/.*&& //' commands | grep '^make ' | grep -v -e ' -C ' | tr ' ' '\n' | grep -v -e make -e '^-' -e =) \
    $(grep -o '`make [a-z][a-z-]*' "$readme" | sed 's/.* //' | sort -u); do
	grep -q "^\($target\|[a-z -]* $target\)\( [a-z -]*\)*:" "$TOP/Makefile"
	ok "make $target is a target"
done

for file in $(grep -o ']([^)]*)' "$readme" | tr -d ']()' | sort -u); do
	[ -s "$TOP/$file" ]
	ok "$file, of README.md, is there"
done
for source in "$TOP"/tools/ss-*.c; do
	t=$(basename "$source" .c)
	grep -q "^| \[$t\](man/$t.1) |" "$readme"
	ok "$t is in README.md"
done

# Every option that README.md gives to a tool is one that it has.
sed 's/|/\n/g; s/>.*//' commands | grep '^ *ss-' | while read -r t rest; do
	for o in $rest; do
		case $o in
		--*) echo "$t ${o%%=*}" ;;
		-?) echo "$t $o," ;;
		esac
	done
done | sort -u >options
sed -n 's/.*`\(ss-[a-z]*\) \(--[a-z-]*\).*/\1 \2/p' "$readme" >>options
grep -o '`--[a-z-]*`' "$readme" | tr -d '\`' | sed 's/^/any /' >>options
while read -r t o; do
	if [ "$t" = any ]; then
		cat "$TOP"/man/*.1 | grep -q -e "Fl ${o#-}\( \|$\)"
	else
		"$t" --help | grep -q -e "^ *.*$o\( \|$\)"
	fi
	ok "$t $o"
done <options

# The table of exit statuses is that of the sources.
missing=$(sed -n 's/^	TOOL_[A-Z]* = \([0-9]*\),\{0,1\}.*/\1/p' "$TOP/tools/tool.h" | while read -r n; do
	grep -q "^| $n | " "$readme" || echo "$n"
done)
[ -z "$missing" ] && [ "$(grep -c '^| [0-9][0-9]* | ' "$readme")" -eq 8 ]
ok 'README.md has the exit statuses'
grep -q "SS_VERSION \"$(sed -n 1p "$TOP/CHANGES")\"" "$TOP/tools/tool.h"
ok 'CHANGES begins with the version of the tools'
done_testing
