import System
import Testing
import Training

/// Jobs that are larger than the memory: said before they start, with what to do.
@Suite struct MemoryDemandTests {
    private let demand = MemoryDemand(worker: 3 << 30, workers: 2, coordinator: 1 << 30)

    @Test func enough() {
        #expect(demand.shortage(shared: MemoryLimit(7 << 30, .machine), each: nil) == nil)
        let each = MemoryLimit(3 << 30, .addressSpace)
        #expect(demand.shortage(shared: MemoryLimit(8 << 30, .machine), each: each) == nil)
    }

    @Test(arguments: [
        (MemoryLimit(6 << 30, .machine), "this machine has 6.0 GiB", "take a machine with more memory"),
        (
            MemoryLimit(1 << 30, .controlGroup), "the control group (container, service or batch job) allows",
            "raise the memory limit of the container or service"
        ),
    ]) func allTogether(limit: MemoryLimit, has: String, cure: String) throws {
        let sentence = try #require(demand.shortage(shared: limit, each: nil))
        #expect(sentence.contains("the job needs 7.0 GiB of memory (1.0 GiB for the data and snapshots"))
        #expect(sentence.contains("3.0 GiB for each of 2 workers)"))
        #expect(sentence.contains(has) && sentence.contains("fewer workers") && sentence.hasSuffix(cure))
    }

    /// `ulimit -v` counts for each process alone.
    @Test func each() throws {
        let each = MemoryLimit(2 << 30, .addressSpace)
        let sentence = try #require(
            demand.shortage(shared: MemoryLimit(64 << 30, .machine), each: each))
        #expect(sentence.contains("`ulimit -v` allows 2.0 GiB of addresses for each process"))
        #expect(sentence.contains("the job needs 3.0 GiB"))
        #expect(sentence.hasSuffix("raise the limit (`ulimit -v unlimited`)"))
    }

    @Test func aCoordinatorAlone() throws {
        let alone = MemoryDemand(worker: 3 << 30, workers: 0, coordinator: 1 << 30)
        #expect(alone.shortage(shared: MemoryLimit(2 << 30, .machine), each: nil) == nil)
        let sentence = try #require(alone.shortage(shared: MemoryLimit(1 << 29, .machine), each: nil))
        #expect(
            !sentence.contains("worker") && sentence.contains("needs 1.0 GiB of memory, and this machine"))
    }
}
