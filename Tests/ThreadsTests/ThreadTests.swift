import Platform
import Synchronization
import TestSupport
import Testing
import Threads

@Suite struct ThreadTests {
    @Test func joinWaitsForTheBody() throws {
        let isDone = Atomic(false)
        let thread = try Thread(named: "sleeper") {
            usleep(20_000)
            isDone.store(true, ordering: .releasing)
        }
        thread.join()
        let wasDone = isDone.load(ordering: .acquiring)
        #expect(wasDone)
        thread.join()
        thread.detach()
    }

    @Test func everyThreadFlushesSubnormalsToZero() throws {
        let halves = Guarded<[Float]>([])
        onThread(in: .standard) {
            let smallest = Guarded(Float.leastNormalMagnitude)
            halves.withLock { $0.append(smallest.withLock { $0 } * 0.5) }
            let thread = try? Thread(named: "computes") {
                halves.withLock { $0.append(smallest.withLock { $0 } * 0.5) }
            }
            thread?.join()
        }
        #expect(halves.withLock { $0 } == [.leastNormalMagnitude / 2, 0])
    }

    #if os(Linux)
        @Test func aThreadHasTheFirst15BytesOfItsName() throws {
            let name = Guarded<String?>(nil)
            try Thread(named: "a name of more than 15 bytes") {
                guard let file = fopen("/proc/thread-self/comm", "r") else { return }
                defer { fclose(file) }
                var line = [CChar](repeating: 0, count: 64)
                fgets(&line, Int32(line.count), file)
                let text = line.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:))
                name.withLock { $0 = String(decoding: text, as: UTF8.self) }
            }.join()
            #expect(name.withLock { $0 } == "a name of more ")
        }
    #endif

    @Test func identitiesDiffer() throws {
        let other = Guarded<UInt>(0)
        try Thread(named: "other") { other.withLock { $0 = Thread.currentIdentity } }.join()
        #expect(other.withLock { $0 } != 0)
        // The test may run on any thread of the pool, never on the one that has ended.
        let both = Guarded<Set<UInt>>([])
        let meeting = Monitor(0)
        let threads = try (0..<2).map { _ in
            try Thread(named: "meets") {
                both.withLock { _ = $0.insert(Thread.currentIdentity) }
                meeting.change { $0 += 1 }
                meeting.wait { $0 == 2 ? () : nil }
            }
        }
        for thread in threads { thread.join() }
        #expect(both.withLock { $0.count } == 2)
    }

    @Test func errorNamesTheThreadAndTheReason() {
        let error = ThreadError(name: "lane 3", code: EAGAIN)
        #expect(error.description.hasPrefix("cannot start the thread `lane 3`: "))
        #expect(error.description.contains("ulimit"))
    }
}
