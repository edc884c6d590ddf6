import Cluster
import Testing

@Suite struct RemoteHostTests {
    @Test func listsAreRead() throws {
        let hosts = try RemoteHost.list("bob@a, b:2222,al@corp.example@node-1.lan,[::1]:22,eve@[fd00::7]")
        #expect(hosts.map(\.user) == ["bob", nil, "al@corp.example", nil, "eve"])
        #expect(hosts.map(\.name) == ["a", "b", "node-1.lan", "::1", "fd00::7"])
        #expect(hosts.map(\.port) == [nil, 2222, nil, 22, nil])
        #expect(hosts.map(\.description).last == "eve@[fd00::7]" && hosts[1].description == "b:2222")
        #expect(hosts[0].sshArguments == ["-l", "bob", "--", "a"])
        #expect(hosts[3].sshArguments == ["-p", "22", "--", "::1"])
        #expect(try RemoteHost.list("fd00::7").first?.name == "fd00::7", "brackets are for a port")
    }

    /// Nothing reaches ssh that it could take for an option, or that a shell of its config could run.
    @Test(
        arguments: [
            "", "a,", ",a", "-oProxyCommand=x", "bob@-oProxyCommand=x", "-l@a", "@a", "bob@", "a b@c;d",
            "a;reboot", "$(id)", "a`id`", "a'b", "a\"b", "a|b", "a&b", "a\\b", "bob@a/b", "a\nb", "a:x",
            "a:70000", "a:1:2", "[a]", "[::1", "[::1]x", "%h", "\u{e9}.example",
            String(repeating: "a", count: 300),
        ])
    func othersAreRefused(text: String) {
        let error = #expect(throws: RemoteHost.Invalid.self) { try RemoteHost.list(text) }
        #expect(error?.description.contains("write hosts as bob@node1,node2:2222,[fd00::1]") == true)
    }

    @Test func theListIsBounded() throws {
        let names = (1...RemoteHost.most).map { "n\($0)" }
        #expect(try RemoteHost.list(names.joined(separator: ",")).count == RemoteHost.most)
        #expect(throws: RemoteHost.Invalid.self) {
            try RemoteHost.list((names + ["one-more"]).joined(separator: ","))
        }
        #expect(throws: RemoteHost.Invalid.self) { try RemoteHost.list("a,b,a") }
        #expect(try RemoteHost.list("a,bob@a,a:23").count == 3)
    }
}
