# The vector widths: each file NAME.c of lib/kern gets FLAGS_NAME. -std=c11 switches
# contraction off, which would cost half of the FMA peak, so the kernels ask for it.
KERNEL = -O3 -ffp-contract=fast
ifneq ($(findstring x86_64,$(shell $(CC) -dumpmachine)),)
FLAGS_kern_avx512   = $(KERNEL) -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma \
	-mprefer-vector-width=512
FLAGS_kern_avx2     = $(KERNEL) -mavx2 -mfma
endif
FLAGS_kern_portable = $(KERNEL)
FLAGS_kern_neon     = $(KERNEL)
