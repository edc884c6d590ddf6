/// A command line that cannot be followed. The program ends with status 64.
package struct UsageError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
