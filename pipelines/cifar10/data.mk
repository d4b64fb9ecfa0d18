# data.mk - where CIFAR-10 is: DATA, a folder or its archive, for ss-load by way of SS_DATA
#
# DATA: given, else in $SS_DATA, else in data/ of this tree; where it is in none of them, `make fetch` gets it there.
CIFAR   := $(dir $(lastword $(MAKEFILE_LIST)))
URL     = https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz
MD5     = c32a1d4ab5d03f1284b67883e8d87530
ARCHIVE = $(CIFAR)../../data/cifar-10-binary.tar.gz
KNOWN   = cifar-10-batches-bin data_batch_1.bin cifar-10-binary.tar.gz
FOUND  := $(foreach d,$(SS_DATA) $(CIFAR)../../data,$(if $(wildcard $(KNOWN:%=$d/%)),$d))
DATA    = $(abspath $(firstword $(FOUND) $(ARCHIVE)))
export SS_DATA = $(DATA)

fetch: | $(DATA)
$(abspath $(ARCHIVE)):
	@$(CIFAR)fetch $(URL) $(MD5) $@
.PHONY: fetch
