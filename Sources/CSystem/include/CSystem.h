// System calls and attributes that Swift's C library overlay does not provide.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "SharedRing.h"

/// The monotonic clock, in seconds.
static inline double csystem_monotonic_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/// Names the calling thread. Linux keeps 15 bytes at most.
void csystem_name_thread(const char *name);

/// Lets the calling thread give way to all others, where the system can do that for a thread alone.
void csystem_lower_priority(void);

/// Sets the floating-point mode of the calling thread: round to nearest, subnormal numbers are zero. Every
/// thread that computes calls this first.
void csystem_set_floating_point_mode(void);

/// The process's environment as `execve` takes it: a null-terminated list of `NAME=value`.
char *const *csystem_environment(void);

/// Creates a pipe whose ends are closed in programs that this process starts: `ends[0]` is read, `ends[1]`
/// written. Returns 0, or -1 with errno set.
int csystem_pipe(int ends[2]);

/// Calls `accept(2)` for a descriptor that does not block and is closed in programs that this process starts.
/// `address` has room for `length` bytes.
int csystem_accept(int listener, void *address, unsigned *length);

/// Calls `flock(2)` for an exclusive lock; waits if `wait` is not 0. Returns 0, or -1 with errno set.
int csystem_lock_exclusively(int descriptor, int wait);

/// Makes `signal` write its number as one byte into `descriptor`, and do nothing else. One descriptor serves
/// the whole process.
int csystem_signal_to_descriptor(int signal, int descriptor);

/// Lets a crash write a sentence on standard error and end the process with status 1.
void csystem_explain_crashes(const char *sentence);

/// Returns 1 if the process ignores `signal`, otherwise 0.
int csystem_is_ignored(int signal);

/// Adds to the actions of posix_spawn that the child closes every descriptor from `first` on, where the
/// platform can do so. Returns 0 or an error number.
int csystem_spawn_close_from(void *file_actions, int first);

/// Waits until a child of this process has ended, and returns its process id; the child stays a zombie.
/// Returns -1 with errno set, ECHILD if there is no child.
int csystem_wait_for_ended_child(void);

/// Exchanges the names of two files or directories atomically. Returns 0, or -1 with errno set (ENOSYS,
/// EINVAL or ENOTSUP if there is no such call).
int csystem_exchange_names(const char *first, const char *second);

/// Returns the number of cores that this process may run on (from its affinity mask, if there is one).
int csystem_available_cores(void);

/// Returns 1 if the processor has the AVX-512 subsets that OpenBLAS's kernels use, otherwise 0.
int csystem_has_avx512(void);
