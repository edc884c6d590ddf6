import Datasets
import System
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

#if os(Linux)  // which answers on all of 127.0.0.0/8
    extension Exactness {
        /// Everything that two workers and their coordinator say to each other, recorded by who stands in between.
        @Suite struct Captures {
            private static func holds(_ bytes: [UInt8], _ pattern: [UInt8]) -> Bool {
                bytes.withUnsafeBytes { bytes in
                    var start = 0
                    while let base = bytes.baseAddress, start + pattern.count <= bytes.count,
                        let found = memchr(base + start, Int32(pattern[0]), bytes.count - pattern.count - start + 1)
                    {
                        if memcmp(found, pattern, pattern.count) == 0 { return true }
                        start = UnsafeRawPointer(found) - base + 1
                    }
                    return false
                }
            }

            @Test(arguments: [false, true])
            func whatIsOnTheWire(isPlaintext: Bool) throws {
                let hands = try ByHand(DigitsJob(steps: 8))
                let quiet = try hands.bench.quiet()
                let plaintext = isPlaintext ? ["--plaintext"] : []
                let coordinator = try hands.coordinator(["--min-workers", "2"] + plaintext)
                let toMember = try FaultProxy(host: 2, target: nil, records: true)
                let toCoordinator = try [2, 3].map { try FaultProxy(host: $0, target: UInt16(hands.port), records: true) }
                let alone = ["DIST_TRAIN_SHARED_MEMORY": "0"]
                let first = try hands.worker(["--listen", "127.0.0.1:\(toMember.port)"] + plaintext, alone, proxy: toCoordinator[0].port)
                try Program.wait(for: "at 127.0.0.2) joins", from: coordinator)
                let second = try hands.worker(
                    ["--listen", "127.0.0.1:0"] + plaintext, alone, proxy: toCoordinator[1].port, proxyHost: 3)
                #expect(try hands.bits(coordinator) == quiet)
                for worker in [first, second] { try expectGoodEnd(worker) }
                let proxies = [toMember] + toCoordinator
                for proxy in proxies { #expect(proxy.traffic.count == 2) }
                let recorded = proxies.flatMap(\.recorded)
                #expect(recorded.count == 12 && recorded.allSatisfy { !$0.isEmpty })
                func isRecorded(_ bytes: some Sequence<UInt8>) -> Bool {
                    let pattern = Array(bytes)
                    return recorded.contains { Self.holds($0, pattern) }
                }
                let data = try Digits.load().train.serialized
                let samples = (1...20).map { data[data.count * $0 / 24..<data.count * $0 / 24 + 48] }
                #expect(samples.allSatisfy { isRecorded($0) == isPlaintext })
                for name in ["cross_entropy", "batch_norm", "learning_rate"] {
                    #expect(isRecorded(name.utf8) == isPlaintext, "\(name)")
                }
                // Of the parameters at the end those that are vectors lie in the file as they do on the wire.
                let checkpoint = Path.join(hands.runDirectory, "checkpoints/step-00000008/model.safetensors")
                let tensors = try File.read(checkpoint, limit: 1 << 24)
                let found = stride(from: 0, to: tensors.count - 32, by: 32).count { isRecorded(tensors[$0..<$0 + 32]) }
                #expect(isPlaintext ? found > 10 : found == 0, "\(found)")
            }
        }
    }
#endif
