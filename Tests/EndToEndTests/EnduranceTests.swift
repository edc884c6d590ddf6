import System
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension Exactness {
    /// What a cluster lives through in the long run.
    @Suite struct Endurance {
        /// A disk that fills in the midst of a run costs checkpoints, not the run: with room again, later ones are written.
        @Test func aDiskThatFillsAndIsFreed() throws {
            guard let disk = try SmallFileSystem(bytes: 4 << 20) else { return }
            let hands = try ByHand(DigitsJob())
            let quiet = try hands.bench.quiet()
            hands.runDirectory = Path.join(disk.path, "run")
            let coordinator = try hands.coordinator(["--min-workers", "2", "--peer-timeout", "120"])
            let fault = "forward:0:17:stop:1,forward:1:26:stop:1"
            let workers = [try hands.worker(fault: fault), try hands.worker(fault: fault)]
            let first = try Self.stopped(among: workers)
            let filler = Path.join(disk.path, "filler")
            Self.fill(filler)
            first.send(SIGCONT)
            try Program.wait(for: "the checkpoint of step 24 could not be written", from: coordinator)
            let second = try Self.stopped(among: workers)
            #expect(unlink(filler) == 0)
            second.send(SIGCONT)
            #expect(try hands.bits(coordinator) == quiet)
            for worker in workers { try expectGoodEnd(worker) }
            let verified = try Program.run(["checkpoint", "verify", hands.runDirectory], in: hands.bench.path)
            #expect(verified.status == .exited(0), "\(verified.errors)")
            #expect(verified.output.contains("step-00000012: whole") && verified.output.contains("step-00000030: whole"))
            #expect(!verified.output.contains("step-00000024"), "\(verified.output)")
        }

        private static func stopped(among workers: [ChildProcess]) throws -> ChildProcess {
            for _ in 0..<2000 {
                if let stopped = workers.first(where: { Processes.state($0.processID) == "T" }) { return stopped }
                Clock.sleep(seconds: 0.01)
            }
            throw SystemError("no worker has stopped at its fault point")
        }

        /// Writes until the disk is full.
        private static func fill(_ path: String) {
            let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
            defer { close(descriptor) }
            let page = [UInt8](repeating: 1, count: 4096)
            while write(descriptor, page, page.count) > 0 {}
        }

        /// Eight workers on one machine that join, leave and are killed every second or two: the same bits, and a coordinator that does not grow.
        @Test(.enabled(if: isThorough, takesLong), .timeLimit(.minutes(25))) func comingAndGoing() throws {
            var job = Exactness.Recovery.mixedJobs[0]
            (job.batch, job.microbatches, job.steps, job.checkpointEvery) = (128, 16, 60_000, "5000")
            let hands = try ByHand(job)
            let quiet = try hands.bench.quiet()
            let coordinator = try hands.coordinator(["--min-workers", "8"])
            var random = SystemRandomNumberGenerator()
            var alive = try (0..<8).map { _ in try hands.worker(["--cache-dir", hands.bench.directory.file("cache")]) }
            var sizes: [ProcessSize] = []
            while coordinator.exitStatus() == nil {
                Clock.sleep(seconds: Double.random(in: 0.5...2, using: &random))
                guard let size = ProcessSize(coordinator.processID) else { break }
                sizes.append(size)
                let index = Int.random(in: alive.indices, using: &random)
                alive[index].send(Bool.random(using: &random) ? SIGTERM : SIGKILL)
                _ = alive[index].wait(seconds: 30)
                guard coordinator.exitStatus() == nil else { break }
                alive[index] = try hands.worker(["--cache-dir", hands.bench.directory.file("cache")])
            }
            #expect(try hands.bits(coordinator, seconds: 120) == quiet)
            // After the first tenth, in which buffers find their sizes, nothing grows: the later half is not above the half before it but for little.
            let settled = Array(sizes.dropFirst(sizes.count / 10))
            let (before, after) = (settled.prefix(settled.count / 2), settled.suffix(settled.count / 2))
            print(
                "\(sizes.count) comings and goings; coordinator: \(before.map(\.kilobytes).max() ?? 0) and \(after.map(\.kilobytes).max() ?? 0) KB,",
                "\(after.map(\.descriptors).max() ?? 0) descriptors, \(after.map(\.threads).max() ?? 0) threads")
            let limits = (before.map(\.kilobytes).max() ?? 0, before.map(\.descriptors).max() ?? 0, before.map(\.threads).max() ?? 0)
            #expect(
                after.allSatisfy {
                    $0.kilobytes <= limits.0 + limits.0 / 5 && $0.descriptors <= limits.1 + 16 && $0.threads <= limits.2 + 1
                })
        }

        /// What a process holds, as the system tells it.
        private struct ProcessSize {
            let kilobytes: Int
            let descriptors: Int
            let threads: Int

            init?(_ process: Int32) {
                guard let status = try? File.readText("/proc/\(process)/status", limit: 1 << 16),
                    let files = try? Directory.list("/proc/\(process)/fd")
                else { return nil }
                func value(_ name: String) -> Int? {
                    status.split(separator: "\n").first { $0.hasPrefix(name) }.flatMap { line in
                        line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
                    }
                }
                guard let kilobytes = value("VmRSS:"), let threads = value("Threads:") else { return nil }
                (self.kilobytes, self.threads, descriptors) = (kilobytes, threads, files.count)
            }
        }
    }
}
