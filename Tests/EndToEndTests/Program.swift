import Platform
import System
import Testing

/// The real executable, which the build puts beside the tests.
enum Program {
    static let path: String = {
        let beside = (try? Executable.path()).map { Path.join(Path.directory(of: $0), "dist-train") } ?? ""
        return File.exists(beside)
            ? beside : Path.join(Environment.value("PWD") ?? ".", ".build/release/dist-train")
    }()

    struct Finished {
        let status: System.ExitStatus  // Testing has one too
        let output: String
        let errors: String
    }

    /// An environment in which nothing of the machine's user has a say.
    static func environment(_ directory: String, _ more: [String: String] = [:]) -> [String: String] {
        var environment = [
            "PATH": Environment.value("PATH") ?? "/usr/bin:/bin", "HOME": directory, "TMPDIR": "/tmp",
        ]
        for name in ["LD_LIBRARY_PATH", "LD_PRELOAD", "ASAN_OPTIONS", "TSAN_OPTIONS"] {
            environment[name] = Environment.value(name)
        }
        return environment.merging(more) { $1 }
    }

    static func start(_ arguments: [String], in directory: String, _ more: [String: String] = [:]) throws
        -> ChildProcess
    {
        try ChildProcess(
            path, arguments, environment: environment(directory, more), standardOutput: .capture,
            standardError: .capture)
    }

    /// Runs to the end, which must come within `seconds`.
    static func run(
        _ arguments: [String], in directory: String, _ more: [String: String] = [:], seconds: Double = 60
    ) throws -> Finished {
        try finish(try start(arguments, in: directory, more), seconds: seconds)
    }

    static func finish(_ process: ChildProcess, seconds: Double = 60) throws -> Finished {
        guard let status = process.wait(seconds: seconds) else {
            _ = process.terminate()
            throw TooSlow(errors: process.standardError())
        }
        return Finished(status: status, output: process.standardOutput(), errors: process.standardError())
    }

    struct TooSlow: Error {
        let errors: String
    }

    /// Waits until the process has said something on its standard error.
    static func wait(for text: String, from process: ChildProcess, seconds: Double = 120) throws {
        let deadline = Clock.monotonicSeconds() + seconds
        while !process.standardError().contains(text) {
            guard Clock.monotonicSeconds() < deadline,
                process.exitStatus() == nil || process.standardError().contains(text)
            else {
                throw TooSlow(errors: process.standardError())
            }
            Clock.sleep(seconds: 0.01)
        }
    }
}

/// The value of a field in pretty JSON, as text: enough for flat results.
func field(_ name: String, in json: String) -> String? {
    guard let start = json.range(ofText: "\"\(name)\": ") else { return nil }
    let rest = json[start...]
    let value = rest.prefix { $0 != "\n" && $0 != "," && $0 != "}" }
    return String(value).filter { $0 != "\"" }
}

extension String {
    /// The index behind the first occurrence.
    fileprivate func range(ofText text: String) -> String.Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return self.index(index, offsetBy: text.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
