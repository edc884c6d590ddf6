import Platform
import Testing
import Transport

/// Two ends whose bytes pass through the test, which sees and changes them. Everything runs on one thread,
/// without a loop.
private final class Wire {
    /// The direction of bytes: from the dialler (up), and to it (down).
    enum Direction: Int, CaseIterable { case up, down }

    private(set) var ends: [any ByteStream] = []
    /// The test's ends of their sockets; -1: closed.
    private var taps: [Int32] = []
    /// The bytes that have passed, by direction, as they were sent.
    private(set) var passed: [[UInt8]] = [[], []]
    /// Changes a byte, given its direction, its number and its value.
    var change: (Direction, Int, UInt8) -> UInt8 = { $2 }
    private var received: [[UInt8]] = [[], []]
    private(set) var outcomes: [StreamOutcome?] = [nil, nil]
    private(set) var failures: [StreamFailure?] = [nil, nil]

    init(_ one: SharedToken = token, _ two: SharedToken = token, bytesPerKey: Int = TLS.bytesPerKey) {
        for (role, token) in [(TLS.Role.dialler, one), (.listener, two)] {
            let (end, tap) = Wire.sockets()
            ends.append(TLS.stream(over: end, token, role, bytesPerKey: bytesPerKey))
            taps.append(tap)
        }
    }

    deinit {
        for end in ends { end.close() }
        for tap in taps where tap >= 0 { close(tap) }
    }

    private static func sockets() -> (Int32, Int32) {
        var pair: [Int32] = [-1, -1]
        socketpair(AF_UNIX, streamSocketType, 0, &pair)
        for descriptor in pair { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }
        return (pair[0], pair[1])
    }

    /// Passes on available bytes, at most `limit`, and then the end.
    func pass(_ direction: Direction, atMost limit: Int = 1 << 20) {
        let (from, to) = (taps[direction.rawValue], taps[1 - direction.rawValue])
        guard from >= 0 else { return }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = recv(from, &bytes, limit, Int32(MSG_PEEK))
        if count == 0 {
            if to >= 0 { shutdown(to, Int32(SHUT_WR)) }
            return
        }
        guard count > 0, to >= 0 else { return }
        let start = passed[direction.rawValue].count
        let changed = (0..<count).map { change(direction, start + $0, bytes[$0]) }
        let sent = max(0, send(to, changed, count, noSignalFlag))
        recv(from, &bytes, sent, 0)
        passed[direction.rawValue] += bytes[..<sent]
    }

    func inject(_ bytes: [UInt8], to end: Int) { send(taps[end], bytes, bytes.count, noSignalFlag) }

    /// Closes both sockets of one end abruptly.
    func cut(_ direction: Direction) {
        let tap = taps[1 - direction.rawValue]
        shutdown(tap, Int32(SHUT_WR))
        taps[direction.rawValue] = -1
    }

    /// Offers the bytes in pieces and returns how many were taken.
    func write(_ bytes: ArraySlice<UInt8>, pieces sizes: [Int], by end: Int) -> Int {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        var pieces: [iovec] = []
        var offset = 0
        for size in sizes where offset < bytes.count {
            let count = min(size, bytes.count - offset)
            pieces.append(iovec(iov_base: copy.baseAddress.map { $0 + offset }, iov_len: count))
            offset += count
        }
        do throws(StreamFailure) {
            let outcome = try pieces.withUnsafeMutableBufferPointer { (pieces) throws(StreamFailure) in
                try ends[end].write(gather: pieces)
            }
            if case .bytes(let count) = outcome { return count }
        } catch {
            failures[end] = error
        }
        return 0
    }

    /// Reads once, keeps the bytes, and flushes.
    func read(_ count: Int, by end: Int) {
        guard failures[end] == nil, outcomes[end] != .endOfStream else { return }
        let place = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { place.deallocate() }
        do throws(StreamFailure) {
            let outcome = try ends[end].read(into: place)
            outcomes[end] = outcome
            if case .bytes(let count) = outcome { received[end] += place[..<count] }
            try ends[end].flush()
        } catch {
            failures[end] = error
        }
    }

    func received(by end: Int) -> [UInt8] { received[end] }

