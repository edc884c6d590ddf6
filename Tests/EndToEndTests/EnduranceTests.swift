import Platform
import System
import TestSupport
import Testing

extension Exactness {
    /// A cluster outlives a full disk, many failures and many runs.
    @Suite struct Endurance {
        /// A disk that fills in the midst of a run costs checkpoints, not the run: with room again, later
        /// ones are written, and the lines of `metrics.jsonl` that waited.
        @Test(.enabled(if: SmallFileSystem.isPossible, "mounting a file system needs root"))
        func aDiskThatFillsAndIsFreed() throws {
            let disk = try SmallFileSystem(bytes: 4 << 20)
            // So many and such long lines that they do not fit into what is left of the last page.
            var job = DigitsJob()
            job.logEvery = 1
            job.logging = ", gradients: true, tensorboard: true"
            let hands = try ByHand(job)
            let quiet = try hands.bench.quiet()
            hands.runDirectory = Path.join(disk.path, "run")
            let coordinator = try hands.coordinator(["--min-workers", "2", "--peer-timeout", "120"])
            let fault = "forward:0:17:stop:1,forward:1:26:stop:1"
            let workers = [try hands.worker(fault: fault), try hands.worker(fault: fault)]
            let first = try Self.stopped(among: workers)
            // A checkpoint that fails would leave room again.
            try hands.log(of: coordinator).wait(for: "checkpoint_written", from: coordinator)
            let filler = Path.join(disk.path, "filler")
            disk.fill(filler)
            first.send(SIGCONT)
            // The log is on the full disk too.
            try Program.wait(for: "the checkpoint of step 24 could not be written", from: coordinator)
            let second = try Self.stopped(among: workers)
            #expect(unlink(filler) == 0)
            second.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
            for worker in workers { try expectGoodEnd(worker) }
            let verified = try Program.run(
                ["checkpoint", "verify", hands.runDirectory], in: hands.bench.path)
            #expect(verified.status == .exited(0), "\(verified.errors)")
            #expect(
                verified.output.contains("step-00000012: whole")
                    && verified.output.contains("step-00000030: whole"))
            #expect(!verified.output.contains("step-00000024"), "\(verified.output)")
            let log = try hands.log(of: coordinator)
            #expect(try log.events("records_caught_up").first?.text("file") == "metrics.jsonl")
            #expect(try log.events("records_lost").isEmpty)
        }

        private static func stopped(among workers: [ChildProcess]) throws -> ChildProcess {
            for _ in 0..<2000 {
                if let stopped = workers.first(where: { Processes.state($0.processID) == "T" }) {
                    return stopped
                }
                Clock.sleep(seconds: 0.01)
            }
            throw SystemError("no worker has stopped at its fault point")
        }

        /// Seconds of the long form of `comingAndGoing`.
        private static let seconds =
            Environment.value("DIST_TRAIN_ENDURANCE_SECONDS").flatMap { Int($0) } ?? 600

