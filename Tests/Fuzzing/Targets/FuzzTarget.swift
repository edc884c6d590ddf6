import Checkpoints
import Cluster
import Configuration
import Datasets
import Jobs
import System
import Training
import Transport

/// One reader of bytes from outside, for a fuzzer and for the tests.
///
/// Whatever the bytes are, it must end soon, take little memory, and either read them or throw one of this program's own errors. A target also compares what it
/// has read with something independent: written and read again, it must be the same.
package struct FuzzTarget: Sendable {
    /// Its corpus's directory, too.
    package let name: String
    /// Bytes beyond which an input shows nothing new.
    package let longestInput: Int
    private let read: @Sendable (UnsafeRawBufferPointer) throws -> Void

    init(_ name: String, longestInput: Int, read: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void)
    {
        (self.name, self.longestInput, self.read) = (name, longestInput, read)
    }

    package static let all = [
        json5, override, job, idx, npy, csv, cifar, image, dataset, safetensors, manifest, frames, handshake,
        messages,
    ]

    /// Throws a `Finding` if the reader does not behave; a trap, a sanitizer's report and a time that is too long are findings as well. Nil: the input was
    /// read; otherwise the sentence with which it was refused.
    @discardableResult
    package func run(_ input: UnsafeRawBufferPointer) throws(Finding) -> String? {
        do {
            try read(input)
            return nil
        } catch let finding as Finding {
            throw finding
        } catch {
            guard Self.isSentence(error) else {
                throw Finding("an error that is not this program's own: \(error) (\(type(of: error)))")
            }
            return "\(error)"
        }
    }

    /// A typed error with something to read for people, and no more than they read.
    private static func isSentence(_ error: any Error) -> Bool {
        let isOurs =
            error is DatasetError || error is CheckpointError || error is SystemError
            || error is ConfigurationError || error is PlanError
            || error is MalformedMessage || error is TransportError
        let length = "\(error)".utf8.count
        return isOurs && length > 0 && length <= longestSentence
    }

    /// A config with many mistakes has the longest one.
    private static let longestSentence = 200_000
}

/// What a reader should not have done.
package struct Finding: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// - Parameter what: what went wrong otherwise.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(Finding) {
    if !condition { throw Finding(what()) }
}
