/*
 * runlock.h - one output, one run
 */
#ifndef RUNLOCK_H
#define RUNLOCK_H

/*
 * Ends the tool with status 1 if another process trains into that file. Else nobody else does until this one ends, however
 * it ends: the lock is one of the system's, on .NAME.lock beside the file, which says who holds it. Where a file
 * system has no locks there is none.
 */
void runlock_take(const char *output);

#endif
