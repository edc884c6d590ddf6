import System
import Transport

/// Everything outside of its command line by which a process tells its part in a training: a value, so that
/// tests can make any.
package struct Surroundings {
    /// The value of an environment variable.
    package var variable: (String) -> String?
    /// The machine's name, as `hostname` prints it.
    package var hostName: String
    /// The machine's full name, as `hostname -f` prints it: `digits-1.workers.default.svc.cluster.local`.
    package var fullHostName: String
    /// Whether a host name or address leads back to the machine that uses it.
    package var isLoopback: (String) -> Bool
    /// The cores of the affinity mask.
    package var available: Int
    /// The cores of the machine, or of the control group's cpuset.
    package var machine: Int
    /// The processor time per time that the control group allows; nil: no limit.
    package var quota: Double?

    package init(
        variable: @escaping (String) -> String?, hostName: String, fullHostName: String,
        isLoopback: @escaping (String) -> Bool, available: Int, machine: Int, quota: Double?
    ) {
        self.variable = variable
        self.hostName = hostName
        self.fullHostName = fullHostName
        self.isLoopback = isLoopback
        self.available = available
        self.machine = machine
        self.quota = quota
    }

    /// Whether a host name is this machine's own. Debian lets it lead to 127.0.1.1.
    func isName(_ host: String) -> Bool { host == hostName || host == fullHostName }

    package static func ofThisProcess() -> Surroundings {
        let group = ControlGroup.ofThisProcess()
        return Surroundings(
            variable: Environment.value, hostName: HostName.own, fullHostName: HostName.full,
            isLoopback: isLoopback, available: Processor.available,
            machine: group.cpuset ?? Processor.online, quota: group.cores)
    }

    /// Asks the system for the addresses of a name; one that is unknown is no loopback.
    private static func isLoopback(_ host: String) -> Bool {
        guard let addresses = try? Endpoint(host: host, port: 0).resolve() else { return false }
        return addresses.allSatisfy(\.isLoopback)
    }
}
