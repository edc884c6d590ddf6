// System calls and attributes that Swift's C library overlay does not reach.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <time.h>

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
