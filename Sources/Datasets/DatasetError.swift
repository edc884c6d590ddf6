/// A fault of data from outside: one sentence with the file, the fault, and what to do next.
package struct DatasetError: Error, CustomStringConvertible, Sendable, Equatable {
    package let description: String

    package init(_ description: String) { self.description = description }
}
