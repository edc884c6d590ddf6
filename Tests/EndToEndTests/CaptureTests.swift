import Datasets
import Platform
import System
import Testing

#if os(Linux)  // which answers on all of 127.0.0.0/8
    extension Exactness {
        /// Everything that two workers and their coordinator say to each other, recorded by who stands in
        /// between.
        @Suite struct Captures {
            private struct Recording {
                var pieces: [[UInt8]]

                func holds(_ bytes: some Sequence<UInt8>) -> Bool {
                    let pattern = Array(bytes)
                    return pieces.contains { Self.holds($0, pattern) }
                }

                private static func holds(_ bytes: [UInt8], _ pattern: [UInt8]) -> Bool {
                    bytes.withUnsafeBytes { bytes in
                        var start = 0
                        while let base = bytes.baseAddress, start + pattern.count <= bytes.count,
                            let found = memchr(
                                base + start, Int32(pattern[0]), bytes.count - pattern.count - start + 1)
                        {
                            if memcmp(found, pattern, pattern.count) == 0 { return true }
                            start = UnsafeRawPointer(found) - base + 1
                        }
                        return false
                    }
                }

                /// Samples, names from the job, and of the parameters at its end those that are vectors,
                /// which lie in the file as they do on the wire: how many of each are there, and how many at
                /// least where nothing is encrypted.
                func findings(_ hands: ByHand) throws -> [(found: Int, least: Int)] {
                    let data = try Digits.load().train.serialized
                    let samples = (1...20).map { data[data.count * $0 / 24..<data.count * $0 / 24 + 48] }
                    let names = ["cross_entropy", "batch_norm", "learning_rate"]
                    let checkpoint = Path.join(
                        hands.runDirectory, "checkpoints/step-00000008/model.safetensors")
                    let tensors = try File.read(checkpoint, limit: 1 << 24)
                    let vectors = stride(from: 0, to: tensors.count - 32, by: 32).count {
                        holds(tensors[$0..<$0 + 32])
                    }
                    return [
                        (samples.count { holds($0) }, samples.count),
                        (names.count { holds($0.utf8) }, names.count), (vectors, 11),
                    ]
                }

                func expect(_ hands: ByHand, isPlaintext: Bool) throws {
                    for (found, least) in try findings(hands) {
                        #expect(
                            isPlaintext ? found >= least : found == 0,
                            "\(found), in plaintext at least \(least)")
                    }
                }
            }

            @Test(arguments: [false, true])
            func whatIsOnTheWire(isPlaintext: Bool) throws {
                let hands = try ByHand(DigitsJob(steps: 8))
                let quiet = try hands.bench.quiet()
                let plaintext = isPlaintext ? ["--plaintext"] : []
                let coordinator = try hands.coordinator(["--min-workers", "2"] + plaintext)
                let toMember = try FaultProxy(host: 2, target: nil, records: true)
                let toCoordinator = try [2, 3].map {
                    try FaultProxy(host: $0, target: UInt16(hands.port), records: true)
                }
                let alone = ["DIST_TRAIN_SHARED_MEMORY": "0"]
                let first = try hands.worker(
                    ["--listen", "127.0.0.1:\(toMember.port)"] + plaintext, alone,
                    proxy: toCoordinator[0].port)
                try hands.log(of: coordinator).wait(for: "worker_joined", from: coordinator) {
                    $0.text("address") == "127.0.0.2"
                }
                let second = try hands.worker(
                    ["--listen", "127.0.0.1:0"] + plaintext, alone, proxy: toCoordinator[1].port, proxyHost: 3
                )
                #expect(try hands.bits(coordinator) == quiet)
                for worker in [first, second] { try expectGoodEnd(worker) }
                let proxies = [toMember] + toCoordinator
                for proxy in proxies { #expect(proxy.traffic.count == 2) }
                let recorded = proxies.flatMap(\.recorded)
                #expect(recorded.count == 12 && recorded.allSatisfy { !$0.isEmpty })
                try Recording(pieces: recorded).expect(hands, isPlaintext: isPlaintext)
            }

            private static let tshark = (Environment.value("PATH") ?? "").split(separator: ":").map {
                "\($0)/tshark"
            }.first(
                where: File.exists)
            private static let canCapture = tshark != nil && geteuid() == 0

            /// The same as others see it who can listen on the wire, from the first packet to the last.
            @Test(
                .enabled(if: canCapture, "there is no tshark in PATH, or it may not capture"),
                arguments: [false, true])
            func whatTsharkSees(isPlaintext: Bool) throws {
                let tshark = try #require(Self.tshark)
                let path = ["PATH": Environment.value("PATH") ?? ""]
                let hands = try ByHand(DigitsJob(steps: 8))
                let quiet = try hands.bench.quiet()
                let plaintext = isPlaintext ? ["--plaintext"] : []
                let coordinator = try hands.coordinator(["--min-workers", "2"] + plaintext)
                let listening = try {
                    try (0..<2).map { _ in try RawSocket.bound(listening: false) }.map(\.port)
                }()
                let file = hands.bench.directory.file("capture")
                let marks = try RawSocket.bound()
                let filter = (listening + [marks.port, UInt16(hands.port)]).map { "tcp port \($0)" }.joined(
                    separator: " or ")
                let capture = try hands.start(
                    ["-i", "lo", "-n", "-q", "-B", "64", "-f", filter, "-w", file], path, program: tshark)
                // Packets between two marks that were captured were captured, too.
                func mark(_ text: String) throws {
                    let isSeen = try eventually(within: 30) {
                        let sender = try RawSocket.connected(to: marks.port)
                        sender.send(Array(text.utf8))
                        _ = marks.accepted()
                        return (try? File.read(file, limit: 1 << 28)).map {
                            Recording(pieces: [$0]).holds(text.utf8)
                        } ?? false
                    }
                    try #require(isSeen, "\(capture.standardError())")
                }
                try mark("the beginning")
                let workers = try listening.map {
                    try hands.worker(
                        ["--listen", "127.0.0.1:\($0)"] + plaintext, ["DIST_TRAIN_SHARED_MEMORY": "0"])
                }
                #expect(try hands.bits(coordinator) == quiet)
                for worker in workers { try expectGoodEnd(worker) }
                try mark("the end")
                capture.send(SIGINT)
                try Program.finish(capture).expect(status: 0)
                func fields(_ filter: String, _ names: String...) throws -> [[String]] {
                    let ports = (listening.map(Int.init) + [hands.port]).flatMap {
                        ["-d", "tcp.port==\($0),tls"]
                    }
                    let read = try hands.start(
                        ["-r", file, "-n", "-Y", filter, "-T", "fields"] + ports
                            + names.flatMap { ["-e", $0] }, path, program: tshark)
                    let end = try Program.finish(read)
                    end.expect(status: 0)
                    return end.output.split(separator: "\n").map {
                        $0.split(separator: "\t").map(String.init)
                    }
                }
                // The bytes of each connection, each way, in one piece: a secret may be split between two
                // packets.
                let sent = try fields(
                    "tcp.len > 0 && tcp.port != \(marks.port) && !tcp.analysis.retransmission", "tcp.stream",
                    "tcp.srcport", "tcp.payload")
                let ways = try Dictionary(grouping: sent) { $0[0...1] }
                    .mapValues { packets in try packets.flatMap { try #require(TextFormat.bytes(hex: $0[2])) }
                    }
                try Recording(pieces: Array(ways.values)).expect(hands, isPlaintext: isPlaintext)

                // Each connection over which anything went has agreed on TLS 1.3.
                let all = Set(sent.map { $0[0] })
                let agreed = try fields(
                    "tls.handshake.type == 2", "tcp.stream", "tls.handshake.extensions.supported_version")
                #expect(all.count >= 3, "two to the coordinator, one between the workers")
                #expect(Set(agreed) == (isPlaintext ? [] : Set(all.map { [$0, "0x0304"] })))
            }
        }
    }
#endif
