# The vector widths of lib/image. Bytes must not depend on them, so no variant may fuse
# a multiplication with an addition (which Clang does unless told not to).
FLAGS_image_work = -ffp-contract=off
FLAGS_blur = -ffp-contract=off
FLAGS_tf = -ffp-contract=off
FLAGS_tf_load = -ffp-contract=off
FLAGS_pixels_base = -ffp-contract=off
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
FLAGS_pixels_avx2   = -ffp-contract=off -mavx2
FLAGS_pixels_avx512 = -ffp-contract=off -mavx512f -mavx512bw -mavx512dq -mavx512vl
endif
