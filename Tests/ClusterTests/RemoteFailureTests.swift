import Cluster
import System
import Testing

/// Each message of ssh is answered by a sentence with a cure. The texts are those of OpenSSH 9.2.
@Suite struct RemoteFailureTests {
    @Test(
        arguments: [
            (
                "No ED25519 host key is known for a and you have requested strict checking.\n"
                    + "Host key verification failed.\n", "its host key is not known here: `ssh -p 2222 bob@a`"
            ),
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nOffending ED25519 key in k:1\n"
                    + "Host key verification failed.\n", "`ssh-keygen -R '[a]:2222'`"
            ),
            ("bob@a: Permission denied (publickey,password).\r\n", "`ssh-copy-id -p 2222 bob@a`"),
            ("ssh: Could not resolve hostname a: Name or service not known\n", "no host has this name"),
            ("ssh: connect to host a port 22: Connection refused\n", "ssh does not reach it"),
            ("ssh: connect to host a port 22: Connection timed out\n", "(ssh: connect to host a port 22: C"),
            ("ssh: connect to host a port 22: No route to host\n", "is it up"),
            ("ssh: connect to host a port 22: Network is unreachable\n", "is it up"),
            (
                "kex_exchange_identification: Connection closed by remote host\n",
                "ssh ended with status 255 (kex_exchange"
            ),
            ("", "ssh ended with status 255 (it said nothing): try `ssh -p 2222 bob@a true`"),
        ])
    func wordsOfSSH(errors: String, sentence: String) throws {
        let host = try #require(RemoteHost.list("bob@a:2222").first)
        let failure = RemoteFailure(sshEndedWith: .exited(255), errors: errors, host: host)
        #expect(failure.description.contains(sentence), "\(failure)")
        #expect(!failure.description.contains("\r") && !failure.description.contains("\n"))
    }

    @Test func noSSHAndNoAnswer() throws {
        let host = try #require(RemoteHost.list("a").first)
        let none = RemoteFailure(
            sshEndedWith: .exited(127), errors: "sh: 1: exec: ssh: not found\n", host: host)
        #expect(none.description.hasPrefix("there is no `ssh` on this machine"))
        let silent = RemoteFailure(sshEndedWith: nil, errors: "", host: host)
        #expect(silent.description == "its shell does not answer (it said nothing): try `ssh a true`")
    }

    @Test func answersAreReadFromALineOfTheirOwn() {
        let output = """
            Welcome to this machine!
            dist-train-host: need Linux x86_64
            say dist-train-host: ready nobody
            dist-train-host: ready [fe80::1%eth0]:7070
            dist-train-host: unfit /p/dist-train 126 sh: no
            dist-train-host:
            dist-train-host: ready unfinish
            """
        #expect(
            RemoteScript.answers(in: output) == [
                .need(platform: "Linux x86_64"), .ready(address: "[fe80::1%eth0]:7070"),
                .refused(reason: "unfit", detail: "/p/dist-train 126 sh: no"),
                .refused(reason: "", detail: ""),
            ])
        #expect(RemoteScript.answers(in: "") == [])
    }

    /// One line that every login shell hands on as it is: none of them has a word inside the quotes.
    @Test func theCommandIsPlain() {
        let command = RemoteScript.command
        #expect(command.hasPrefix("exec /bin/sh -c '") && command.hasSuffix("'"))
        let script = command.dropFirst(17).dropLast()
        #expect(!script.contains { "'\\!\n#".contains($0) }, "\(script)")
        #expect(script.utf8.allSatisfy { (32..<127).contains($0) })
    }
}
