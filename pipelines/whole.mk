# whole.mk - a file is there when it is whole
#
# After a kill make takes what a command had begun for its result: WHOLE sends the output of a recipe's last command to its target
# when it is at its end.
WHOLE   = >$@.part; mv $@.part $@
