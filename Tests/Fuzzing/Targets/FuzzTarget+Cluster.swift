import Cluster
import Training

// Targets for the messages between workers and their coordinator.
extension FuzzTarget {
    /// The first byte chooses the kind. A message that is accepted is encoded to the same bytes.
    static let messages = FuzzTarget("messages", longestInput: 2048) { input in
        guard let kind = input.first else { return }
        let payload = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        try decoders[Int(kind) % decoders.count](payload)
    }

    private static let decoders: [@Sendable (UnsafeRawBufferPointer) throws -> Void] = [
        { try decode(ConnectionPurpose.self, $0) }, { try decode(Welcome.self, $0) },
        { try decode(Prepared.self, $0) },
        { try decode(Formation.self, $0) }, { try decode(Heartbeat.self, $0) },
        { payload in
            let message = try decode(TimingMessage.self, payload)
            var record = TimingRecord(stepsPerEpoch: 3)
            record.begin([TimedWorker(id: 1, name: "w")], step: 0)
            _ = record.add(
                rank: 0, through: min(message.through, 1000), message.alignedSpans.filter { $0.step < 1000 })
        },
        { try decode(ContributionDigests.self, $0) }, { try decode(AuditResult.self, $0) },
    ]

    @discardableResult
    private static func decode<M: Message>(_ type: M.Type, _ payload: UnsafeRawBufferPointer) throws -> M {
        let message = try M(decoding: payload)
        try require(
            message.encoded.elementsEqual(payload), "a \(M.name) is written in another way than it came")
        return message
    }
}
