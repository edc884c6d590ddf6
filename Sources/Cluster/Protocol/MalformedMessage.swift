/// A message that no peer of this version sends.
package struct MalformedMessage: Error, Equatable, CustomStringConvertible {
    private let fault: String

    /// - Parameter fault: what is wrong with the message, as a clause without a full stop.
    package init(_ fault: String) { self.fault = fault }

    package var description: String { "\(fault); check that both sides run the same version" }
}