    /// Sends everything both ways, as far as that goes. Then both ends finish, or `ending` does something
    /// else.
    func exchange(_ up: [UInt8], _ down: [UInt8], turns: Int = 400, ending: ((Wire) -> Void)? = nil) {
        let messages = [up, down]
        var sent = [0, 0]
        var isOver = false
        for turn in 0..<turns {
            for end in 0...1 {
                if sent[end] < messages[end].count, failures[end] == nil {
                    sent[end] += write(
                        messages[end][sent[end]...], pieces: [48, 40_000, 48, 100, 16_384, 70_000], by: end)
                }
                pass(end == 0 ? .up : .down)
                read(60_000, by: 1 - end)
            }
            if !isOver, turn > turns / 2 {
                isOver = true
                if let ending { ending(self) } else { for end in ends { end.endWriting() } }
            }
        }
    }
}

@Suite struct TLSStreamTests {
    @Test func manyRecordsBothWays() {
        let wire = Wire()
        let (up, down) = (pattern(3_000_000, seed: 1), pattern(2_000_001, seed: 2))
        wire.exchange(up, down)
        #expect(wire.received(by: 1) == up && wire.received(by: 0) == down)
        #expect(wire.outcomes == [.endOfStream, .endOfStream] && wire.failures == [nil, nil])
        // Records are full: TLS adds little, and a frame's header has no record of its own.
        #expect(wire.passed[0].count < up.count + up.count / 400 + 2000)
    }

    @Test func bytesOneByOne() {
        let wire = Wire()
        let message = pattern(500, seed: 3)
        var sent = 0
        for _ in 0..<20_000 {
            if sent < message.count { sent += wire.write(message[sent...], pieces: [7], by: 0) }
            wire.pass(.up, atMost: 1)
            wire.read(3, by: 1)
            wire.pass(.down, atMost: 1)
            wire.read(3, by: 0)
        }
        #expect(wire.received(by: 1) == message && wire.failures == [nil, nil])
    }

