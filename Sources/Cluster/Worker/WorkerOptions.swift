import Transport

/// The options of `dist-train worker`.
package struct WorkerOptions: Sendable {
    package var coordinator: Endpoint
    /// Compute threads; nil: the machine's cores, divided among its workers.
    package var lanes: Int?
    package var listen: Endpoint
    package var advertise: String?
    package var cacheDirectory: String?
    /// Seconds for which a worker looks for a coordinator that was lost.
    package var rejoinTimeout: Double
    package var protection = Protection.tls

    package init(
        coordinator: Endpoint, lanes: Int? = nil, listen: Endpoint = Endpoint(host: "0.0.0.0", port: 0),
        advertise: String? = nil,
        cacheDirectory: String? = nil, rejoinTimeout: Double = 600
    ) {
        self.coordinator = coordinator
        self.lanes = lanes
        self.listen = listen
        self.advertise = advertise
        self.cacheDirectory = cacheDirectory
        self.rejoinTimeout = rejoinTimeout
    }
}
