#define _GNU_SOURCE
#include "SharedRing.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// The state of a direction that both sides see. Each field has a cache line of its own.
struct direction {
    _Alignas(64) uint64_t written;
    _Alignas(64) uint64_t taken;
    _Alignas(64) uint32_t reader_waits;
    _Alignas(64) uint32_t writer_waits;
};

_Static_assert(2 * sizeof(struct direction) <= CSYSTEM_RING_NONCE, "the directions come before the nonce");

#if defined(__linux__)
int csystem_shared_memory_make(size_t count, void **memory) {
    int descriptor = memfd_create("dist-train", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -1;
    if (ftruncate(descriptor, (off_t)count) == 0
        && fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0) {
        *memory = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        if (*memory != MAP_FAILED) return descriptor;
    }
    int code = errno;
    close(descriptor);
    errno = code;
    return -1;
}

void *csystem_shared_memory_open(int process, int descriptor, size_t count) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", process, descriptor);
    int own = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (own < 0) return NULL;
    struct stat status;
    const int seals = fcntl(own, F_GET_SEALS), wanted = F_SEAL_SHRINK | F_SEAL_GROW;
    void *memory = MAP_FAILED;
    if (seals >= 0 && (seals & wanted) == wanted && fstat(own, &status) == 0
        && status.st_size == (off_t)count)
        memory = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
    close(own);
    return memory == MAP_FAILED ? NULL : memory;
}
#else
int csystem_shared_memory_make(size_t count, void **memory) {
    (void)count, (void)memory;
    errno = ENOSYS;
    return -1;
}

void *csystem_shared_memory_open(int process, int descriptor, size_t count) {
    (void)process, (void)descriptor, (void)count;
    return NULL;
}
#endif

void csystem_shared_memory_close(void *memory, size_t count) { munmap(memory, count); }

struct csystem_ring csystem_ring_at(void *memory, int direction, uint64_t capacity) {
    struct csystem_ring ring = {
        .shared = (struct direction *)memory + direction,
        .bytes = (uint8_t *)memory + CSYSTEM_RING_HEADER + direction * capacity,
        .capacity = capacity,
        .position = 0,
    };
    return ring;
}

void csystem_ring_begin(void *memory) {
    struct direction *directions = memory;
    directions[0].reader_waits = directions[1].reader_waits = 1;
}

// A side announces its wait before it reads the other side's position again, and the other side looks for a
// wait after it has moved its position. Both are sequentially consistent, so that one of the two sees the
// other.
static inline uint64_t load(const uint64_t *value) { return __atomic_load_n(value, __ATOMIC_SEQ_CST); }
static inline void store(uint64_t *value, uint64_t new) { __atomic_store_n(value, new, __ATOMIC_SEQ_CST); }
static inline void announce(uint32_t *flag) { __atomic_store_n(flag, 1, __ATOMIC_SEQ_CST); }
static inline int take(uint32_t *flag) {
    return __atomic_load_n(flag, __ATOMIC_SEQ_CST) && __atomic_exchange_n(flag, 0, __ATOMIC_SEQ_CST);
}

static inline uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

ptrdiff_t csystem_ring_write(struct csystem_ring *ring, const void *bytes, size_t count, int *must_wake) {
    struct direction *shared = ring->shared;
    const uint8_t *source = bytes;
    size_t done = 0;
    int announced = 0;
    while (done < count) {
        const uint64_t used = ring->position - load(&shared->taken);
        if (used > ring->capacity) return -1;
        if (used == ring->capacity) {
            if (announced) break;
            announce(&shared->writer_waits);
            announced = 1;
            continue;
        }
        const uint64_t at = ring->position % ring->capacity;
        const uint64_t part = smaller(smaller(count - done, ring->capacity - used), ring->capacity - at);
        memcpy(ring->bytes + at, source + done, part);
        ring->position += part;
        done += part;
        announced = 0;
        store(&shared->written, ring->position);
        if (take(&shared->reader_waits)) *must_wake = 1;
    }
    return (ptrdiff_t)done;
}

ptrdiff_t csystem_ring_read(struct csystem_ring *ring, void *bytes, size_t count, int *must_wake) {
    struct direction *shared = ring->shared;
    uint8_t *destination = bytes;
    size_t done = 0;
    int announced = 0;
    while (done < count) {
        const uint64_t available = load(&shared->written) - ring->position;
        if (available > ring->capacity) return -1;
        if (available == 0) {
            if (announced) break;
            announce(&shared->reader_waits);
            announced = 1;
            continue;
        }
        const uint64_t at = ring->position % ring->capacity;
        const uint64_t part = smaller(smaller(count - done, available), ring->capacity - at);
        memcpy(destination + done, ring->bytes + at, part);
        ring->position += part;
        done += part;
        announced = 0;
        store(&shared->taken, ring->position);
        // A writer that waits is woken when half of the ring is free, not for every byte. The bytes that are
        // left are read sooner or later.
        if (available - part <= ring->capacity / 2 && take(&shared->writer_waits)) *must_wake = 1;
    }
    return (ptrdiff_t)done;
}

int csystem_ring_has_bytes(const struct csystem_ring *ring) {
    return load(&((struct direction *)ring->shared)->written) != ring->position;
}
