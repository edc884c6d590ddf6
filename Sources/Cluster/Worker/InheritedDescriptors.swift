import Synchronization
import System
import Transport

/// The descriptors that a process passes to the one that it starts. Environment variables name their numbers.
package enum InheritedDescriptors {
    /// A pipe with the token.
    package static let token = "DIST_TRAIN_TOKEN_DESCRIPTOR"
    /// A pipe that closes when the parent ends, for whatever reason.
    package static let lifeline = "DIST_TRAIN_LIFELINE"

    private static let wasRead = Atomic<Bool>(false)

    /// The token has come from a descriptor, which cannot be read again.
    static var tokenWasRead: Bool {
        get { wasRead.load(ordering: .relaxed) }
        set { wasRead.store(newValue, ordering: .relaxed) }
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
