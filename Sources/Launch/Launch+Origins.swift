import System

extension Launch {
    /// The facts and where they come from, each as `rank 2 of 4 (SLURM_PROCID)`.
    package var origins: [String] {
        let count = ranks.map { " of \($0.value)" } ?? ""
        var origins = ["rank \(rank.value)\(count) (\(rank.source))"]
        let place = Self.text(ports.value)
        if let host {
            origins.append("rank 0 is on \(host.value) (\(host.source)), \(place) (\(ports.source))")
        } else {
            origins.append("rank 0 listens on \(place) (\(ports.source))")
        }
        if let rendezvous { origins.append("the job is \(rendezvous.value.name) (\(rendezvous.source))") }
        if let lanes {
            origins.append("\(TextFormat.count(lanes.value, "lane")) (\(lanes.source))")
        }
        return origins
    }

    private static func text(_ ports: ClosedRange<UInt16>) -> String {
        ports.count == 1
            ? "port \(ports.lowerBound)" : "a port from \(ports.lowerBound) to \(ports.upperBound)"
    }
}
