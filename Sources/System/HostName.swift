import Platform

/// The names of this machine.
package enum HostName {
    /// The name that `hostname` prints.
    package static var own: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The name that `hostname -f` prints: with its domain, if the system knows that. Blocks while it is
    /// looked up.
    package static var full: String {
        let name = own
        var hints = addrinfo()
        hints.ai_flags = AI_CANONNAME
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &first) == 0 else { return name }
        defer { freeaddrinfo(first) }
        return first?.pointee.ai_canonname.map { String(cString: $0) } ?? name
    }
}
