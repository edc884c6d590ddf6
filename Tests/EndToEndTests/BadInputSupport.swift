import System
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What the suites about bad input have in common.
enum Repository {
    static let path = Path.directory(of: Path.directory(of: Path.directory(of: #filePath)))
    /// A job that trains in a fraction of a second on data that the program carries.
    static let digits = Path.join(path, "config/digits-mlp.json5")
}

/// Two secrets, in the form that files and variables hold them.
enum Tokens {
    static let ours = String(repeating: "5a", count: 32)
    static let others = String(repeating: "c3", count: 32)
    static let variable = "DIST_TRAIN_TOKEN"
}

extension Program.Finished {
    /// Checks the exit status, and that the errors contain each text.
    func expect(
        status expected: Int32, _ texts: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(status == .exited(expected), "\(errors)", sourceLocation: sourceLocation)
        for text in texts { #expect(errors.holds(text), "missing: \(text)\nin: \(errors)", sourceLocation: sourceLocation) }
    }
}

extension String {
    /// Whether `text` occurs in it.
    func holds(_ text: String) -> Bool { occurrences(of: text) > 0 }

    /// How often `text` occurs, without overlaps.
    func occurrences(of text: String) -> Int {
        let (bytes, pattern) = (Array(utf8), Array(text.utf8))
        var (count, start) = (0, 0)
        while !pattern.isEmpty, start + pattern.count <= bytes.count {
            if bytes[start..<start + pattern.count].elementsEqual(pattern) {
                count += 1
                start += pattern.count
            } else {
                start += 1
            }
        }
        return count
    }

    /// What stands behind the first `text`, up to the end of its line; nil without it.
    func line(behind text: String) -> String? {
        for line in split(separator: "\n") where line.utf8.count >= text.utf8.count {
            var rest = line
            while !rest.isEmpty {
                if rest.hasPrefix(text) { return String(rest.dropFirst(text.count)) }
                rest = rest.dropFirst()
            }
        }
        return nil
    }
}

extension ChildProcess {
    /// The port that the coordinator says it listens on.
    func listeningPort() throws -> UInt16 {
        try Program.wait(for: "a worker joins with:", from: self)
        let place = standardError().line(behind: "listening on 127.0.0.1:") ?? ""
        return try #require(UInt16(place.prefix { $0.isNumber }), "\(standardError())")
    }
}

/// Polls until `condition` holds, at most so many seconds.
func eventually(within seconds: Double, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Clock.monotonicSeconds() + seconds
    while try !condition() {
        guard Clock.monotonicSeconds() < deadline else { return false }
        Clock.sleep(seconds: 0.02)
    }
    return true
}

/// Other processes, by what `/proc` says.
enum Processes {
    static func children(of parent: Int32) throws -> [Int32] {
        try Directory.list("/proc").compactMap { Int32($0) }.filter { stat(of: $0)?.parent == parent }
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
}

/// A small file system for one test; nil (and a printed reason) where that is not allowed. It goes with this object.
final class SmallFileSystem {
    let path: String
    private let directory: TemporaryDirectory

    init?(bytes: Int) throws {
        directory = try TemporaryDirectory()
        path = directory.path
        guard geteuid() == 0, try Self.call("mount", ["-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", path]) else {
            print("no tmpfs can be mounted here (root only): this test checks nothing")
            return nil
        }
    }

    func makeReadOnly() throws { try #require(try Self.call("mount", ["-o", "remount,ro", path])) }
    func makeWritable() throws { try #require(try Self.call("mount", ["-o", "remount,rw", path])) }

    /// Gives it another size.
    func resize(bytes: Int) throws { try #require(try Self.call("mount", ["-o", "remount,rw,size=\(bytes)", path])) }

    deinit { _ = try? Self.call("umount", ["-l", path]) }

    private static func call(_ program: String, _ arguments: [String]) throws -> Bool {
        try ChildProcess(program, arguments, standardOutput: .discard, standardError: .discard).wait(seconds: 10)?.isSuccess == true
    }
}
