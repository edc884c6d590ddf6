/// The workers that are connected, by number. Numbers grow: a worker that comes again gets another one.
struct WorkerTable {
    private var connected: [Int: WorkerConnection] = [:]
    private var next = 1

    subscript(id: Int) -> WorkerConnection? { connected[id] }

    var isEmpty: Bool { connected.isEmpty }
    var ids: [Int] { connected.keys.sorted() }
    var connections: [WorkerConnection] { ids.compactMap { connected[$0] } }

    /// Gives a new worker its number.
    mutating func add(_ make: (_ id: Int) -> WorkerConnection) -> WorkerConnection {
        let worker = make(next)
        connected[next] = worker
        next += 1
        return worker
    }

    mutating func remove(_ id: Int) -> WorkerConnection? { connected.removeValue(forKey: id) }
}
