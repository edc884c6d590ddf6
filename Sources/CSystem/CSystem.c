#define _GNU_SOURCE
#include "CSystem.h"
#include <pthread.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

void csystem_name_thread(const char *name) {
#if defined(__APPLE__)
    pthread_setname_np(name);
#else
    char kept[16];
    size_t i = 0;
    for (; i < 15 && name[i]; i++) kept[i] = name[i];
    kept[i] = 0;
    pthread_setname_np(pthread_self(), kept);
#endif
}

void csystem_set_floating_point_mode(void) {
#if defined(__x86_64__)
    _mm_setcsr(0x9fc0);  // all exceptions masked, round to nearest, flush to zero, denormals are zero
#elif defined(__aarch64__)
    uint64_t mode = (uint64_t)1 << 24;  // FZ
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#endif
}
