import Platform
import Synchronization
import System
import TestSupport
import Testing
import Threads

@Suite(.serialized) struct ProcessTests {
    @Test func statusAndOutput() async throws {
        try await onThread {
            let child = try ChildProcess(
                "/bin/sh", ["-c", "echo out \"$1\"; echo err >&2; exit 3", "sh", "a b"],
                standardOutput: .capture, standardError: .capture)
            #expect(child.wait(seconds: 120) == .exited(3))
            #expect(child.standardOutput() == "out a b\n")
            #expect(child.standardError() == "err\n")
            #expect(ExitStatus.exited(3).description == "ended with status 3")
        }
    }

    /// Nothing happens before the first signal; then half of the period comes, and its end.
    @Test func aGracePeriod() async throws {
        try await onThread {
            let calls = Guarded(Set<String>())
            func have(_ expected: Set<String>) -> Bool { calls.withLock { $0 } == expected }
            let period = try GracePeriod(0.01) {
                _ = calls.withLock { $0.insert("half").inserted }
                while true { Clock.sleep(seconds: 3600) }  // what it does holds up nothing
            } over: {
                _ = calls.withLock { $0.insert("over").inserted }
            }
            Clock.sleep(seconds: 0.05)
            #expect(have([]))
            period.begin()
            period.begin()
            for _ in 0..<3000 where !have(["half", "over"]) { Clock.sleep(seconds: 0.01) }
            #expect(have(["half", "over"]))
        }
    }

    @Test func signalsAreNamed() async throws {
        try await onThread {
            let child = try ChildProcess("sleep", ["100"], standardOutput: .discard, standardError: .discard)
            #expect(child.wait(seconds: 0.05) == nil)
            #expect(child.terminate(patience: 30) == .killed(signal: SIGTERM))
            #expect(child.exitStatus()?.description == "was killed by SIGTERM")
        }
    }

    @Test func aStubbornChildIsKilled() async throws {
        try await onThread {
            let child = try ChildProcess(
                "/bin/sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"],
                standardOutput: .capture)
            let deadline = Clock.monotonicSeconds() + 120
            while child.standardOutput().isEmpty, Clock.monotonicSeconds() < deadline {
                Clock.sleep(seconds: 0.01)
            }
            #expect(child.terminate(patience: 0.3) == .killed(signal: SIGKILL))
        }
    }

    @Test func onlyGivenDescriptorsAndVariablesArrive() async throws {
        try await onThread {
            let leaky = open("/dev/null", O_RDONLY)  // not close-on-exec
            defer { close(leaky) }
            let pipe = try Pipe()
            try pipe.write(Array("token\n".utf8))
            pipe.closeWriteEnd()
            // `ls` itself opens the directory: one more number.
            let script = "read line <&7; echo $line $ONLY $HOME; ls /proc/self/fd | tr '\\n' ' '"
            let child = try ChildProcess(
                "/bin/sh", ["-c", script], environment: ["ONLY": "this", "PATH": "/usr/bin:/bin"],
                descriptors: [7: pipe.readEnd],
                standardOutput: .capture)
            #expect(child.wait(seconds: 120) == .exited(0))
            #expect(child.standardOutput() == "token this\n0 1 2 3 7 ")
        }
    }

    @Test func collidingDescriptorsAreSorted() async throws {
        try await onThread {
            let first = try Pipe()
            let second = try Pipe()
            try first.write(Array("first\n".utf8))
            try second.write(Array("second\n".utf8))
            // Each descriptor gets the number that the other one has in this process.
            let child = try ChildProcess(
                "/bin/sh", ["-c", "head -n 1 /dev/fd/\(second.readEnd); head -n 1 /dev/fd/\(first.readEnd)"],
                descriptors: [second.readEnd: first.readEnd, first.readEnd: second.readEnd],
                standardOutput: .capture)
            #expect(child.wait(seconds: 120) == .exited(0))
            #expect(child.standardOutput() == "first\nsecond\n")
        }
    }

    @Test func aMissingProgramIsNamed() {
        let error = #expect(throws: SystemError.self) { try ChildProcess("/no/such/program") }
        #expect(error?.description.hasPrefix("cannot start `/no/such/program`: it does not exist") == true)
    }

    @Test func signalsReachTheClosure() async throws {
        try await onThread {
            let seen = Seen()
            try Signals.deliver([SIGUSR1, SIGUSR2]) { signal in seen.signals.withLock { $0.append(signal) } }
            kill(getpid(), SIGUSR1)
            #expect(seen.waitForCount(1) == [SIGUSR1])
            kill(getpid(), SIGUSR2)
            #expect(seen.waitForCount(2) == [SIGUSR1, SIGUSR2])
            // A child starts without this process's handlers.
            let child = try ChildProcess("/bin/sh", ["-c", "kill -USR1 $$; sleep 1"])
            #expect(child.wait(seconds: 120) == .killed(signal: SIGUSR1))
        }
    }

    @Test func theLifelineEndsWithTheParent() async throws {
        try await onThread {
            let line = try Pipe()
            let seen = Seen()
            try Lifeline.watch(dup(line.readEnd)) { seen.signals.withLock { $0.append(0) } }
            #expect(seen.signals.withLock { $0.isEmpty })
            line.closeWriteEnd()
            #expect(seen.waitForCount(1) == [0])
        }
    }

    @Test func aReadEndGivenAwayOutlivesItsPipe() throws {
        let descriptor: Int32
        do {
            let pipe = try Pipe()
            try pipe.write([1, 2, 3])
            descriptor = pipe.takeInheritableReadEnd()
        }
        defer { close(descriptor) }
        #expect(fcntl(descriptor, F_GETFD) == 0)
        var bytes: [UInt8] = []
        Pipe.readToEnd(descriptor, limit: 2) { bytes += Array($0) }
        #expect(bytes == [1, 2])
    }

    @Test func threadsAreJoined() async throws {
        try await onThread {
            let seen = Seen()
            let thread = try Thread(named: "joined") { seen.signals.withLock { $0.append(7) } }
            thread.join()
            thread.join()
            #expect(seen.signals.withLock { $0 } == [7])
        }
    }

    @Test func thePathIsAProgram() throws {
        #expect(access(try Executable.path(), X_OK) == 0)
        #expect(Environment.all()["PATH"] == Environment.value("PATH"))
        #expect(Environment.value("DIST_TRAIN_NO_SUCH") == nil)
    }
}

private final class Seen: Sendable {
    let signals = Mutex<[Int32]>([])

    func waitForCount(_ count: Int) -> [Int32] {
        let deadline = Clock.monotonicSeconds() + 120
        while signals.withLock({ $0.count }) < count, Clock.monotonicSeconds() < deadline {
            Clock.sleep(seconds: 0.002)
        }
        return signals.withLock { $0 }
    }
}
