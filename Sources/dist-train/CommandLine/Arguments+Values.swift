import Transport

// Options whose values are more than text. All return nil for an option that is not given, and throw
// `UsageError` for a value that is wrong.
extension Arguments {
    package func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        try value(name, "a whole number", range) { Int($0) }
    }

    package func number(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
        try value(name, "a number", range) { Double($0) }
    }

    package func seconds(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
        try value(name, "a number of seconds", range) { Double($0) }
    }

    private func value<Value>(
        _ name: String, _ kind: String, _ range: ClosedRange<Value>, parse: (String) -> Value?
    ) throws -> Value? {
        guard let text = string(name) else { return nil }
        guard let value = parse(text), range.contains(value) else {
            throw UsageError(
                "\(name) must be \(kind) from \(range.lowerBound) to \(range.upperBound), found `\(text)`")
        }
        return value
    }

    package func endpoint(_ name: String, defaultPort: UInt16) throws -> Endpoint? {
        guard let text = string(name) else { return nil }
        do { return try Endpoint(parsing: text, defaultPort: defaultPort) } catch {
            throw UsageError("\(name): \(error)")
        }
    }

    /// The host that `--advertise` names, without a port.
    package func advertisedHost() throws -> String? {
        guard let host = try endpoint("--advertise", defaultPort: 0) else { return nil }
        guard host.port == 0, (1...253).contains(host.host.utf8.count) else {
            throw UsageError(
                "--advertise takes a host alone, of at most 253 characters; its port is that of --listen")
        }
        return host.host
    }

    /// The protection of connections that `--plaintext` chooses.
    var protection: Protection { has("--plaintext") ? .plaintext : .tls }
}
