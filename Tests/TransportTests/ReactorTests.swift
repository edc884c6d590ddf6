import Synchronization
import TestSupport
import Testing
import Threads
import Transport

@Suite struct ReactorTests {
    @Test func timersFireInTheOrderOfTheirDeadlines() async throws {
        let loop = try TestLoop()
        let order: [Int] = try await loop.run { reactor, finish in
            final class Log { var entries: [Int] = [] }
            let log = Log()
            reactor.after(0.03) { log.entries.append(3) }
            reactor.after(0.01) { log.entries.append(1) }
            let cancelled = reactor.after(0.02) { log.entries.append(2) }
            // Equal deadlines are due in the order of the calls; zero is due at once.
            reactor.after(0) { log.entries.append(-2) }
            reactor.after(0) { log.entries.append(-1) }
            reactor.after(0.06) { finish(.success(log.entries)) }
            cancelled.cancel()
            cancelled.cancel()
        }
        #expect(order == [-2, -1, 1, 3])
    }

    @Test func aTimerNeverFiresEarly() async throws {
        let loop = try TestLoop()
        let elapsed: Double = try await loop.run { reactor, finish in
            let start = Reactor.now
            reactor.after(0.02) { finish(.success(Reactor.now - start)) }
        }
        #expect(elapsed >= 0.02)
    }

    @Test func postedWorkKeepsItsOrderAndRunsOnTheLoop() async throws {
        let loop = try TestLoop()
        let box = SeenBox()
        for index in 0..<1000 {
            loop.reactor.post { box.seen.withLock { $0.append((index, Thread.currentIdentity)) } }
        }
        let thread: UInt = try await loop.run { reactor, finish in
            reactor.after(0) { finish(.success(Thread.currentIdentity)) }
        }
        let seen = box.seen.withLock { $0 }
        #expect(seen.map(\.index) == Array(0..<1000))
        #expect(seen.allSatisfy { $0.thread == thread })
        let another = try await onThread { Thread.currentIdentity }
        #expect(another != thread)
    }

    final class SeenBox: Sendable { let seen = Mutex<[(index: Int, thread: UInt)]>([]) }

    @Test func idleWorkRunsInSlicesBetweenOtherWork() async throws {
        let loop = try TestLoop()
        let slicesAtPost: [Int] = try await loop.run { reactor, finish in
            final class Counter { var slices = 0; var seen: [Int] = [] }
            let counter = Counter()
            reactor.idleWork = {
                counter.slices += 1
                if counter.slices % 10 == 0 && counter.slices <= 30 {
                    reactor.after(0) { counter.seen.append(counter.slices) }
                }
                if counter.slices == 50 { finish(.success(counter.seen)) }
                return counter.slices < 50
            }
        }
        // A timer that became due in slice 10 ran before slice 11.
        #expect(slicesAtPost == [10, 20, 30])
    }

    @Test func stopEndsTheLoopFromAnyThread() async throws {
        let reactor = try Reactor(name: "stop")
        try reactor.start()
        reactor.stop()
        try await onThread { reactor.stopAndJoin() }
        reactor.post {}  // dropped, without harm
    }
}
