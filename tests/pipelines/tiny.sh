# tiny.sh - a data set in CIFAR-10's format, of noise, 60 images in each of its six files
#
# tiny FOLDER: a program that copes with 360 images copes with 60,000, in less time.
tiny() {
	mkdir -p "$1"
	for b in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
		perl -e 'srand ord substr $ARGV[0], -1;
			print map { chr($_ % 10), map { chr int rand 256 } 1..3072 } 1..60' $b >"$1/$b.bin"
	done
	printf '%s\n' airplane automobile bird cat deer dog frog horse ship truck >"$1/batches.meta.txt"
}

# Make is called as by a user, not as a part of the make that runs the tests; and data are those of a test.
unset MAKEFLAGS MAKELEVEL MFLAGS SS_DATA

# What the tests of pipelines look for, and how many threads they take.
export SS_THREADS=1
score='[0-9][0-9]*\.[0-9][0-9]'
