import CSystem
import Platform

/// Memory that another process of this machine and user may map too. It is anonymous: nothing is left of it
/// when both processes are gone.
package final class SharedMemory {
    private static let headerSize = Int(CSYSTEM_RING_HEADER)
    private static let mostBytes = 1 << 46

    /// The header before the bytes.
    let header: UnsafeMutableRawPointer
    /// The number of bytes, without the header.
    package let count: Int
    /// The descriptor by which others map the memory, at the side that allocated it; -1 once the offer has
    /// ended.
    private var descriptor: Int32

    private init(_ header: UnsafeMutableRawPointer, _ count: Int, _ descriptor: Int32) {
        self.header = header
        self.count = count
        self.descriptor = descriptor
    }

    deinit {
        offerEnded()
        csystem_shared_memory_close(header, Self.headerSize + count)
    }

    /// The bytes: zero at first, aligned to 4096.
    package var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: header + Self.headerSize, count: count)
    }

    /// Allocates memory; nil if the system has none to share, or if `DIST_TRAIN_SHARED_MEMORY=0` forbids it.
    package static func make(count: Int) -> SharedMemory? {
        var base: UnsafeMutableRawPointer?
        guard isAllowed, count > 0, count <= mostBytes else { return nil }
        let descriptor = csystem_shared_memory_make(headerSize + count, &base)
        guard descriptor >= 0, let base else { return nil }
        let memory = SharedMemory(base, count, descriptor)
        // The nonce keeps other memory from being taken for this one.
        (base + Int(CSYSTEM_RING_NONCE)).copyMemory(from: randomBytes(nonceSize), byteCount: nonceSize)
        return memory
    }

    /// Ends the offer: nobody can map the memory after this.
    package func offerEnded() {
        if descriptor >= 0 { closeDescriptor(descriptor) }
        descriptor = -1
    }

    static let isAllowed = getenv("DIST_TRAIN_SHARED_MEMORY").map { String(cString: $0) != "0" } ?? true
}

// MARK: - Offer

extension SharedMemory {
    private static let nonceSize = 32
    static let offerSize = 16 + nonceSize

    private var nonce: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: header + Int(CSYSTEM_RING_NONCE), count: Self.nonceSize)
    }

    /// The offer that identifies the memory: this process, the descriptor, the size, and the nonce in the
    /// header.
    func offer() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        bytes.withUnsafeMutableBytes {
            $0.storeLittle(getpid(), at: 0)
            $0.storeLittle(descriptor, at: 4)
            $0.storeLittle(UInt64(count), at: 8)
        }
        return bytes + nonce
    }

    /// Maps the memory that another process of this machine offers; nil if it cannot be reached from here, as
    /// in another container.
    static func take(_ offer: ArraySlice<UInt8>) -> SharedMemory? {
        guard isAllowed, offer.count == offerSize else { return nil }
        let (process, descriptor, count): (Int32, Int32, UInt64) = offer.withUnsafeBytes {
            ($0.loadLittle(at: 0), $0.loadLittle(at: 4), $0.loadLittle(at: 8))
        }
        guard process > 0, descriptor >= 0, (1...UInt64(mostBytes)).contains(count),
            let base = csystem_shared_memory_open(process, descriptor, headerSize + Int(count))
        else { return nil }
        let memory = SharedMemory(base, Int(count), -1)
        return memory.nonce.elementsEqual(offer.suffix(nonceSize)) ? memory : nil
    }
}
