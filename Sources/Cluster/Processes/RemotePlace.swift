import Transport

/// A place for a worker on another host, which is reached by the system's ssh.
package struct RemotePlace: WorkerPlace, Sendable {
    package let host: String?
    let remote: RemoteHost
    let program: RemoteProgram
    /// The first line of what is said to the script.
    let header: String
    let token: SharedToken
    let ssh: String

    /// - Parameters:
    ///   - address: the coordinator's host; nil: this machine as the other one sees it.
    ///   - options: further options of `worker`.
    ///   - ssh: the program that connects.
    package init(
        _ remote: RemoteHost, program: RemoteProgram, address: String?, port: UInt16, options: [String],
        token: SharedToken, ssh: String = "ssh"
    ) {
        self.remote = remote
        self.program = program
        self.token = token
        self.ssh = ssh
        host = "\(remote)"
        header = RemoteScript.header(program, address: address, port: port, options: options)
    }

    package func start() throws -> any WorkerProcess { try RemoteWorker(self) }
}