        /// Workers on one machine that join, leave and are killed again and again: the bits of as many quiet
        /// steps, and a coordinator that does not grow.
        ///
        /// The job has no end of its own: it is stopped, and then resumed for a few steps more. In the long
        /// form it is stopped after `DIST_TRAIN_ENDURANCE_SECONDS` (600), with a change every second or two;
        /// otherwise after a few changes, each of which is waited for.
        @Test(.timeLimit(.minutes(10 + seconds / 15))) func comingAndGoing() throws {
            var job = Exactness.Recovery.mixedJobs[0]
            (job.batch, job.microbatches, job.checkpointEvery, job.logEvery) = (128, 16, "5000", 100)
            (job.steps, job.epochs) = (1 << 40, 1_000_000)
            let hands = try ByHand(job)
            let count = isThorough ? 8 : 3
            let coordinator = try hands.coordinator(["--min-workers", "\(count)"])
            let sizes =
                try isThorough
                ? changeForLong(hands, coordinator, count) : changeNowAndThen(hands, coordinator, count)
            coordinator.send(SIGTERM)
            let stopped = try Program.finish(coordinator)
            #expect(stopped.status == .exited(0), "\(stopped.errors)")
            let event = try hands.log(of: coordinator).events("run_stopped").last
            let step = try #require(event?.integer("step"), "\(stopped.errors)")
            job.steps = step + 50
            let quiet = try Bench(job).quiet(seconds: Double(60 + 3 * Self.seconds))
            #expect(
                try hands.bench.bits("run", workers: 2, ["--resume", "--set", "max_steps=\(job.steps)"])
                    == quiet)
            // A few changes say nothing of growth.
            if isThorough { try Self.expectNoGrowth(sizes) }
        }

        private func newcomer(_ hands: ByHand) throws -> ChildProcess {
            try hands.worker(["--cache-dir", hands.bench.directory.file("cache")])
        }

        /// A few changes, alternately a leave and a death; after each, all members are there again before the
        /// next.
        private func changeNowAndThen(_ hands: ByHand, _ coordinator: ChildProcess, _ count: Int) throws
            -> [ProcessSize]
        {
            func waitForMore(than before: Int) throws {
                let deadline = Clock.monotonicSeconds() + 60
                while try generations() <= before {
                    guard Clock.monotonicSeconds() < deadline else {
                        throw Program.TooSlow(errors: coordinator.standardError())
                    }
                    Clock.sleep(seconds: 0.01)
                }
            }
            func generations() throws -> Int {
                try hands.log(of: coordinator).events("generation_started").count {
                    $0.integer("workers") == count
                }
            }
            var alive = try (0..<count).map { _ in try newcomer(hands) }
            try waitForMore(than: 0)
            for (turn, signal) in [SIGTERM, SIGKILL, SIGTERM, SIGKILL].enumerated() {
                let before = try generations()
                alive[turn % count].send(signal)
                #expect(
                    alive[turn % count].wait(seconds: 30)
                        == (signal == SIGKILL ? .killed(signal: SIGKILL) : .exited(0)))
                alive[turn % count] = try newcomer(hands)
                try waitForMore(than: before)
            }
            return []
        }

        /// A change every second or two; what the coordinator holds before each of them.
        private func changeForLong(_ hands: ByHand, _ coordinator: ChildProcess, _ count: Int) throws
            -> [ProcessSize]
        {
            var random = SystemRandomNumberGenerator()
            var alive = try (0..<count).map { _ in try newcomer(hands) }
            var sizes: [ProcessSize] = []
            let deadline = Clock.monotonicSeconds() + Double(Self.seconds)
            while Clock.monotonicSeconds() < deadline {
                Clock.sleep(seconds: Double.random(in: 0.5...2, using: &random))
                sizes.append(
                    try #require(ProcessSize(coordinator.processID), "\(coordinator.standardError())"))
                let index = Int.random(in: alive.indices, using: &random)
                alive[index].send(Bool.random(using: &random) ? SIGTERM : SIGKILL)
                #expect(alive[index].wait(seconds: 30) != nil)
                alive[index] = try newcomer(hands)
            }
            return sizes
        }

        /// After the first tenth, in which buffers find their sizes, nothing grows: the later half is not
        /// above the half before it but for little.
        private static func expectNoGrowth(_ sizes: [ProcessSize]) throws {
            let settled = Array(sizes.dropFirst(sizes.count / 10))
            let (before, after) = (settled.prefix(settled.count / 2), settled.suffix(settled.count / 2))
            let most = try #require(ProcessSize(most: Array(before)))
            let later = try #require(ProcessSize(most: Array(after)))
            let sizes: Comment = "the coordinator held \(most), then \(later)"
            #expect(later.kilobytes <= most.kilobytes + most.kilobytes / 10, sizes)
            #expect(later.descriptors <= most.descriptors + 16, sizes)
            #expect(later.threads <= most.threads + 1, sizes)
        }

        /// The memory, descriptors and threads of a process, as the system tells them.
        private struct ProcessSize: CustomStringConvertible {
            let kilobytes: Int
            let descriptors: Int
            let threads: Int

            var description: String { "\(kilobytes) KB, \(descriptors) descriptors, \(threads) threads" }

            /// The largest of each; nil without any.
            init?(most sizes: [ProcessSize]) {
                guard let kilobytes = sizes.map(\.kilobytes).max(),
                    let descriptors = sizes.map(\.descriptors).max(),
                    let threads = sizes.map(\.threads).max()
                else { return nil }
                (self.kilobytes, self.descriptors, self.threads) = (kilobytes, descriptors, threads)
            }

            init?(_ process: Int32) {
                guard let status = try? File.readText("/proc/\(process)/status", limit: 1 << 16),
                    let files = try? Directory.list("/proc/\(process)/fd")
                else { return nil }
                func value(_ name: String) -> Int? {
                    status.split(separator: "\n").first { $0.hasPrefix(name) }.flatMap { line in
                        line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap {
                            Int($0)
                        }
                    }
                }
                guard let kilobytes = value("VmRSS:"), let threads = value("Threads:") else { return nil }
                (self.kilobytes, self.threads, descriptors) = (kilobytes, threads, files.count)
            }
        }
    }
}
