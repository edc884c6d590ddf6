import Transport

/// The purpose of a connection, which its dialler states in the handshake. The authentication covers it.
package enum ConnectionPurpose: Equatable, Sendable {
    /// A worker's first connection to its coordinator.
    case join(JoinRequest)
    /// A worker's second connection to its coordinator, which carries heartbeats alone.
    case heartbeat(worker: Int)
    /// A connection between two members of a generation.
    case mesh(MeshGreeting)
    /// A connection of `dist-train doctor`, which measures the link.
    case probe

    /// Reads the purpose that the peer has stated.
    package init(of peer: HandshakePeer) throws {
        self = try peer.context.withUnsafeBytes { bytes in
            try ConnectionPurpose(decoding: bytes, named: "greeting")
        }
    }
}

/// A worker that asks to join.
package struct JoinRequest: Equatable, Sendable {
    /// The worker's name for people: `host/pid`.
    package var name: String
    /// The machine's name, the same for all workers of one machine.
    package var machine: String
    package var cores: Int
    /// The OpenBLAS core that the worker computes with now.
    package var blasCore: String
    /// The user has set OPENBLAS_CORETYPE, which is then respected.
    package var isCoreFixed: Bool
    /// Addresses at which other workers may reach it, the preferred one first.
    package var endpoints: [Endpoint]
    package var meshPort: UInt16
    /// The name of its job; nil: it takes any.
    package var rendezvous: String?

    package init(
        name: String, machine: String, cores: Int, blasCore: String, isCoreFixed: Bool, endpoints: [Endpoint],
        meshPort: UInt16, rendezvous: String? = nil
    ) {
        self.name = name
        self.machine = machine
        self.cores = cores
        self.blasCore = blasCore
        self.isCoreFixed = isCoreFixed
        self.endpoints = endpoints
        self.meshPort = meshPort
        self.rendezvous = rendezvous
    }
}

/// A connection between two members of a generation, as its dialler describes it.
package struct MeshGreeting: Equatable, Sendable {
    /// The job's identity.
    package var job: String
    package var generation: FrameGeneration
    /// The dialler's rank.
    package var from: Int
    /// The rank that is dialled.
    package var to: Int
    /// The connection carries the short messages that others wait for.
    package var isUrgent: Bool

    package init(job: String, generation: FrameGeneration, from: Int, to: Int, isUrgent: Bool) {
        self.job = job
        self.generation = generation
        self.from = from
        self.to = to
        self.isUrgent = isUrgent
    }
}

// MARK: - Binary form

extension ConnectionPurpose: MessageValue {
    private enum Kind: UInt8, MessageValue {
        case join = 1
        case heartbeat = 2
        case mesh = 3
        case probe = 4
    }

    package func write(to writer: inout MessageWriter) {
        switch self {
        case .join(let request):
            writer.write(Kind.join)
            writer.write(request)
        case .heartbeat(let worker):
            writer.write(Kind.heartbeat)
            writer.write(worker)
        case .mesh(let greeting):
            writer.write(Kind.mesh)
            writer.write(greeting)
        case .probe: writer.write(Kind.probe)
        }
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        switch try reader.read(Kind.self) {
        case .join: self = .join(try reader.read())
        case .heartbeat: self = .heartbeat(worker: try reader.read())
        case .mesh: self = .mesh(try reader.read())
        case .probe: self = .probe
        }
    }
}

extension JoinRequest: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(name)
        writer.write(machine)
        writer.write(cores)
        writer.write(blasCore)
        writer.write(isCoreFixed)
        writer.write(endpoints)
        writer.write(meshPort)
        writer.write(rendezvous)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        name = try reader.read()
        machine = try reader.read()
        cores = try reader.read()
        blasCore = try reader.read()
        isCoreFixed = try reader.read()
        endpoints = try reader.read()
        meshPort = try reader.read()
        rendezvous = try reader.read()
    }
}

extension MeshGreeting: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(job)
        writer.write(generation)
        writer.write(from)
        writer.write(to)
        writer.write(isUrgent)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        job = try reader.read()
        generation = try reader.read()
        from = try reader.read()
        to = try reader.read()
        isUrgent = try reader.read()
    }
}

extension Endpoint: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(host)
        writer.write(port)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self.init(host: try reader.read(), port: try reader.read())
    }
}

extension FrameGeneration: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(incarnation)
        writer.write(counter)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        self.init(incarnation: try reader.read(), counter: try reader.read())
    }
}
