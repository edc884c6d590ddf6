// A ring of bytes in memory that two processes of one machine share. One writes, the other reads, and neither
// waits.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// The size of the header before the data of the two rings, one for each direction, in bytes.
#define CSYSTEM_RING_HEADER 4096
/// The offset in the header of 32 bytes for a nonce that the two sides agree on.
#define CSYSTEM_RING_NONCE 1024

/// One side's view of one direction. `position` is the number of bytes that this side has written (or read)
/// so far.
struct csystem_ring {
    void *shared;
    uint8_t *bytes;
    uint64_t capacity;
    uint64_t position;
};

/// Allocates anonymous memory of `count` bytes, which another process can open by the returned descriptor's
/// number. It never shrinks. Returns -1 with errno set if the system has none.
int csystem_shared_memory_make(size_t count, void **memory);

/// Maps the memory behind a descriptor of another process. Returns null if it is not such memory of exactly
/// `count` bytes, or if this process may not open it.
void *csystem_shared_memory_open(int process, int descriptor, size_t count);

void csystem_shared_memory_close(void *memory, size_t count);

/// Returns the ring of direction 0 or 1 in `memory`, each of `capacity` bytes.
struct csystem_ring csystem_ring_at(void *memory, int direction, uint64_t capacity);

/// Initializes the memory: both readers count as waiting. The side that allocated it calls this before any
/// other process has it.
void csystem_ring_begin(void *memory);

/// Copies as many bytes as there is room for into the ring, and returns their number: less than `count` only
/// if the ring is full, and then the reader will wake this side when it has taken enough. Returns -1 if the
/// other side's position is impossible. `must_wake` becomes 1 if the reader waits and must be woken.
ptrdiff_t csystem_ring_write(struct csystem_ring *ring, const void *bytes, size_t count, int *must_wake);

/// Copies as many bytes as there are out of the ring, and returns their number: less than `count` only if the
/// ring is empty, and then the writer will wake this side. Returns -1 if the other side's position is
/// impossible. `must_wake` becomes 1 if the writer waits and must be woken.
ptrdiff_t csystem_ring_read(struct csystem_ring *ring, void *bytes, size_t count, int *must_wake);

/// Returns 1 if there is something to read, or if the other side's position is impossible.
int csystem_ring_has_bytes(const struct csystem_ring *ring);
