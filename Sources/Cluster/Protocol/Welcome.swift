import Datasets
import Jobs
import Training

/// The facts that a worker needs of the job before it can belong to a generation.
package struct Welcome: Equatable, Sendable {
    /// The worker's number.
    package var worker: Int
    /// The resolved config, as text.
    package var job: String
    /// Identifies the job in handshakes between members.
    package var jobIdentity: String
    /// The OpenBLAS core that all workers compute with.
    package var blasCore: String
    package var normalization: Normalization
    package var datasets: [DatasetTicket]
    /// Seconds of silence after which a process counts as dead.
    package var peerTimeout: Double

    package init(
        worker: Int, job: String, jobIdentity: String, blasCore: String, normalization: Normalization,
        datasets: [DatasetTicket], peerTimeout: Double
    ) {
        self.worker = worker
        self.job = job
        self.jobIdentity = jobIdentity
        self.blasCore = blasCore
        self.normalization = normalization
        self.datasets = datasets
        self.peerTimeout = peerTimeout
    }
}

/// A worker's answer to the welcome.
package struct Prepared: Equatable, Sendable {
    package var fingerprint: Fingerprint

    package init(fingerprint: Fingerprint) { self.fingerprint = fingerprint }
}

extension Welcome: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(worker)
        writer.write(job)
        writer.write(jobIdentity)
        writer.write(blasCore)
        writer.write(normalization)
        writer.write(datasets)
        writer.write(peerTimeout)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        worker = try reader.read()
        job = try reader.read()
        jobIdentity = try reader.read()
        blasCore = try reader.read()
        normalization = try reader.read()
        datasets = try reader.read()
        peerTimeout = try reader.read()
        guard (0.01...86_400).contains(peerTimeout) else {
            throw MalformedMessage("the welcome's time limit of \(peerTimeout) s is impossible")
        }
    }
}

extension Normalization.Kind: MessageValue {}

extension Normalization: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(kind)
        writer.write(shift)
        writer.write(factor)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        let kind = try reader.read(Kind.self)
        let shift = try reader.read([Float].self)
        let factor = try reader.read([Float].self)
        guard shift.count == factor.count else { throw reader.malformed }
        self.init(kind: kind, shift: shift, factor: factor)
    }
}

extension Prepared: MessageValue {
    package func write(to writer: inout MessageWriter) { writer.write(fingerprint.parts) }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        fingerprint = Fingerprint(parts: try reader.read())
    }
}

extension Fingerprint.Part: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(name)
        writer.write(value)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self.init(name: try reader.read(), value: try reader.read())
    }
}
