import Checkpoints
import Cluster
import Configuration
import Datasets
import HTTP
import Jobs
import Launch
import Serving
import System
import Training
import Transport

/// One reader of bytes from outside, for a fuzzer and for the tests.
///
/// For any bytes it must end soon, take little memory, and either read them or throw one of this program's
/// own errors. A target also checks the result against something independent: after it is written and read
/// again, it must be the same.
package struct FuzzTarget: Sendable {
    /// The name of the target and of its directory in the corpus.
    package let name: String
    /// Bytes of the longest useful input; a longer one shows nothing new.
    package let longestInput: Int
    private let read: @Sendable (UnsafeRawBufferPointer) throws -> Void

    init(_ name: String, longestInput: Int, read: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void)
    {
        self.name = name
        self.longestInput = longestInput
        self.read = read
    }

    package static let all = [
        json5, override, job, idx, npy, csv, cifar, image, dataset, safetensors, shards, manifest, frames,
        handshake,
        messages, hosts, httpRequest, serve, completion, events, nodes, tokenizer, packed,
    ]

    /// Runs the reader. Returns nil if it read the input, and otherwise the message with which it refused.
    /// Traps, a sanitizer's reports and timeouts are findings as well.
    /// - Throws: `Finding` if the reader does not behave.
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

    /// Tells whether the error is one of this program's, with a message for people that is not too long.
    private static func isSentence(_ error: any Error) -> Bool {
        let isOurs =
            error is DatasetError || error is CheckpointError || error is SystemError
            || error is ConfigurationError || error is PlanError
            || error is MalformedMessage || error is TransportError || error is HTTPRefusal
            || error is RequestFault || error is LaunchError || error is RemoteHost.Invalid
        let length = "\(error)".utf8.count
        return isOurs && length > 0 && length <= longestSentence
    }

    /// Bytes of the longest message: that of a config with many mistakes.
    private static let longestSentence = 200_000
}

/// A fault of a reader.
package struct Finding: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// - Parameter what: the fault if `condition` is false.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(Finding) {
    if !condition { throw Finding(what()) }
}
