import System
import Testing

@Suite struct TextFormatTests {
    @Test func numbers() {
        #expect(TextFormat.fixed(3.14159, 3) == "3.142")
        #expect(TextFormat.fixed(-0.5, 0) == "-0")  // rounds half to even, as C does
        #expect(TextFormat.fixed(1e15, 2) == "1000000000000000.00")
        #expect(TextFormat.fixed(Double.nan, 2) == "nan")
        #expect(TextFormat.fixed(-Double.infinity, 2) == "-inf")
        #expect(TextFormat.grouped(11_689_512) == "11,689,512")
        #expect(TextFormat.grouped(-1_000) == "-1,000")
        #expect(TextFormat.grouped(999) == "999")
        #expect(TextFormat.grouped(.min) == "-9,223,372,036,854,775,808")
        #expect(TextFormat.padded(42, 8) == "00000042")
        #expect(TextFormat.count(1, "worker") == "1 worker")
        #expect(TextFormat.count(3, "worker") == "3 workers")
    }

    @Test func columns() {
        #expect(TextFormat.left("ab", 4) + "|" == "ab  |")
        #expect(TextFormat.right("ab", 4) == "  ab")
        #expect(TextFormat.right("abcde", 4) == "abcde")
    }

    @Test func quantities() {
        #expect(TextFormat.bytes(512) == "512 B")
        #expect(TextFormat.bytes(1_536) == "1.5 KiB")
        #expect(TextFormat.bytes(20 << 20) == "20.0 MiB")
        #expect(TextFormat.bytes((1 << 20) - 1) == "1.0 MiB")
        #expect(TextFormat.duration(0.421) == "0.42 s")
        #expect(TextFormat.duration(59.97) == "1 min 00 s")
        #expect(TextFormat.duration(83) == "1 min 23 s")
        #expect(TextFormat.duration(7_500) == "2 h 05 min")
    }

    @Test func hexadecimal() {
        #expect(TextFormat.hex([0, 0xAB, 0xFF]) == "00abff")
        #expect(TextFormat.bytes(hex: "00abFF") == [0, 0xAB, 0xFF])
        #expect(TextFormat.bytes(hex: "0") == nil)
        #expect(TextFormat.bytes(hex: "zz") == nil)
    }

    /// `date -u -d @1795232700.123` says 2026-11-21T03:45:00.
    @Test func time() {
        #expect(Clock.timestamp(1_795_232_700.123) == "2026-11-21T03:45:00.123Z")
        #expect(Clock.timestamp(0) == "1970-01-01T00:00:00.000Z")
        let stamp = Clock.compactLocalStamp(1_795_232_700)
        #expect(stamp.count == 15)
        #expect(stamp.hasPrefix("20261121-") || stamp.hasPrefix("20261120-"))
        #expect(Clock.monotonicSeconds() <= Clock.monotonicSeconds())
    }
}
