/// The control word of a step, which rank 0 sends to everyone at its end. It is decided once, so that all
/// members do the same at the same step.
package struct ControlWord: OptionSet, Equatable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Every owner sends its shards to the coordinator.
    package static let snapshot = ControlWord(rawValue: 1)
    /// The validation set is evaluated.
    package static let evaluate = ControlWord(rawValue: 2)
    /// The generation ends here: members close their connections and wait for the next generation.
    package static let endGeneration = ControlWord(rawValue: 4)
    /// The job has reached its end: the test set, if any, is evaluated too.
    package static let finish = ControlWord(rawValue: 8)
}
