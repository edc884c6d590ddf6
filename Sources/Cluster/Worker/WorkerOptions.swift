import Transport

/// What `dist-train worker` was asked for.
package struct WorkerOptions: Sendable {
    package var coordinator: Endpoint
    /// Nil: the machine's cores, shared out among its workers.
    package var lanes: Int?
    package var listen: Endpoint
    package var advertise: String?
    package var cacheDirectory: String?
    /// Seconds to look for a coordinator that was lost.
    package var rejoinTimeout: Double
    package var protection = Protection.tls

    package init(
        coordinator: Endpoint, lanes: Int? = nil, listen: Endpoint = Endpoint(host: "0.0.0.0", port: 0),
        advertise: String? = nil,
        cacheDirectory: String? = nil, rejoinTimeout: Double = 600
    ) {
        (self.coordinator, self.lanes, self.listen) = (coordinator, lanes, listen)
        (self.advertise, self.cacheDirectory, self.rejoinTimeout) = (advertise, cacheDirectory, rejoinTimeout)
    }
}
