import Platform
import System
import Testing

/// Paths and jobs that the suites about bad input share.
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
        for text in texts {
            #expect(errors.holds(text), "missing: \(text)\nin: \(errors)", sourceLocation: sourceLocation)
        }
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

    /// The text behind the first `text`, up to the end of its line; nil without it.
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
