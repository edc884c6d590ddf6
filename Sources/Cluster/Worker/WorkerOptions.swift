import System
import Transport

/// The options of `dist-train worker`.
package struct WorkerOptions: Sendable {
    package var coordinator: CoordinatorPlace
    /// The name of the worker's job; nil: it takes any.
    package var rendezvous: String?
    /// Compute threads; nil: the machine's cores, divided among its workers.
    package var lanes: Int?
    package var listen: Endpoint
    package var advertise: String?
    package var cacheDirectory: String?
    /// How long a worker waits for its coordinator.
    package var patience: RejoinPolicy.Limits
    package var protection = Protection.tls
    package var ending = EndingOptions()
    /// Tells whether the job has reached its end, so that its coordinator does not come any more. Asked when
    /// there is none.
    package var isJobOver: @Sendable () -> Bool = { false }

    package init(
        coordinator: CoordinatorPlace, lanes: Int? = nil, listen: Endpoint = Endpoint(host: "", port: 0),
        advertise: String? = nil,
        cacheDirectory: String? = nil, patience: RejoinPolicy.Limits = RejoinPolicy.Limits()
    ) {
        self.coordinator = coordinator
        self.lanes = lanes
        self.listen = listen
        self.advertise = advertise
        self.cacheDirectory = cacheDirectory
        self.patience = patience
    }
}
