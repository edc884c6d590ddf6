/// A request that is not read any further: the status of the answer, and a sentence that says what is wrong
/// and what to do.
package struct HTTPRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    package let status: Int
    package let description: String

    init(_ status: Int, _ description: String) {
        self.status = status
        self.description = description
    }

    static func malformed(_ description: String) -> HTTPRefusal { HTTPRefusal(400, description) }
}
