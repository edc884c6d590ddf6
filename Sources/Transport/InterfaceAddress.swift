import Platform

/// An address of one of this machine's network interfaces.
package struct InterfaceAddress: Equatable, Sendable {
    /// The interface's name: `eth0`.
    package let interface: String
    /// With port 0.
    package let address: SocketAddress

    package init(interface: String, address: SocketAddress) {
        self.interface = interface
        self.address = address
    }

    /// Whether the interface joins containers or virtual machines of this machine; others seldom reach it.
    package var isVirtual: Bool {
        ["docker", "br-", "virbr", "veth", "cni", "flannel", "cali", "lxc", "lxd", "podman", "vmnet"].contains
        {
            interface.hasPrefix($0)
        }
    }

    /// Lists the addresses of the interfaces that are up, without link-local ones of IPv6, whose meaning
    /// depends on the interface. Those that other machines reach most likely come first: of real interfaces
    /// before virtual ones, IPv4 before IPv6.
    ///
    /// - Parameter loopback: include the loopback addresses.
    package static func all(loopback: Bool = false) -> [InterfaceAddress] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [InterfaceAddress] = []
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            guard entry.pointee.ifa_flags & UInt32(IFF_UP) != 0,
                let address = SocketAddress(entry.pointee.ifa_addr),
                loopback || !address.isLoopback, !(address.isLinkLocal && address.isIPv6),
                !found.contains(where: { $0.address == address })
            else { continue }
            found.append(
                InterfaceAddress(interface: String(cString: entry.pointee.ifa_name), address: address))
        }
        return sorted(found)
    }

    package static func sorted(_ all: [InterfaceAddress]) -> [InterfaceAddress] {
        [false, true].flatMap { isVirtual in
            [false, true].flatMap { isIPv6 in
                all.filter { $0.isVirtual == isVirtual && $0.address.isIPv6 == isIPv6 }
            }
        }
    }
}
