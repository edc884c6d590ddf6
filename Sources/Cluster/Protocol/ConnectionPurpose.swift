import Transport

/// What a dialler says in its handshake about itself and the connection it wants; bound to the connection by the authentication.
package enum ConnectionPurpose: Equatable {
    /// A worker's first connection to its coordinator.
    case join(JoinRequest)
    /// The second one, which carries heartbeats alone.
    case heartbeat(worker: Int)
    /// A connection between two members of a generation.
    case mesh(MeshGreeting)
}

/// Who asks to join.
package struct JoinRequest: Equatable {
    /// For people: `host/pid`.
    package var name: String
    /// The same for all workers of one machine.
    package var machine: String
    package var cores: Int
    /// What the worker computes with now.
    package var blasCore: String
    /// True if the user has set OPENBLAS_CORETYPE, which is then respected.
    package var isCoreFixed: Bool
    /// Where other workers may reach it, in order of preference.
    package var endpoints: [Endpoint]
    package var meshPort: UInt16

    package init(
        name: String, machine: String, cores: Int, blasCore: String, isCoreFixed: Bool, endpoints: [Endpoint],
        meshPort: UInt16
    ) {
        (self.name, self.machine, self.cores, self.blasCore) = (name, machine, cores, blasCore)
        (self.isCoreFixed, self.endpoints, self.meshPort) = (isCoreFixed, endpoints, meshPort)
    }
}

package struct MeshGreeting: Equatable {
    package var job: String
    package var generation: FrameGeneration
    package var from: Int
    package var to: Int
    package var isUrgent: Bool

    package init(job: String, generation: FrameGeneration, from: Int, to: Int, isUrgent: Bool) {
        (self.job, self.generation, self.from, self.to, self.isUrgent) = (job, generation, from, to, isUrgent)
    }
}

extension ConnectionPurpose: Message {
    package static let name = "greeting"

    package func write(to writer: inout MessageWriter) {
        switch self {
        case .join(let request):
            writer.write(UInt8(1))
            writer.write(request.name)
            writer.write(request.machine)
            writer.write(request.cores)
            writer.write(request.blasCore)
            writer.write(request.isCoreFixed)
            writer.write(request.endpoints) { $0.write($1) }
            writer.write(request.meshPort)
        case .heartbeat(let worker):
            writer.write(UInt8(2))
            writer.write(worker)
        case .mesh(let greeting):
            writer.write(UInt8(3))
            writer.write(greeting.job)
            writer.write(greeting.generation.incarnation)
            writer.write(greeting.generation.counter)
            writer.write(greeting.from)
            writer.write(greeting.to)
            writer.write(greeting.isUrgent)
        }
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        switch try reader.read(UInt8.self) {
        case 1:
            self = .join(
                JoinRequest(
                    name: try reader.readString(), machine: try reader.readString(),
                    cores: try reader.readInt(),
                    blasCore: try reader.readString(), isCoreFixed: try reader.readBool(),
                    endpoints: try reader.readList { reader throws(MalformedMessage) in
                        try reader.readEndpoint()
                    },
                    meshPort: try reader.read()))
        case 2:
            self = .heartbeat(worker: try reader.readInt())
        case 3:
            self = .mesh(
                MeshGreeting(
                    job: try reader.readString(),
                    generation: FrameGeneration(incarnation: try reader.read(), counter: try reader.read()),
                    from: try reader.readInt(), to: try reader.readInt(), isUrgent: try reader.readBool()))
        default:
            throw MalformedMessage(
                description: "the greeting is of an unknown kind; check that both sides run the same version")
        }
    }
}

extension MessageWriter {
    mutating func write(_ endpoint: Endpoint) {
        write(endpoint.host)
        write(endpoint.port)
    }
}

extension MessageReader {
    mutating func readEndpoint() throws(MalformedMessage) -> Endpoint {
        Endpoint(host: try readString(), port: try read())
    }
}
