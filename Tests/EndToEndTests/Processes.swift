import Platform
import System

/// Reads /proc about the processes that a test started.
enum Processes {
    static func children(of parent: Int32) throws -> [Int32] {
        try Directory.list("/proc").compactMap { Int32($0) }.filter { stat(of: $0)?.parent == parent }
    }

    /// Kills children of a process at random moments, as long as it runs, and returns how many.
    static func killChildren(of parent: ChildProcess, times: Int) throws -> Int {
        var done = 0
        for _ in 0..<times where parent.exitStatus() == nil {
            Clock.sleep(seconds: Double.random(in: 0.05...0.4))
            let alive = try children(of: parent.processID).filter(isAlive)
            guard let victim = alive.randomElement() else { continue }
            kill(victim, SIGKILL)
            done += 1
        }
        return done
    }

    /// Running: neither gone nor a zombie that waits for its parent.
    static func isAlive(_ process: Int32) -> Bool { stat(of: process).map { $0.state != "Z" } ?? false }

    /// Its arguments, with spaces between them.
    static func commandLine(of process: Int32) -> String? { text("/proc/\(process)/cmdline") }
    static func environment(of process: Int32) -> String? { text("/proc/\(process)/environ") }

    private static func stat(of process: Int32) -> (state: Substring, parent: Int32)? {
        // "pid (name) state parent …"; the name may hold spaces and parentheses.
        guard let text = text("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let words = text[end...].split(separator: " ")
        guard words.count > 2, let parent = Int32(words[2]) else { return nil }
        return (words[1], parent)
    }

    /// Files of `/proc` say that they are empty, so they are read to their end.
    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        Pipe.readToEnd(descriptor, limit: 1 << 20) { text.append(contentsOf: $0) }
        return String(decoding: text.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
    }

    /// Those with this variable in their environment, zombies aside.
    static func with(_ mark: String) -> [Int32] {
        let all = ((try? Directory.list("/proc")) ?? []).compactMap { Int32($0) }
        return all.filter { id in
            let variables = (try? File.read("/proc/\(id)/environ", limit: 1 << 20)) ?? []
            return variables.split(separator: 0).contains { String(decoding: $0, as: UTF8.self) == mark }
                && state(id) != "Z"
        }
    }

    /// `R`, `S`, `T` (stopped), `Z`; nil if there is no such process.
    static func state(_ id: Int32) -> Character? {
        guard let text = try? File.readText("/proc/\(id)/stat", limit: 4096),
            let end = text.lastIndex(of: ")")
        else { return nil }
        return text[text.index(after: end)...].first { $0 != " " }
    }

    /// Lets those of the processes and their children go on that have stopped themselves, until one of the
    /// processes has ended.
    static func continueAll(_ processes: [ChildProcess], until one: ChildProcess, within seconds: Double)
        -> Bool
    {
        eventually(within: seconds) {
            for process in processes {
                let children = (try? children(of: process.processID)) ?? []
                for id in [process.processID] + children where state(id) == "T" { kill(id, SIGCONT) }
            }
            return one.exitStatus() != nil
        }
    }

    struct NotStopped: Error { let id: Int32 }

    /// Waits until a fault point has stopped the process.
    static func waitUntilStopped(_ process: ChildProcess, seconds: Double = 30) throws {
        let deadline = Clock.monotonicSeconds() + seconds
        while state(process.processID) != "T" {
            guard Clock.monotonicSeconds() < deadline, process.exitStatus() == nil else {
                throw NotStopped(id: process.processID)
            }
            Clock.sleep(seconds: 0.005)
        }
    }
}
