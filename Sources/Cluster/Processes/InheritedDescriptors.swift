import Platform
import Synchronization
import System
import Transport

/// The descriptors that a process passes to the one that it starts. Environment variables name their numbers.
package enum InheritedDescriptors {
    /// A pipe with the token in a line.
    package static let token = "DIST_TRAIN_TOKEN_DESCRIPTOR"
    /// A pipe that closes when the parent ends, for whatever reason. It may be that with the token.
    package static let lifeline = "DIST_TRAIN_LIFELINE"

    private static let wasRead = Atomic<Bool>(false)

    /// The token has come from a descriptor, which cannot be read again.
    static var tokenWasRead: Bool {
        get { wasRead.load(ordering: .relaxed) }
        set { wasRead.store(newValue, ordering: .relaxed) }
    }

    /// Lets this process end with the one that started it, if that gave it a lifeline.
    ///
    /// - Parameter afterToken: true once the token has been read: where the same pipe holds both, the token
    ///   comes first. Called with false when the process begins, and with true by those that read the token.
    /// - Throws: `ThreadError` if the thread that watches cannot be started.
    package static func endWithParent(afterToken: Bool) throws {
        guard let lifeline = Environment.value(lifeline), let descriptor = Int32(lifeline),
            (lifeline == Environment.value(token)) == afterToken
        else { return }
        try Lifeline.watch(descriptor) { _exit(1) }
    }

    /// Makes a descriptor from which the process that this one becomes can read the token.
    static func pass(_ token: SharedToken) throws -> Int32 {
        let pipe = try Pipe()
        try pipe.write(Array(token.hex.utf8))
        let descriptor = pipe.takeInheritableReadEnd()
        pipe.closeWriteEnd()
        return descriptor
    }
}
