# photos.mk - what experiments on a folder of photographs with classes share: squares of them, runs, embeddings, scores
#
# For pipelines that set HERE, NAME, TITLE, OUT, DATA, LABELS, HOLD, SIZE, SEED, THREADS, K, RUNS and SETTINGS, and for each run
# METHOD_run, ARCH_run, EPOCHS_run, VIEWS_run (options; empty: two), AUGMENT_run and TRAIN_run; and make $(OUT)/table.txt. Gives, by way of
# evaluate.mk too,
#	$(OUT)/train.sst, test.sst	the photographs as squares of SIZE pixels; sides are not kept in proportion
#	$(OUT)/RUN/model.safetensors	what RUN learnt of train.sst
#	$(OUT)/RUN/trained-train.sst	and so on: embeddings, .knn and .linear
#	$(OUT)/pixels.knn		and so on
TOP     = $(HERE)../..
BIN     = $(abspath $(TOP)/build/bin)

ifneq ($(MAKECMDGOALS),clean)
ifeq ($(DATA),)
$(error which photographs? make DATA=FOLDER)
endif
endif
ifneq ($(findstring ',$(DATA)),)
$(error DATA must not have a quote in its name: make a symbolic link to it)
endif

# What the folder has as train and test; else so many of all, drawn by index and the number 0 alone, are test.
FOLDERS := $(shell [ -d '$(DATA)/train' ] && [ -d '$(DATA)/test' ] && echo yes)
PHOTOS  = ss-load folder '$(DATA)' --split $(if $(FOLDERS),$*,all) --labels $(LABELS) -t $(THREADS) | \
	ss-augment --recipe none --size $(SIZE) -t $(THREADS)
HELD    = $(if $(FOLDERS),,| ss-sample --memory 8192 --fraction $(HOLD) $(REST_$*))
REST_train = --rest
LOAD_train = ss-cat $(OUT)/train.sst
LOAD_test = ss-cat $(OUT)/test.sst
T       = 0.1
NEEDS   = $(OUT)/train.sst $(OUT)/test.sst

# Labels go to those who learn by them alone.
TEACHER = $(if $(filter supervised,$(METHOD_$*)), --labels $(OUT)/train-label.npy --names $(OUT)/classes.txt)
RUN     = ss-load npy $(OUT)/train.npy$(TEACHER) --epochs $(EPOCHS_$*) --shuffle --seed $(SEED) | \
	ss-augment $(or $(VIEWS_$*),--two-views) --seed $(SEED) $(AUGMENT_$*) | \
	ss-train -o $(OUT)/$*/run.safetensors --resume --log $(OUT)/$*/log.jsonl --method $(METHOD_$*) --arch $(ARCH_$*) \
	--seed $(SEED) -t $(THREADS) $(TRAIN_$*) $(TRAIN)
# In how many epochs of whole batches of 64 there are so many steps: for the cosines of the documents, which end before the run does.
AFTER   = $$(awk -v n=$$(ss-info --get records $(OUT)/train.sst) "BEGIN { print $(1) / (n < 64 ? 1 : int(n / 64)) }")

all: $(OUT)/table.txt
	@cat $<

include $(HERE)../evaluate.mk

# Photographs are read and scaled once: doing so again in each epoch would take longer than to learn from small ones.
$(OUT)/train.sst $(OUT)/test.sst: $(OUT)/%.sst: | $(OUT)/settings $(BIN)/ss-train
	$(call run,$(PHOTOS) $(HELD) -o $@ --force)
$(OUT)/train.npy: $(OUT)/train.sst
	@ss-export --format npy --tensor image -o $@ --force $<
$(OUT)/train-label.npy: $(OUT)/train.sst
	@ss-export --format npy --tensor label -o $@ --force $<
$(OUT)/classes.txt: $(OUT)/train.sst
	@ss-info --labels $< | cut -f 3 $(WHOLE)

# The run's own file is no target: make must not delete the checkpoint of a run that was stopped.
MODELS  = $(RUNS:%=$(OUT)/%/model.safetensors)
$(MODELS): $(OUT)/%/model.safetensors: $(OUT)/train.npy $(OUT)/train-label.npy $(OUT)/classes.txt $(OUT)/test.sst
	@mkdir -p $(@D)
	$(call run,$(RUN))
	@ln -f $(OUT)/$*/run.safetensors $@

define embed
$(OUT)/%/trained-$(1).sst: $(OUT)/%/model.safetensors $(OUT)/$(1).sst
	$$(call run,ss-embed -m $$< -t $(THREADS) -o $$@ --force $(OUT)/$(1).sst)
$(OUT)/%/untrained-$(1).sst: $(OUT)/%/model.safetensors $(OUT)/$(1).sst
	$$(call run,ss-embed -m $$< --untrained $(SEED) -t $(THREADS) -o $$@ --force $(OUT)/$(1).sst)
endef
$(foreach s,train test,$(eval $(call embed,$s)))

# Right answers of a network that was trained with labels.
$(OUT)/%/top1: $(OUT)/%/model.safetensors $(OUT)/test.sst
	$(call run,ss-embed -m $< --layer projector -t $(THREADS) $(OUT)/test.sst | ss-top1 $(WHOLE))

$(BIN)/ss-train:
	$(MAKE) -C $(TOP)

results: $(OUT)/table.txt
	@$(HERE)../photos-results '$(NAME)' '$(TITLE)' $(OUT) '$(filter-out DATA=%,$(RECIPE))' >>$(HERE)RESULTS
	@echo "added to $(HERE)RESULTS"

clean:
	rm -rf $(OUT)

.PHONY: all results clean
.INTERMEDIATE: $(OUT)/train.npy $(OUT)/train-label.npy $(OUT)/classes.txt
.PRECIOUS: $(MODELS) $(foreach s,train test,$(OUT)/%/trained-$s.sst $(OUT)/%/untrained-$s.sst)
