import Testing
import Transport

/// The addresses of a machine, in the order in which they are announced.
@Suite struct InterfaceAddressTests {
    private func address(_ interface: String, _ host: String) throws -> InterfaceAddress {
        InterfaceAddress(interface: interface, address: try #require(SocketAddress(host: host, port: 0)))
    }

    /// Containers' bridges come last, however the system lists them.
    @Test func order() throws {
        let all = try [
            address("docker0", "172.17.0.1"), address("eth0", "fd00::5"), address("br-4f1c", "172.18.0.1"),
            address("virbr0", "192.168.122.1"), address("enp3s0", "10.0.0.7"), address("br-4f1c", "fd01::1"),
            address("wlan0", "192.168.1.7"), address("br0", "10.9.0.1"),
        ]
        #expect(
            InterfaceAddress.sorted(all).map(\.address.host) == [
                "10.0.0.7", "192.168.1.7", "10.9.0.1", "fd00::5", "172.17.0.1", "172.18.0.1",
                "192.168.122.1", "fd01::1",
            ])
    }

    @Test func thisMachine() {
        let all = InterfaceAddress.all(loopback: true)
        #expect(all.contains { $0.address.isLoopback && $0.interface == "lo" })
        #expect(InterfaceAddress.all().allSatisfy { !$0.address.isLoopback })
    }

    /// An interface in a link-local address, by name and by number.
    @Test func scopes() throws {
        let named = try #require(SocketAddress(host: "fe80::5%lo", port: 7))
        #expect(named == SocketAddress(host: "fe80::5%1", port: 7))
        #expect(named.description == "[fe80::5%lo]:7" && named.isLinkLocal)
        for host in ["fe80::5%", "fe80::5%no-such-interface", "10.0.0.1%lo", "%lo", "fe80::5%0"] {
            #expect(SocketAddress(host: host, port: 7) == nil, "\(host)")
        }
        #expect(try Endpoint(parsing: "[fe80::5%lo]:9", defaultPort: 1).host == "fe80::5%lo")
    }
}
