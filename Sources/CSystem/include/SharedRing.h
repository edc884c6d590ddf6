// A ring of bytes in memory that two processes of one machine share: one writes, the other reads, neither waits.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Bytes before the data of the two rings, one for each direction.
#define CSYSTEM_RING_HEADER 4096
/// Where in that header there is room for what the two sides agreed on.
#define CSYSTEM_RING_NONCE 1024

/// One side's view of one direction. `position`: bytes that this side has written (or read) so far.
struct csystem_ring {
    void *shared;
    uint8_t *bytes;
    uint64_t capacity;
    uint64_t position;
};

/// Anonymous memory of `count` bytes that the process with the returned descriptor's number may open; never shrinks. -1 with errno set where there is none.
int csystem_shared_memory_make(size_t count, void **memory);

/// The memory behind a descriptor of another process, if it is such memory of exactly `count` bytes and this process may open it; or null.
void *csystem_shared_memory_open(int process, int descriptor, size_t count);

void csystem_shared_memory_close(void *memory, size_t count);

/// The ring of direction 0 or 1 in `memory`, each of `capacity` bytes.
struct csystem_ring csystem_ring_at(void *memory, int direction, uint64_t capacity);

/// To be called by whoever made the memory, before anybody else has it: both readers are taken to wait.
void csystem_ring_begin(void *memory);

/// Copies as much as there is room for; less than `count` only if the ring is full, and then the reader will be asked to ring when it has taken enough.
/// -1: the other side wrote nonsense. `must_wake` becomes 1 if the reader waits, and must be woken.
ptrdiff_t csystem_ring_write(struct csystem_ring *ring, const void *bytes, size_t count, int *must_wake);

/// Copies as much as is there; less than `count` only if the ring is empty, and then the writer will be asked to ring. -1: the other side wrote nonsense.
/// `must_wake` becomes 1 if the writer waits, and must be woken.
ptrdiff_t csystem_ring_read(struct csystem_ring *ring, void *bytes, size_t count, int *must_wake);

/// Whether there is something to read (or, if it is nonsense, something to find out).
int csystem_ring_has_bytes(const struct csystem_ring *ring);
