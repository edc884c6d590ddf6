import Platform

/// A failure of the operating system: one sentence with the object, the reason, and what to do next.
package struct SystemError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The error number (`ENOSPC`, …); nil if this program, not the system, found the fault.
    package let code: Int32?
    package let description: String

    package init(_ description: String, code: Int32? = nil) {
        self.code = code
        self.description = description
    }

    /// Makes the sentence "cannot ACTION `PATH`: reason; hint". Without `code` the thread's `errno` is taken:
    /// create the error directly after the failed call.
    package init(cannot action: String, _ path: String? = nil, code: Int32 = errno) {
        var text = "cannot \(action)"
        if let path { text += " `\(path)`" }
        text += ": \(SystemError.text(of: code))"
        if let hint = SystemError.hint(for: code) { text += "; \(hint)" }
        self.init(text, code: code)
    }

    /// Returns the system's words for an error number.
    package static func text(of code: Int32) -> String {
        switch code {
        case ENOSPC: "no space left on the device"
        case EDQUOT: "disk quota exceeded"
        case EROFS: "the file system is read-only"
        case ENOENT: "it does not exist"
        case EACCES: "permission denied"
        default: strerror(code).map { String(cString: $0) } ?? "error \(code)"
        }
    }

    private static func hint(for code: Int32) -> String? {
        switch code {
        case ENOSPC, EDQUOT: "free some space there or choose a directory on another disk, then try again"
        case EROFS: "choose a directory on a writable file system, or remount this one for writing"
        case ENOENT: "check the path (relative paths start at the current directory)"
        case EACCES, EPERM:
            "check the owner and mode of the file and of its directories, or choose another place"
        case EMFILE, ENFILE: "raise the limit on open files (`ulimit -n`)"
        case ENOMEM, EAGAIN: "free memory or raise the limits on it (`ulimit -a`), then try again"
        case ENOTDIR: "a part of the path is a file where a directory is needed"
        case EISDIR: "give the path of a file, not of a directory"
        case EEXIST: "choose another name, or remove what is there"
        default: nil
        }
    }
}
