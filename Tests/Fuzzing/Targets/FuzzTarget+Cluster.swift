import Cluster
import Training
import Transport

// Targets for the messages between workers and their coordinator.
extension FuzzTarget {
    /// The first byte chooses the direction. A message that is accepted is encoded to the same bytes.
    static let messages = FuzzTarget("messages", longestInput: 2048) { input in
        var input = Input(input)
        switch input.byte() % 6 {
        case 0: try readPurpose(input.remainder())
        case 1: try readTiming(try read(ToCoordinator.self, &input))
        case 2: _ = try read(ToWorker.self, &input)
        case 3: _ = try read(Heartbeat.self, &input)
        case 4: _ = try read(HeartbeatAnswer.self, &input)
        default: _ = try read(ProbeMessage.self, &input)
        }
    }

    /// The first byte chooses between the list of `--hosts` and what a host's shell prints.
    static let hosts = FuzzTarget("hosts", longestInput: 1024) { input in
        var input = Input(input)
        let isList = input.byte() % 2 == 0
        let text = String(decoding: input.remainder(), as: UTF8.self)
        guard isList else {
            for answer in RemoteScript.answers(in: text) {
                guard case .refused(let reason, let detail) = answer else { continue }
                let failure = RemoteFailure(reason: reason, detail: detail, words: text, version: "1")
                try require("\(failure)".utf8.count < 10_000, "a host's words are not bounded")
            }
            return
        }
        let hosts = try RemoteHost.list(text)
        let written = hosts.map { "\($0)" }.joined(separator: ",")
        try require(try RemoteHost.list(written) == hosts, "hosts are read in another way than written")
        for host in hosts {
            try require(
                host.sshArguments.suffix(2).first == "--" && !host.name.hasPrefix("-"),
                "ssh may take a host for an option")
        }
    }

    private static func readPurpose(_ bytes: [UInt8]) throws {
        let purpose = try bytes.withUnsafeBytes { try ConnectionPurpose(decoding: $0, named: "greeting") }
        try require(purpose.encoded == bytes, "a greeting is written in another way than it came")
    }

    /// Reads a frame: kind, flags, step, index, detail, and the payload.
    private static func read<M: FramedMessage>(_ type: M.Type, _ input: inout Input) throws -> M {
        let header = FrameHeader(
            kind: input.byte(), flags: input.byte(), step: input.integer(), index: input.integer(),
            detail: input.integer())
        let payload = input.remainder()
        return try payload.withUnsafeBytes { bytes in
            let message = try M(header, bytes)
            let written = message.frame
            try require(written.header == header, "a message's header is written in another way than it came")
            switch written.payload {
            case .copied(let copy):
                try require(copy == payload, "a message is written in another way than it came")
            case .borrowed(let bulk):
                try require(bulk.elementsEqual(bytes), "a bulk message does not hold what came")
            }
            return message
        }
    }

    private static func readTiming(_ message: ToCoordinator) throws {
        guard case .timing(let timing) = message else { return }
        var record = TimingRecord(stepsPerEpoch: 3)
        record.begin([TimedWorker(id: 1, name: "w")], step: 0)
        _ = record.add(
            rank: 0, through: min(timing.through, 1000), timing.alignedSpans.filter { $0.step < 1000 })
    }
}

extension Input {
    /// An integer, the lowest byte first.
    fileprivate mutating func integer<T: FixedWidthInteger>() -> T {
        (0..<MemoryLayout<T>.size).reduce(0) { $0 | T(truncatingIfNeeded: UInt(byte())) << (8 * T($1)) }
    }
}
