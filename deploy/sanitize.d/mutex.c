// ThreadSanitizer sees the atomic operations of Swift's `Mutex` where they are inlined, in programs that it
// has instrumented, but not the slow path in the library, which waits on a futex: what one thread wrote under
// the lock then seems to race with what the next one reads. Loaded before the library, this file's functions
// tell ThreadSanitizer of the slow path too. Their names are those of `_MutexHandle._lockSlow(_:)` and
// `_unlockSlow()` (stdlib/public/Synchronization/Mutex/LinuxImpl.swift).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Absent in processes without ThreadSanitizer, such as those that only start others.
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    SWIFT void (*real)(uint32_t, SELF void *);
    *(void **)&real = dlsym(RTLD_NEXT, LOCK_SLOW);
    real(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK_SLOW);
SWIFT void unlock_slow(SELF void *mutex) {
    SWIFT void (*real)(SELF void *);
    *(void **)&real = dlsym(RTLD_NEXT, UNLOCK_SLOW);
    if (__tsan_release) __tsan_release(mutex);
    real(mutex);
}
