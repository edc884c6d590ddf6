import Platform
import Testing
import Threads

@Suite struct MonitorTests {
    /// Two threads hand a number back and forth; pauses make the waiter sleep, short turns let it spin.
    @Test(arguments: [UInt32(0), 300]) func waitersSeeEveryChange(pause: UInt32) throws {
        let turns = pause == 0 ? 20_000 : 200
        let monitor = Monitor(0)
        let threads = try (0..<2).map { side in
            try Thread(named: "side \(side)") {
                for _ in 0..<turns {
                    monitor.wait { $0 % 2 == side ? () : nil }
                    if pause > 0 { usleep(pause) }
                    monitor.change { $0 += 1 }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(monitor.change { $0 } == 2 * turns)
    }

    @Test func oneChangeWakesEveryWaiter() throws {
        let isOpen = Monitor(false)
        let passed = Guarded(0)
        let threads = try (0..<4).map { _ in
            try Thread(named: "waiter") {
                isOpen.wait { $0 ? () : nil }
                passed.withLock { $0 += 1 }
            }
        }
        usleep(5_000)
        #expect(passed.withLock { $0 } == 0)
        isOpen.change { $0 = true }
        for thread in threads { thread.join() }
        #expect(passed.withLock { $0 } == 4)
    }

    @Test func anErrorLeavesTheMonitorUsable() {
        struct Refusal: Error {}
        let monitor = Monitor(1)
        #expect(throws: Refusal.self) { try monitor.wait { _ -> Int? in throw Refusal() } }
        #expect(monitor.wait { $0 } == 1)
    }

    @Test func aMailboxKeepsTheOrder() throws {
        let mailbox = Mailbox<Int>()
        let taken = Guarded<[Int]>([])
        let taker = try Thread(named: "taker") {
            for _ in 0..<1_000 {
                let element = mailbox.take()
                taken.withLock { $0.append(element) }
            }
        }
        for element in 0..<1_000 { mailbox.put(element) }
        taker.join()
        #expect(taken.withLock { $0 } == Array(0..<1_000))
    }

    @Test func aGuardedValueLosesNoChange() throws {
        let count = Guarded(0)
        let threads = try (0..<4).map { _ in
            try Thread(named: "counter") { for _ in 0..<5_000 { count.withLock { $0 += 1 } } }
        }
        for thread in threads { thread.join() }
        #expect(count.withLock { $0 } == 20_000)
    }
}
