# experiment.mk - what experiments share that consist of runs of cifar10 and end in a table
#
# For pipelines that set HERE, NAME, OUT, LIMIT, SEED, THREADS, SETTINGS (names of the variables that make the recipe), TITLE (of
# their section in RESULTS), and make $(OUT)/table.txt. Gives CIFAR10, make with the arguments of every run, and the targets results and clean.
TOP     = $(HERE)../..
BIN     = $(abspath $(TOP)/build/bin)
FOLDER  = $(abspath $(OUT))
CIFAR10 = $(MAKE) --no-print-directory -C $(HERE)../cifar10 BIN=$(BIN) LIMIT=$(LIMIT) SEED=$(SEED) THREADS=$(THREADS) DATA=$(DATA)
NEEDS   = $(BIN)/ss-train $(DATA)
# NAME=value of the settings that are not empty.
RECIPE  = $(strip $(foreach v,$(SETTINGS),$(if $($v),$v=$(if $(word 2,$($v)),"$($v)",$($v)))))
export PATH := $(BIN):$(PATH)

include $(HERE)../whole.mk $(HERE)../cifar10/data.mk

$(BIN)/ss-train:
	$(MAKE) -C $(TOP)

results: $(OUT)/table.txt
	@{ printf '## %s\n\n    make -C pipelines/%s %s\n\n' '$(TITLE)' '$(NAME)' '$(RECIPE)' && \
		$(HERE)../provenance && echo && sed 's/^/    /' $< && echo; } >$(OUT)/section
	@cat $(OUT)/section >>$(HERE)RESULTS
	@echo "added to $(HERE)RESULTS"

clean:
	rm -rf $(OUT)

.NOTPARALLEL:
.PHONY: all results clean
