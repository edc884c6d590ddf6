import Threads

/// The compute threads of a worker: `lanes` of them, the caller included. They share the tasks of each call.
///
/// A task's result must not depend on its lane; a lane's number is for scratch memory. One thread calls `run`
/// at a time, and a task does not call `run`. The threads live until `close` or deinit.
package final class LanePool: @unchecked Sendable {  // `threads` belongs to whoever runs or closes
    package let lanes: Int
    private let board = LaneBoard()
    private var threads: [Thread] = []

    /// Starts lanes − 1 threads. The calling thread, lane 0, is put into the floating-point mode too.
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
        for thread in threads { thread.join() }
        threads = []
    }

    private func start(_ lane: Int) {
        // Without it, the lanes that exist do its work: the same bits, only later.
        if let thread = try? Thread(named: "lane \(lane)", { [board] in board.follow(lane: lane) }) {
            threads.append(thread)
        }
    }
}
