# evaluate.mk - embeds a data set, scores the embeddings, and puts the scores into one table
#
# For pipelines that set BIN, OUT, LOAD_train and LOAD_test (ss-load and its source), SEED,
# THREADS, K, T and SETTINGS (names of the variables that make the recipe), and make
# $(OUT)/model.safetensors. Gives $(OUT)/scores.txt: kNN and linear probe of the trained
# network, of the same network untrained, and of raw pixels.

include $(HERE)../whole.mk

# Shows a command and runs it. Its seconds are noted even if it is stopped, so that the sum is what a run took.
define run
@printf '%s\n' '$(strip $(1))'
@trap 'echo "$(@:$(OUT)/%=%) $$SECONDS" >>$(OUT)/seconds' EXIT; $(1)
endef

# The recipe as arguments of make: NAME=value, those that are not empty.
RECIPE = $(strip $(foreach v,$(SETTINGS),$(if $($v),$v=$(if $(word 2,$($v)),"$($v)",$($v)))))

# What is scored; runs of one experiment need the baselines once.
SETS   = pixels untrained trained
SCORES = $(foreach s,$(SETS),$(OUT)/$s.knn $(OUT)/$s.linear)

$(OUT)/trained-%.sst: $(OUT)/model.safetensors
	$(call run,$(LOAD_$*) | ss-embed -m $< -t $(THREADS) -o $@ --force)

$(OUT)/untrained-%.sst: $(OUT)/model.safetensors
	$(call run,$(LOAD_$*) | ss-embed -m $< --untrained $(SEED) -t $(THREADS) -o $@ --force)

$(OUT)/pixels-%.sst: | $(OUT)/settings $(NEEDS)
	$(call run,$(LOAD_$*) -o $@ --force)

$(OUT)/%.knn: $(OUT)/%-train.sst $(OUT)/%-test.sst
	$(call run,ss-knn --bank $< --query $(word 2,$^) -k $(K) --temperature $(T) -t $(THREADS) $(WHOLE))

$(OUT)/%.linear: $(OUT)/%-train.sst $(OUT)/%-test.sst
	$(call run,ss-linprobe --train $< --test $(word 2,$^) -t $(THREADS) $(WHOLE))

$(OUT)/scores.txt: $(SCORES)
	@$(HERE)../table $(OUT) $(K) $(T) $(SETS) $(WHOLE)
	@rm -f $(OUT)/pixels-*.sst

# One folder, one recipe: figures of two are never mixed.
$(OUT)/settings: FORCE
	@mkdir -p $(@D)
	@if [ ! -e $@ ]; then echo '$(RECIPE)' $(WHOLE); \
	elif [ "$$(cat $@)" != '$(RECIPE)' ]; then \
		echo "$(OUT) holds a run with other settings:" >&2; \
		printf '  was  %s\n  now  %s\n' "$$(cat $@)" '$(RECIPE)' >&2; \
		echo 'give another OUT, or remove it' >&2; exit 1; \
	fi

export PATH := $(BIN):$(PATH)
unexport BIN
FORCE:
.NOTPARALLEL:
.PHONY: FORCE
# Pixels are as large as the data set, and quickly had again: removed above, and missed by nobody.
.INTERMEDIATE: $(OUT)/pixels-train.sst $(OUT)/pixels-test.sst
.PRECIOUS: $(OUT)/trained-%.sst $(OUT)/untrained-%.sst
