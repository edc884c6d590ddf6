import System

/// The reason why no worker runs on a host, as a sentence for the person who named it: what is wrong there,
/// and what to do.
package struct RemoteFailure: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    /// The beginning of a host's own words, for a sentence.
    private static func quoted(_ words: some StringProtocol) -> String {
        words.utf8.count <= 300
            ? String(words) : String(decoding: words.utf8.prefix(300), as: UTF8.self) + "…"
    }

    /// The failure that the script on the host told.
    /// - Parameter words: the last lines of its standard error.
    package init(reason: String, detail: String, words: String, version: String) {
        let cure = "or install dist-train \(version) in its PATH"
        let said = words.isEmpty ? "" : " (\(Self.quoted(words)))"
        let detail = Self.quoted(detail)
        switch reason {
        case "no-address":
            self.init(
                "it cannot tell this machine's address, because SSH_CONNECTION is empty there: give the"
                    + " address by --advertise HOST")
        case "missing":
            self.init(
                "it has no dist-train \(version) in its PATH, and the program that runs here cannot be"
                    + " copied: run the one file that `deploy/package` makes, \(cure)")
        case "unwritable", "incomplete":
            self.init(
                "the program cannot be copied to \(detail) there\(said): make room, set XDG_CACHE_HOME there,"
                    + " \(cure)")
        case "unfit":
            let parts = detail.split(separator: " ", maxSplits: 2).map(String.init)
            let (path, status) = (parts.first ?? "", parts.count > 1 ? parts[1] : "")
            let output = parts.count > 2 ? ", \(parts[2])" : ""
            self.init(
                "\(path) does not run there (status \(status)\(output)): its file system may be mounted"
                    + " `noexec`, its processor or C library too old; set XDG_CACHE_HOME there, \(cure)")
        default:
            self.init(
                "it said `\(Self.quoted(reason)) \(detail)`, which no version of dist-train says\(said)")
        }
    }

    /// The host has another processor or system than the program is for.
    init(platform: String, of program: RemoteProgram) {
        self.init(
            "it is \(Self.quoted(platform)), and the program that runs here is for \(program.platform):"
                + " install dist-train \(program.version) for its platform in its PATH")
    }

    /// The failure of ssh itself, or of a shell that never came to the script.
    ///
    /// - Parameters:
    ///   - status: the end of ssh; nil: it does not end.
    ///   - errors: its standard error.
    package init(sshEndedWith status: ExitStatus?, errors: String, host: RemoteHost) {
        let last = Self.quoted(errors.split(whereSeparator: \.isNewline).last ?? "it said nothing")
        func says(_ words: String...) -> Bool { words.contains { errors.contains($0) } }
        if status == .exited(127), says("ssh: not found", "ssh: No such file") {
            self.init("there is no `ssh` on this machine: install OpenSSH's client")
        } else if says("IDENTIFICATION HAS CHANGED", "Offending") {
            self.init(
                "its host key is not the one that this machine knows: somebody else may answer there. If the"
                    + " host was set up anew, `ssh-keygen -R \(host.keyName)`, then `\(host.sshCommand)` to"
                    + " look at the new key")
        } else if says("Host key verification failed", "host key is known") {
            self.init(
                "its host key is not known here: `\(host.sshCommand)` once by hand shows it, and keeps it")
        } else if says("Permission denied") {
            self.init(
                "it lets nobody in without a password or a passphrase (\(last)):"
                    + " `\(host.sshCommand.replacing("ssh ", with: "ssh-copy-id ", maxReplacements: 1))`, or"
                    + " `ssh-add`")
        } else if says("Could not resolve hostname") {
            self.init("no host has this name (\(last)): look for a slip in --hosts or in ~/.ssh/config")
        } else if says("Connection refused", "timed out", "No route to host", "unreachable") {
            self.init("ssh does not reach it (\(last)): is it up, and is that the port of its ssh server?")
        } else if let status {
            self.init("ssh \(status) (\(last)): try `\(host.sshCommand) true`")
        } else {
            self.init("its shell does not answer (\(last)): try `\(host.sshCommand) true`")
        }
    }
}

extension RemoteHost {
    /// The name under which ssh keeps the host's key.
    fileprivate var keyName: String { port.map { "'[\(name)]:\($0)'" } ?? name }
}
