import Kernels
import Platform
import TestSupport
import Testing

@Suite struct FloatBufferTests {
    @Test(arguments: [0, 1, 15, 16, 17, 1000, 100_003]) func alignedPaddedAndZero(_ count: Int) {
        for _ in 0..<4 {
            let buffer = FloatBuffer(count: count)
            #expect(Int(bitPattern: buffer.pointer) % 64 == 0)
            #expect(
                buffer.count == count && buffer.paddedCount >= max(16, count) && buffer.paddedCount % 16 == 0)
            let all = UnsafeMutableBufferPointer(start: buffer.pointer, count: buffer.paddedCount)
            #expect(all.allSatisfy { $0.bitPattern == 0 })
            all.update(repeating: .nan)  // the next one may get this memory
        }
    }

    /// A generation's vectors are made on the communication thread: zeroing gigabytes there would silence its
    /// heart.
    @Test(.enabled(if: getenv("TSAN_OPTIONS") == nil, "ThreadSanitizer touches all memory that it gives out"))
    func makingALargeBufferTouchesLittleOfIt() {
        let buffer = FloatBuffer(count: 1 << 26)
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let pages = 4 * buffer.count / page - 1
        let start = UnsafeMutableRawPointer(buffer.pointer).alignedUp(toMultipleOf: page)
        var resident = [PageFlags](repeating: 0, count: pages)
        #expect(mincore(start, pages * page, &resident) == 0)
        #expect(resident.count { $0 & 1 != 0 } < pages / 10)
        #expect(buffer.pointer[buffer.count - 1] == 0)
    }
}
