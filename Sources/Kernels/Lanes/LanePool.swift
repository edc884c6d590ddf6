import CSystem

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The compute threads of a worker: `lanes` of them, the caller included, which share out the tasks of one call after another.
///
/// A task's result must not depend on its lane; a lane's number is for scratch memory. One thread calls `run` at a time, and a
/// task does not call `run`. The threads live until `close` or deinit.
package final class LanePool: @unchecked Sendable {  // `threads` belongs to whoever runs or closes
    package let lanes: Int
    private let board = LaneBoard()
    private var threads: [pthread_t] = []

    /// Starts lanes − 1 threads; the calling thread, the pool's first lane, is put into the floating-point mode too.
    package init(lanes: Int) {
        precondition(lanes > 0, "a pool needs at least one lane")
        self.lanes = lanes
        establishFloatingPointMode()
        for lane in stride(from: 1, to: lanes, by: 1) { start(lane) }
    }

    deinit { close() }

    /// Calls `body(task, lane)` once for each task in 0..<count and returns when all have ended.
    package func run(_ count: Int, _ body: (_ task: Int, _ lane: Int) -> Void) {
        if threads.isEmpty || count < 2 {
            for task in stride(from: 0, to: count, by: 1) { body(task, 0) }
            return
        }
        withoutActuallyEscaping(body) { body in
            var work = LaneBoard.Work(body: body)
            withUnsafePointer(to: &work) { board.lead(count, $0) }
        }
    }

    /// Ends the threads; later runs stay on their caller's thread.
    package func close() {
        board.close()
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    private func start(_ lane: Int) {
        let argument = Unmanaged.passRetained(LaneArgument(board: board, lane: lane))
        #if canImport(Darwin)
            var thread: pthread_t? = nil
        #else
            var thread = pthread_t()
        #endif
        let status = pthread_create(&thread, nil, laneMain, argument.toOpaque())
        guard status == 0 else {  // the lanes that exist do the work: same bits, only later
            argument.release()
            return
        }
        #if canImport(Darwin)
            if let thread { threads.append(thread) }
        #else
            threads.append(thread)
        #endif
    }
}

private final class LaneArgument {
    let board: LaneBoard
    let lane: Int
    init(board: LaneBoard, lane: Int) {
        self.board = board
        self.lane = lane
    }
}

#if canImport(Darwin)
    private func laneMain(_ raw: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        followAsLane(raw)
        return nil
    }
#else
    private func laneMain(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let raw { followAsLane(raw) }
        return nil
    }
#endif

private func followAsLane(_ raw: UnsafeMutableRawPointer) {
    let argument = Unmanaged<LaneArgument>.fromOpaque(raw).takeRetainedValue()
    establishFloatingPointMode()
    csystem_name_thread("lane \(argument.lane)")
    argument.board.follow(lane: argument.lane)
}
