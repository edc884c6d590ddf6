/// Thrown to everything that waits for other members once the generation has ended.
package struct GenerationEnded: Error, Equatable, CustomStringConvertible {
    package let reason: String
    package init(reason: String) { self.reason = reason }
    package var description: String { "the generation has ended: \(reason)" }
}