    @Test func keysAreRenewed() {
        let wire = Wire(bytesPerKey: 50_000)
        let (up, down) = (pattern(2_000_000, seed: 4), pattern(500_000, seed: 5))
        wire.exchange(up, down)
        #expect(wire.received(by: 1) == up && wire.received(by: 0) == down && wire.failures == [nil, nil])
        let plain = Wire()
        plain.exchange(up, down)
        #expect(
            wire.passed[0].count > plain.passed[0].count + 30 * 20, "every renewal is a message of its own")
    }

    @Test func nothingOfTheMessageIsOnTheWire() {
        let wire = Wire()
        let message = pattern(100_000, seed: 6)
        wire.exchange(message, message)
        for direction in wire.passed {
            for start in stride(from: 0, to: message.count - 16, by: 997) {
                #expect(!direction.contains(message[start..<start + 16]))
            }
        }
    }

    @Test func bothEndsHaveOneBindingAndEveryConnectionAnother() {
        let (one, two) = (Wire(), Wire())
        for wire in [one, two] {
            #expect(wire.ends[0].channelBinding.isEmpty)
            wire.exchange([1], [2])
            #expect(
                wire.ends[0].channelBinding.count == 32
                    && wire.ends[0].channelBinding == wire.ends[1].channelBinding)
        }
        #expect(one.ends[0].channelBinding != two.ends[0].channelBinding)
    }

    /// Every changed bit ends the stream, and everything delivered before is as it was sent.
    @Test func noChangeGoesUnnoticed() {
        let (up, down) = (pattern(40_000, seed: 7), pattern(30_000, seed: 8))
        let quiet = Wire()
        quiet.exchange(up, down)
        for direction in Wire.Direction.allCases {
            let count = quiet.passed[direction.rawValue].count
            let places =
                Array(0..<60) + Array(stride(from: 60, to: 900, by: 5))
                + Array(stride(from: 900, to: count - 30, by: 701))
                + Array(count - 30..<count)
            for place in places {
                let wire = Wire()
                wire.change = { $0 == direction && $1 == place ? $2 ^ UInt8(1 << (place % 8)) : $2 }
                wire.exchange(up, down, turns: 40)
                #expect(
                    up.starts(with: wire.received(by: 1)) && down.starts(with: wire.received(by: 0)),
                    "byte \(place) \(direction)")
                let isWhole = wire.failures == [nil, nil] && wire.outcomes == [.endOfStream, .endOfStream]
                #expect(
                    !isWhole || wire.passed[direction.rawValue].count <= place, "byte \(place) \(direction)")
            }
        }
    }

    @Test func anEndWithoutAFarewellIsNoEnd() {
        for place in [400, 20_000, 40_500] {
            let wire = Wire()
            wire.exchange(pattern(40_000, seed: 9), [], turns: 20) { $0.cut(.up) }
            #expect(
                wire.failures[1]
                    == .broken(reason: "the connection closed unexpectedly, without a TLS close_notify"),
                "\(place)")
        }
    }

    @Test func anotherToken() {
        let wire = Wire(token, .random())
        wire.exchange([1, 2, 3], [], turns: 20)
        #expect(wire.failures == [.tokensDiffer, .tokensDiffer])
        #expect(wire.received(by: 1).isEmpty)
    }

    /// A recording of one connection does not open another one.
    @Test func aReplay() {
        let wire = Wire()
        let message = pattern(1000, seed: 10)
        wire.exchange(message, [])
        #expect(wire.received(by: 1) == message)
        let again = Wire()
        again.inject(wire.passed[0], to: 1)
        for _ in 0..<20 { again.read(4000, by: 1) }
        guard case .handshake(let reason)? = again.failures[1] else {
            Issue.record("\(again.failures)")
            return
        }
        #expect(reason.contains("decrypt") || reason.contains("mac"), "\(reason)")
        #expect(again.received(by: 1).isEmpty)
    }

    @Test func aReflection() {
        let wire = Wire()
        _ = wire.write([1, 2, 3], pieces: [3], by: 0)
        wire.pass(.up)
        wire.inject(wire.passed[0], to: 0)
        wire.read(100, by: 0)
        #expect(wire.failures[0] == .reflected)
    }

    @Test func otherLanguages() {
        for end in 0...1 {
            for (text, failure) in [
                ("GET / HTTP/1.1\r\n", StreamFailure.http), ("HTTP/1.1 400 Bad Request\r\n", .http),
                ("DTRN\u{2}", .plaintext),
                ("SSH-2.0-OpenSSH_9.2\r\n", .unknownLanguage), ("DELE", .http), ("\0", .unknownLanguage),
            ] {
                let wire = Wire()
                if end == 0 { _ = wire.write([1], pieces: [1], by: 0) }
                for byte in text.utf8 {
                    wire.inject([byte], to: end)
                    wire.read(100, by: end)
                }
                #expect(wire.failures[end] == failure, "\(text)")
            }
        }
    }

    /// Returns the listener's failure for bytes that look like TLS.
    private func failure(of bytes: [UInt8]) -> StreamFailure? {
        let wire = Wire()
        wire.inject(bytes, to: 1)
        for _ in 0..<4 { wire.read(1000, by: 1) }
        return wire.failures[1]
    }

    @Test func otherTLS() {
        // The hello of a dialler that knows at most TLS 1.2: version, random, no session, one cipher suite,
        // no compression.
        let hello: [UInt8] = [3, 3] + pattern(32, seed: 11) + [0, 0, 2, 0xc0, 0x2f, 1, 0]
        let message = [1, 0, 0, UInt8(hello.count)] + hello
        #expect(
            failure(of: [0x16, 3, 1, 0, UInt8(message.count)] + message)
                == .handshake(reason: "unsupported protocol"))
        // These lengths are impossible for a record, or a hello.
        #expect(
            failure(of: [0x16, 3, 1, 0xff, 0xff, 1] + pattern(100, seed: 12))
                == .handshake(reason: "packet length too long"))
        #expect(
            failure(of: [0x16, 3, 1, 0x10, 0, 1, 0xff, 0xff, 0xff] + pattern(4093, seed: 13))
                == .handshake(reason: "excessive message size"))
        for seed in 1...50 {
            guard case .handshake? = failure(of: [0x16, 3, 1, 0, 90] + pattern(90, seed: UInt64(seed))) else {
                Issue.record("\(seed)")
                continue
            }
        }
    }
}
