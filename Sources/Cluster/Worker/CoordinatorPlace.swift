import Transport

/// The place where a worker looks for its coordinator: a host, and consecutive ports of which the coordinator
/// has one. Other programs may have the others, coordinators of other jobs among them.
package struct CoordinatorPlace: Equatable, Sendable, CustomStringConvertible {
    package let host: String
    package let ports: ClosedRange<UInt16>

    package init(host: String, ports: ClosedRange<UInt16>) {
        self.host = host
        self.ports = ports
    }

    package init(_ endpoint: Endpoint) {
        self.init(host: endpoint.host, ports: endpoint.port...endpoint.port)
    }

    /// The endpoint of an attempt; attempts count from 0, and take the ports in turn.
    func endpoint(_ attempt: Int) -> Endpoint {
        Endpoint(host: host, port: ports.lowerBound + UInt16(attempt % ports.count))
    }

    package var description: String {
        let first = Endpoint(host: host, port: ports.lowerBound)
        return ports.count == 1 ? "\(first)" : "\(first)-\(ports.upperBound)"
    }
}
