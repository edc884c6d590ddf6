import Datasets
import Jobs
import Training

/// What a worker needs of the job before it can belong to a generation.
package struct Welcome: Equatable {
    package var worker: Int
    /// The resolved config, as text.
    package var job: String
    /// Identifies the job in handshakes between members.
    package var jobIdentity: String
    /// The OpenBLAS core that all workers compute with.
    package var blasCore: String
    package var normalization: Normalization
    package var datasets: [DatasetTicket]
    /// Seconds of silence after which somebody counts as dead.
    package var peerTimeout: Double

    package init(
        worker: Int, job: String, jobIdentity: String, blasCore: String, normalization: Normalization,
        datasets: [DatasetTicket],
        peerTimeout: Double
    ) {
        (self.worker, self.job, self.jobIdentity, self.blasCore) = (worker, job, jobIdentity, blasCore)
        (self.normalization, self.datasets, self.peerTimeout) = (normalization, datasets, peerTimeout)
    }
}

/// A data set that can be fetched: known by its content.
package struct DatasetTicket: Equatable {
    package enum Role: UInt8 { case train, validation, test }

    package var role: Role
    /// SHA-256 of the serialised form.
    package var hash: [UInt8]
    package var byteCount: Int

    package init(role: Role, hash: [UInt8], byteCount: Int) {
        (self.role, self.hash, self.byteCount) = (role, hash, byteCount)
    }

    /// Bytes of a chunk, but for the last one.
    static let chunkSize = 1 << 20
    /// Chunks are numbered with 32 bits; more than this no machine holds.
    static let mostBytes = 1 << 47
    package var chunkCount: Int { (byteCount + Self.chunkSize - 1) / Self.chunkSize }
    package func range(ofChunk chunk: Int) -> Range<Int> {
        (chunk * Self.chunkSize)..<min(byteCount, (chunk + 1) * Self.chunkSize)
    }
}

/// A worker's answer to the welcome.
package struct Prepared: Equatable {
    package var fingerprint: Fingerprint

    package init(fingerprint: Fingerprint) { self.fingerprint = fingerprint }
}

extension Welcome: Message {
    package static let name = "welcome"

    package func write(to writer: inout MessageWriter) {
        writer.write(worker)
        writer.write(job)
        writer.write(jobIdentity)
        writer.write(blasCore)
        writer.write(normalization.kind.rawValue)
        writer.write(normalization.shift) { $0.write($1) }
        writer.write(normalization.factor) { $0.write($1) }
        writer.write(datasets) {
            $0.write($1.role.rawValue)
            $0.write(bytes: $1.hash)
            $0.write($1.byteCount)
        }
        writer.write(peerTimeout)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        worker = try reader.readInt()
        job = try reader.readString()
        jobIdentity = try reader.readString()
        blasCore = try reader.readString()
        let kind = Normalization.Kind(rawValue: try reader.readString())
        let shift = try reader.readList { reader throws(MalformedMessage) in try reader.readFloat() }
        let factor = try reader.readList { reader throws(MalformedMessage) in try reader.readFloat() }
        guard let kind, shift.count == factor.count else {
            throw MalformedMessage(
                description:
                    "the welcome's normalisation is malformed; check that both sides run the same version")
        }
        normalization = Normalization(kind: kind, shift: shift, factor: factor)
        datasets = try reader.readList { reader throws(MalformedMessage) in
            let role = DatasetTicket.Role(rawValue: try reader.read())
            let ticket = DatasetTicket(
                role: role ?? .train, hash: try reader.readBytes(), byteCount: try reader.readInt())
            guard role != nil, ticket.hash.count == 32,
                (1..<DatasetTicket.mostBytes).contains(ticket.byteCount)
            else {
                throw MalformedMessage(
                    description:
                        "the welcome's data sets are malformed; check that both sides run the same version")
            }
            return ticket
        }
        peerTimeout = try reader.readDouble()
        guard (0.01...86_400).contains(peerTimeout) else {
            throw MalformedMessage(
                description:
                    "the welcome's time limit is malformed; check that both sides run the same version")
        }
    }
}

extension Prepared: Message {
    package static let name = "prepared"

    package func write(to writer: inout MessageWriter) {
        writer.write(fingerprint.parts) {
            $0.write($1.name)
            $0.write($1.value)
        }
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        fingerprint = Fingerprint(
            parts: try reader.readList { reader throws(MalformedMessage) in
                Fingerprint.Part(name: try reader.readString(), value: try reader.readString())
            })
    }
}
