/// A process cannot tell its part in a training that is started everywhere. The description says what to do.
package struct LaunchError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
