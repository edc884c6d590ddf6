import Transport

/// A host on which `run --hosts` starts a worker, as ssh knows it: `bob@node1`, `node1:2222`, `[fd00::1]`.
package struct RemoteHost: Equatable, Sendable {
    /// The most hosts of a run.
    package static let most = 256
    /// The most characters of a user's name, and of a host's.
    private static let longest = 253

    package let user: String?
    /// A name, also one of ssh's config, or an address: IPv6 without brackets.
    package let name: String
    /// The port of its ssh server; nil: the one that ssh's config says.
    package let port: UInt16?

    /// A `--hosts` that is wrong. The description says what, and what is right.
    package struct Invalid: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Reads `bob@a,b:2222,[fd00::1]`.
    ///
    /// - Throws: `Invalid` if it names no host, one twice, or something that is no host. What begins with a
    ///   dash, which ssh could take for an option, is none.
    package static func list(_ text: String) throws(Invalid) -> [RemoteHost] {
        let words = text.split(separator: ",", maxSplits: most, omittingEmptySubsequences: false)
        guard words.count <= most else {
            throw Invalid(description: "names more than \(most) hosts; a run has at most so many")
        }
        var hosts: [RemoteHost] = []
        for word in words {
            let host = try RemoteHost(parsing: String(word.drop(while: { $0 == " " })))
            guard !hosts.contains(host) else {
                throw Invalid(
                    description:
                        "names \(host) twice; one worker uses all cores of a host, so name it once")
            }
            hosts.append(host)
        }
        return hosts
    }

    init(parsing text: String) throws(Invalid) {
        func invalid(_ reason: String) -> Invalid {
            Invalid(
                description: "`\(text)` is no host: \(reason); write hosts as bob@node1,node2:2222,[fd00::1]")
        }
        // A user of a domain has an `@` of its own.
        let at = text.lastIndex(of: "@")
        user = at.map { String(text[..<$0]) }
        let endpoint: Endpoint
        do {
            endpoint = try Endpoint(
                parsing: String(text[(at.map { text.index(after: $0) } ?? text.startIndex)...]),
                defaultPort: 0)
        } catch {
            guard case .invalidEndpoint(_, let reason) = error else { throw invalid("\(error)") }
            throw invalid(reason)
        }
        name = endpoint.host
        port = endpoint.port == 0 ? nil : endpoint.port
        guard !name.isEmpty, user?.isEmpty != true else { throw invalid("a name is missing") }
        for part in [user ?? "", name] {
            guard !part.hasPrefix("-") else { throw invalid("no name begins with a dash") }
            guard part.utf8.count <= Self.longest else {
                throw invalid("a name has at most \(Self.longest) characters")
            }
        }
        guard Self.holds(name, only: name.contains(":") ? "._-:%" : "._-"),
            Self.holds(user ?? "", only: "._-+@")
        else {
            throw invalid("a name has letters, digits and `._-` alone")
        }
    }

    private static func holds(_ text: String, only marks: String) -> Bool {
        text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || marks.utf8.contains(byte)
        }
    }

    /// The arguments by which ssh finds it, the last of them behind `--`.
    package var sshArguments: [String] {
        (user.map { ["-l", $0] } ?? []) + (port.map { ["-p", "\($0)"] } ?? []) + ["--", name]
    }

    /// The words of a person who connects to it: `ssh -p 2222 bob@a`.
    var sshCommand: String {
        "ssh " + (port.map { "-p \($0) " } ?? "") + (user.map { "\($0)@" } ?? "") + name
    }
}

extension RemoteHost: CustomStringConvertible {
    package var description: String {
        let bracketed = name.contains(":") ? "[\(name)]" : name
        return (user.map { "\($0)@" } ?? "") + bracketed + (port.map { ":\($0)" } ?? "")
    }
}
