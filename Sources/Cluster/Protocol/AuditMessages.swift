import Training

/// Digests of the contributions that the owner of some pieces received in an audited step.
package struct ContributionDigests: Equatable, Sendable {
    package var step: Int
    /// For each of the owner's pieces in order, a digest for each member; 0 for a member without samples.
    package var digests: [UInt64]

    package init(step: Int, digests: [UInt64]) {
        self.step = step
        self.digests = digests
    }
}

extension ContributionDigests: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(step)
        writer.write(digests)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        step = try reader.read()
        digests = try reader.read()
    }
}

extension AuditResult: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(step)
        writer.write(member)
        writer.write(gradients)
        writer.write(received)
        writer.write(recomputed)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            step: try reader.read(), member: try reader.read(), gradients: try reader.read(),
            received: try reader.read(), recomputed: try reader.read())
    }
}
