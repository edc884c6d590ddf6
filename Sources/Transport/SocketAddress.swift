import Platform

/// An IP address and a port. IPv4 addresses inside IPv6 ones (`::ffff:10.0.0.3`) are stored as IPv4.
package struct SocketAddress: Hashable, Sendable {
    /// The address: 4 bytes (IPv4) or 16 bytes (IPv6) in network order.
    package let bytes: [UInt8]
    package var port: UInt16
    /// The interface number of a link-local IPv6 address; otherwise 0.
    let scope: UInt32

    init(bytes: [UInt8], port: UInt16, scope: UInt32 = 0) {
        let isMapped =
            bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
        self.port = port
        self.scope = isMapped ? 0 : scope
    }

    /// Parses a numeric address; nil if `host` is a name. A link-local IPv6 address may name its interface:
    /// `fe80::5%eth0`.
    package init?(host: String, port: UInt16) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if let percent = host.firstIndex(of: "%") {
            let interface = String(host[host.index(after: percent)...])
            let scope = UInt32(interface) ?? if_nametoindex(interface)
            guard scope != 0, inet_pton(AF_INET6, String(host[..<percent]), &bytes) == 1 else { return nil }
            self.init(bytes: bytes, port: port, scope: scope)
            return
        }
        if inet_pton(AF_INET, host, &bytes) == 1 {
            self.init(bytes: Array(bytes[..<4]), port: port)
        } else if inet_pton(AF_INET6, host, &bytes) == 1 {
            self.init(bytes: bytes, port: port)
        } else {
            return nil
        }
    }

    package var isIPv6: Bool { bytes.count == 16 }
    package var isLoopback: Bool {
        isIPv6 ? bytes == [UInt8](repeating: 0, count: 15) + [1] : bytes[0] == 127
    }
    package var isLinkLocal: Bool {
        isIPv6 ? bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80 : bytes[0] == 169 && bytes[1] == 254
    }
    /// True for `0.0.0.0` and `::`, which stand for every address of this machine.
    package var isAny: Bool { bytes.allSatisfy { $0 == 0 } }

    package var host: String {
        var text = [CChar](repeating: 0, count: 64)
        inet_ntop(isIPv6 ? AF_INET6 : AF_INET, bytes, &text, 64)
        let address = text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        return scope == 0 ? address : "\(address)%\(Self.interface(scope))"
    }

    private static func interface(_ number: UInt32) -> String {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard if_indextoname(number, &name) != nil else { return "\(number)" }
        return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    package var endpoint: Endpoint { Endpoint(host: host, port: port) }
}

extension SocketAddress: CustomStringConvertible {
    package var description: String { "\(bracketedHost):\(port)" }

    /// The host as it stands before a port: IPv6 in brackets.
    package var bracketedHost: String { isIPv6 ? "[\(host)]" : host }
}

// MARK: - The C library's form

extension SocketAddress {
    var family: Int32 { isIPv6 ? AF_INET6 : AF_INET }

    init?(_ address: UnsafePointer<sockaddr>?) {
        guard let address else { return nil }
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let value = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
            self.init(
                bytes: withUnsafeBytes(of: value.sin_addr) { Array($0) },
                port: UInt16(bigEndian: value.sin_port))
        case AF_INET6:
            let value = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
            self.init(
                bytes: withUnsafeBytes(of: value.sin6_addr) { Array($0) },
                port: UInt16(bigEndian: value.sin6_port),
                scope: value.sin6_scope_id)
        default: return nil
        }
    }

    func withSocketAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        if isIPv6 {
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            value.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &value.sin6_addr) { $0.copyBytes(from: bytes) }
            return withUnsafeBytes(of: &value) { raw in
                raw.withMemoryRebound(to: sockaddr.self) {
                    body($0.baseAddress.unsafelyUnwrapped, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var value = sockaddr_in()
        value.sin_family = sa_family_t(AF_INET)
        value.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &value.sin_addr) { $0.copyBytes(from: bytes) }
        return withUnsafeBytes(of: &value) { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                body($0.baseAddress.unsafelyUnwrapped, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    enum End { case local, remote }

    /// Reads the address of one end of a socket; nil if the socket is not connected or not bound.
    init?(of descriptor: Int32, _ end: End) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let address: SocketAddress? = withUnsafeMutableBytes(of: &storage) { raw in
            raw.withMemoryRebound(to: sockaddr.self) { pointer in
                guard let base = pointer.baseAddress else { return nil }
                let status =
                    end == .local
                    ? getsockname(descriptor, base, &length) : getpeername(descriptor, base, &length)
                return status == 0 ? SocketAddress(base) : nil
            }
        }
        guard let address else { return nil }
        self = address
    }

    /// Lists the addresses of this machine's interfaces; see `InterfaceAddress.all`.
    package static func localInterfaces(loopback: Bool = false) -> [SocketAddress] {
        InterfaceAddress.all(loopback: loopback).map(\.address)
    }
}
