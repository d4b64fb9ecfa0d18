# The vector widths: each file NAME.c of lib/kern gets FLAGS_NAME. -std=c11 switches
# contraction off, which would cost half of the FMA peak, so the kernels ask for it.
