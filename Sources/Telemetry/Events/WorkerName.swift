/// A worker as people read it: `worker 2 (node7)`.
package struct WorkerName: Hashable, Sendable, CustomStringConvertible {
    /// The coordinator counts the workers that join, from 1.
    package let number: Int
    /// Host and process id, as the worker gave them. Empty: unknown.
    package let name: String
    /// The address that the worker dialled from, without a port.
    package let address: String

    package init(_ number: Int, name: String = "", address: String = "") {
        self.number = number
        self.name = name
        self.address = address
    }

    package var description: String {
        let host = name.prefix { $0 != "/" }
        return host.isEmpty ? "worker \(number)" : "worker \(number) (\(host))"
    }
}
