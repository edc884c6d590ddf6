import Platform

/// The operating system refused to start a thread.
package struct ThreadError: Error, CustomStringConvertible, Equatable, Sendable {
    package let name: String
    /// The error number of `pthread_create`.
    package let code: Int32

    package init(name: String, code: Int32) {
        self.name = name
        self.code = code
    }

    package var description: String {
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        let hint = "free memory or raise the limits on it (`ulimit -a`), then try again"
        return "cannot start the thread `\(name)`: \(reason); \(hint)"
    }
}
