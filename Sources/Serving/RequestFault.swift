/// A request that cannot be answered: the status, and a sentence with the place and what to do.
package struct RequestFault: Error, Sendable, Equatable, CustomStringConvertible {
    package let status: Int
    package let description: String

    init(status: Int = 400, _ description: String) {
        self.status = status
        self.description = description
    }
}
