/// A fault of a checkpoint, a tensor file or a run directory: one sentence with the path, the fault, and what
/// to do next.
package struct CheckpointError: Error, CustomStringConvertible, Sendable, Equatable {
    package let description: String

    package init(_ description: String) { self.description = description }
}
