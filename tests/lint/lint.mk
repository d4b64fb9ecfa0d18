# The pieces of `make lint`. What was clean leaves a stamp in $(LINT), so that only what changed is
# looked at again. A program that is not installed is named, and its piece skipped.
LINT = $(BUILD)/lint
LINTSRC = $(LIBSRC) $(HELPSRC) $(TOOLSRC) $(wildcard tests/*/*.c)
# gcc follows each lane of a vector through loops that are unrolled, but not what is in it: a minute a file, for nothing.
LINT_NOT_GCC = $(filter-out lib/kern/kern_ref.c,$(wildcard lib/kern/kern_*.c))
LINTSH = $(wildcard tests/*/*.t) pipelines/table $(addprefix pipelines/,provenance cifar10/fetch cifar10/curve \
	cifar10/results methods/compare methods/epochs keras-example/document ablations/ablate ablations/signs \
	learnopencv/article simclr-cifar/depths photos-results flowers/document simclr-photos/depths-of $(addprefix my-pictures/,plan summary planted results)) tests/fuzz/reach .ci/run

# $(call with,PROGRAM,what to make if it is there)
with = $(if $(shell command -v $(1) 2>/dev/null),$(2),without-$(1))
without-%: FORCE
	@echo 'lint: $* is not installed, what it checks is skipped'

lint-man: $(call with,mandoc,$(LINT)/man)
lint-shell: $(call with,shellcheck,$(LINT)/shell)
lint-gcc: $(call with,gcc,$(patsubst %.c,$(LINT)/%.gcc,$(filter-out $(LINT_NOT_GCC),$(LINTSRC))))
lint-clang: $(call with,clang-tidy,$(patsubst %.c,$(LINT)/%.tidy,$(LINTSRC)))
lint-cppcheck: $(call with,cppcheck,$(LINT)/cppcheck)

$(LINT)/man: $(wildcard man/*.[1-9])
	@mkdir -p $(@D)
	@mandoc -T lint -W warning $^
	@touch $@

$(LINT)/shell: $(LINTSH) $(wildcard tests/*/*.sh)
	@mkdir -p $(@D)
	@shellcheck -S error -x -P tests/cli $(LINTSH)
	@touch $@

# The flags of the build, and what the analysers are told of functions in other files.
MODEL = $(if $(filter err,$(notdir $*)),,-Wno-unused-value -include tests/lint/model.h)
LINTFLAGS = $(filter-out -MMD -MP,$(OURS)) $(CPPFLAGS) $(CFLAGS) $(FLAGS_$(notdir $*)) $(MODEL)
LINTDEPS = $(CC) $(LINTFLAGS) -MM -MP -MT $@ -MF $@.d $<

# gcc 12 takes the number of a vector's lanes for the bits of one; the compiler itself warns of such shifts.
ANALYZER = -fanalyzer -Wno-analyzer-shift-count-overflow
# It loses what realloc moves if a list points to it, and what is put into an element of an array; sanitizers see all leaks.
ANALYZER_decode = -Wno-analyzer-malloc-leak
ANALYZER_gather = -Wno-analyzer-malloc-leak
ANALYZER_net = -Wno-analyzer-malloc-leak
ANALYZER_pairs = -Wno-analyzer-malloc-leak
ANALYZER_curves = -Wno-analyzer-malloc-leak
ANALYZER_export_arrays = -Wno-analyzer-malloc-leak
# These are malloc and free themselves.
ANALYZER_replay = -Wno-analyzer-malloc-leak
ANALYZER_test_starved = -Wno-analyzer-malloc-leak
ANALYZER_test_starved_net = -Wno-analyzer-malloc-leak
$(LINT)/%.gcc: %.c tests/lint/lint.mk
	@mkdir -p $(@D)
	@$(LINTDEPS)
	@gcc $(LINTFLAGS) -Werror $(ANALYZER) $(ANALYZER_$(notdir $*)) -c -o /dev/null $<
	@touch $@

# Which checks, and why not others: .clang-tidy
$(LINT)/%.tidy: %.c tests/lint/lint.mk .clang-tidy tests/.clang-tidy
	@mkdir -p $(@D)
	@$(LINTDEPS)
	@clang-tidy --quiet $< -- $(LINTFLAGS) 2>$@.err || { cat $@.err >&2; exit 1; }
	@touch $@

# It does not know _Noreturn.
$(LINT)/cppcheck: tests/lint/cppcheck.txt $(LINTSRC) $(wildcard lib/*/*.h formats/*.h tools/*.h tests/*/*.h)
	@mkdir -p $(@D)
	@cppcheck -q --error-exitcode=1 --std=c11 --library=posix --enable=warning,performance,portability \
		--suppressions-list=$< $(filter -D% -I%,$(OURS)) '-D_Noreturn=__attribute__((noreturn))' \
		--include=tests/lint/model.h $(LINTSRC)
	@touch $@

.PHONY: lint-man lint-shell lint-gcc lint-clang lint-cppcheck
-include $(LINTSRC:%.c=$(LINT)/%.gcc.d) $(LINTSRC:%.c=$(LINT)/%.tidy.d)
