// How fast this processor multiplies and adds single-precision numbers: for measurements.
#pragma once
#include <stdint.h>

/// Does nothing but independent fused multiply-adds in registers, with the widest vectors that this processor
/// has, `rounds` times over; returns how many floating-point operations that were (a fused multiply-add
/// counts two).
double csimd_fma_peak(int64_t rounds);
