import Platform
import System
import Testing

#if os(Linux)
    extension Exactness {
        /// Cables that are pulled in the midst of a run: the coordinator on host 0, a worker each on hosts 1
        /// and 2. A fault point stops the latter until the network is as
        /// the test wants it; the former dies when it would finish alone, so that the job ends only if the
        /// latter finds its way back.
        @Suite(.enabled(if: LAN.isPossible, LAN.requirement)) struct HostFaults {
            static let job = DigitsJob(steps: 60)
            static let short = ["--peer-timeout", "2"]

            private struct Scene {
                let lan: LAN
                let hands: HandsOnHosts
                let quiet: Bits
                let coordinator: ChildProcess
                let first: ChildProcess
                let second: ChildProcess

                /// Two members, the second of which stands at a step.
                init(dyingInGeneration generation: Int? = nil) throws {
                    lan = try LAN(hosts: 3)
                    hands = try HandsOnHosts(HostFaults.job, lan)
                    quiet = try hands.bench.quiet()
                    coordinator = try hands.coordinator(["--min-workers", "2"] + HostFaults.short)
                    first = try hands.worker(
                        on: 1, joining: lan.address(0),
                        fault: generation.map { "rank0:forward:50:kill:\($0)" })
                    try hands.log(of: coordinator).wait(for: "worker_joined", from: coordinator)
                    second = try hands.worker(
                        on: 2, joining: lan.address(0), fault: "rank1:forward:17:stop:1")
                    try Processes.waitUntilStopped(second)
                }

                /// Waits until the coordinator has lost a worker of which it heard nothing.
                func waitForSilence() throws {
                    try hands.log(of: coordinator).wait(for: "worker_lost", from: coordinator) {
                        $0.isBecause("nothing was heard of it")
                    }
                }

                func expectQuietBits() throws {
                    let bits = try hands.bits(coordinator, seconds: 90)
                    #expect(bits == quiet, "\(coordinator.standardError())\n\(second.standardError())")
                }
            }

            /// Nothing comes through, in either direction; later everything does.
            @Test func aPulledCable() throws {
                let scene = try Scene(dyingInGeneration: 2)
                try scene.lan.setCable(of: 2, isIn: false)
                scene.second.send(SIGCONT)
                try scene.waitForSilence()
                #expect(try Program.finish(scene.first).status == .killed(signal: SIGKILL))
                try scene.lan.setCable(of: 2, isIn: true)
                try scene.expectQuietBits()
                try expectGoodEnd(scene.second)
            }

            /// The members do not reach each other any more, the coordinator reaches both.
            @Test func membersWithoutAPath() throws {
                let scene = try Scene()
                try scene.lan.separate(1, 2)
                scene.second.send(SIGCONT)
                try scene.expectQuietBits()
                let log = try scene.hands.log(of: scene.coordinator)
                #expect(try log.has("workers_unreachable") || log.has("worker_lost"), "\(log.text)")
                for worker in [scene.first, scene.second] { try expectGoodEnd(worker) }
            }

            /// Packets are lost in one direction alone: from the worker, or to it.
            @Test(.enabled(if: isThorough, takesLong), arguments: [true, false])
            func oneWay(fromWorker: Bool) throws {
                let scene = try Scene(dyingInGeneration: 2)
                let (from, to) = fromWorker ? (2, 0) : (0, 2)
                try scene.lan.silence(from, towards: to)
                scene.second.send(SIGCONT)
                try scene.waitForSilence()
                #expect(try Program.finish(scene.first).status == .killed(signal: SIGKILL))
                try scene.lan.heal(from, towards: to)
                try scene.expectQuietBits()
                try expectGoodEnd(scene.second)
            }

            /// Between the members in one direction alone.
            @Test(.enabled(if: isThorough, takesLong)) func oneWayBetweenMembers() throws {
                let scene = try Scene()
                try scene.lan.silence(1, towards: 2)
                scene.second.send(SIGCONT)
                try scene.expectQuietBits()
                for worker in [scene.first, scene.second] { try expectGoodEnd(worker) }
            }

            /// A cable that comes and goes.
            @Test(.enabled(if: isThorough, takesLong)) func aFlappingCable() throws {
                let scene = try Scene(dyingInGeneration: 2)
                scene.second.send(SIGCONT)
                for round in 0..<12 where scene.coordinator.exitStatus() == nil {
                    try scene.lan.setCable(of: 2, isIn: round % 2 == 1)
                    Clock.sleep(seconds: round % 4 < 2 ? 0.3 : 3)
                }
                try scene.expectQuietBits()
            }

            /// A link on which a step takes long, and so does the way of the data: nobody is taken for dead.
            @Test(.enabled(if: isThorough, takesLong)) func slowLinks() throws {
                let lan = try LAN(hosts: 3)
                try lan.shape(rate: "1mbit")
                let hands = try HandsOnHosts(DigitsJob(steps: 15), lan)
                let quiet = try hands.bench.quiet()
                let coordinator = try hands.coordinator(["--min-workers", "2"])
                let workers = [
                    try hands.worker(on: 1, joining: lan.address(0)),
                    try hands.worker(on: 2, joining: lan.address(0)),
                ]
                #expect(try hands.bits(coordinator, seconds: 120) == quiet, "\(coordinator.standardError())")
                #expect(
                    field("recoveries", in: coordinator.standardOutput()) == "0",
                    "\(coordinator.standardError())")
                for worker in workers { try expectGoodEnd(worker) }
            }
        }
    }
#endif
