import Transport

/// Leads the connections that other members have dialled to the mesh of their generation. A connection whose
/// generation has not formed here is held. On the communication thread.
final class MeshEntrance {
    private var early = EarlyConnections<(connection: Connection, greeting: MeshGreeting)>()
    private weak var mesh: Mesh?
    private var generation: FrameGeneration?
    private var isClosed = false

    func accept(_ connection: Connection, _ peer: HandshakePeer) {
        guard !isClosed, case .mesh(let greeting)? = try? ConnectionPurpose(of: peer) else {
            return connection.close()
        }
        if greeting.generation == generation, let mesh {
            mesh.accept(connection, greeting)
        } else if !early.add((connection, greeting), of: greeting.generation) {
            connection.close()
        }
    }

    /// Leads the connections of a generation to its mesh: those that are held, and those that arrive from now
    /// on.
    func lead(to mesh: Mesh, of generation: FrameGeneration) {
        self.mesh = mesh
        self.generation = generation
        let (arrived, outdated) = early.form(generation)
        for (connection, _) in outdated { connection.close() }
        for (connection, greeting) in arrived { mesh.accept(connection, greeting) }
    }

    func close() {
        isClosed = true
        mesh = nil
        for (connection, _) in early.removeAll() { connection.close() }
    }
}

extension ConnectionPurpose {
    /// The reason why a worker refuses a connection of this purpose, or nil.
    ///
    /// - Parameters:
    ///   - job: the identity of the worker's job; nil: the worker does not know it yet.
    ///   - current: the worker's generation, if it is in one. A later one may have begun elsewhere.
    package func refusal(byMemberOf job: String?, in current: FrameGeneration?) -> String? {
        guard case .mesh(let greeting) = self else {
            return "this is a worker's port for other workers: join the coordinator's port instead"
        }
        guard greeting.job == job else { return "this worker belongs to another job" }
        if let current, !greeting.generation.isAtLeast(current) { return "that generation has ended here" }
        return nil
    }
}
