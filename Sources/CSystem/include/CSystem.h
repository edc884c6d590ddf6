// System calls and attributes that Swift's C library overlay does not reach.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "SharedRing.h"

/// Seconds of a clock that never jumps.
static inline double csystem_monotonic_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/// Names the calling thread (at most 15 bytes are kept on Linux).
void csystem_name_thread(const char *name);

/// Every thread that computes calls this first: round to nearest, subnormal numbers are zero.
void csystem_set_floating_point_mode(void);

/// The process's environment as `execve` takes it (a null-terminated list of `NAME=value`).
char *const *csystem_environment(void);

/// A pipe whose ends are closed in programs that this process starts: `ends[0]` is read, `ends[1]` written. 0, or -1 with errno set.
int csystem_pipe(int ends[2]);

/// `accept(2)`, for a descriptor that does not block and is closed in programs that this process starts. `address` has room for `length` bytes.
int csystem_accept(int listener, void *address, unsigned *length);

/// `flock(2)`: exclusive; waits if `wait` is not 0. 0, or -1 with errno set.
int csystem_lock_exclusively(int descriptor, int wait);

/// From now on `signal` writes its number as one byte into `descriptor`, and does nothing else. One descriptor serves the whole process.
int csystem_signal_to_descriptor(int signal, int descriptor);

/// For use with posix_spawn: in the child, closes every descriptor from `first` on (where the platform can do so). 0 or an error number.
int csystem_spawn_close_from(void *file_actions, int first);

/// Exchanges the names of two files or directories, atomically. 0, or -1 with errno set (ENOSYS, EINVAL or ENOTSUP where there is no such call).
int csystem_exchange_names(const char *first, const char *second);

/// Cores that this process may run on (its affinity mask's, where there is one).
int csystem_available_cores(void);

/// Whether the processor has the AVX-512 subsets that OpenBLAS's kernels use.
int csystem_has_avx512(void);
