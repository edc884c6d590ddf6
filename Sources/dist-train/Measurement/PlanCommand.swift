import Cluster
import Jobs
import System
import Training

enum PlanCommand {
    static let command = Command(
        name: "plan", arguments: "CONFIG",
        summary: """
            Predict how a job's steps would scale with workers.
            Time, throughput and efficiency for numbers of workers, and what limits them.
            Computation is measured here, for a few seconds, on made-up data of the job's shape; the \
            machines are taken to be like this one.
            """,
        options: [
            Option(name: "--workers", value: "N,…", help: "for which numbers of workers (default 1,2,4,8)"),
            Option(
                name: "--bandwidth", value: "BITS",
                help: "of a machine's link, bits per second: 1e9, 100M, 2.5G (default 1G)"),
            Option(
                name: "--latency", value: "S", help: "one way between two machines, in seconds (default 1e-4)"
            ),
            Option(
                name: "--lanes", value: "L",
                help: "compute threads of a worker (default: cores / workers on a machine)"),
            Option(name: "--cores", value: "C", help: "cores of a machine (default: this machine's)"),
            Option(
                name: "--workers-per-machine", value: "K",
                help: "workers that share a machine's cores and link (default 1)"),
            Option(
                name: "--own-links", value: nil,
                help: "workers on one machine have a link each, as containers may"),
            Option(name: "--seconds", value: "S", help: "measure so long, twice (default 3)"),
            .set, .json,
        ],
        example: "dist-train plan config/digits-cnn.json5 --workers 2,4,8 --bandwidth 1G --latency 1e-4",
        run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a config file")
        let counts = try arguments.workerCounts() ?? [1, 2, 4, 8]
        let bandwidth = try arguments.bitsPerSecond("--bandwidth") ?? 1e9
        let latency = try arguments.seconds("--latency", 0...10) ?? 1e-4
        let machines = try machines(arguments)
        let seconds = try arguments.seconds("--seconds", 0.1...600) ?? 3
        let file = try JobFile.load(path: path, overrides: arguments.overrides)
        // As many at once as this machine has cores for: further ones would take turns, which the model
        // knows.
        let copies = max(1, min(machines.workersEach, Processor.cores / machines.lanes))
        let job = try measure(
            file, StepMeasurement(lanes: machines.lanes, seconds: seconds, copies: copies))
        let loopback = try LoopbackMeasurement.run()
        let network = ScalingModel.Network(
            latency: latency, bandwidth: bandwidth, handover: loopback.handover,
            secondsPerByte: loopback.secondsPerByte)
        let model = ScalingModel(job: job, network: network, machines: machines)
        let report = PlanReport(of: model, workers: counts)
        print(arguments.has("--json") ? report.value.prettyJSON() : report.text(named: file.job.name))
        return 0
    }

    private static func machines(_ arguments: Arguments) throws -> ScalingModel.Machines {
        let cores = try arguments.integer("--cores", 1...4096) ?? Processor.cores
        let workers = try arguments.integer("--workers-per-machine", 1...1024) ?? 1
        let lanes = try arguments.integer("--lanes", 1...1024) ?? max(1, cores / workers)
        return ScalingModel.Machines(
            cores: cores, workersEach: workers, lanes: lanes, shareLink: !arguments.has("--own-links"))
    }

    private static func measure(_ file: JobFile, _ measurement: StepMeasurement) throws -> ScalingModel.Job {
        guard file.job.task == .training else {
            throw file.describe(
                PlanError(
                    "the job trains no model by gradient descent: "
                        + "`plan` predicts steps of gradient descent alone"))
        }
        let data = try file.decodedData().madeUp()
        do {
            return try measurement.run(
                StepMeasurement.job(file.completed(with: data).job), data.withoutEvaluation)
        } catch let error as PlanError {
            throw file.describe(error)
        }
    }
}

extension Arguments {
    fileprivate func workerCounts() throws -> [Int]? {
        guard let text = string("--workers") else { return nil }
        let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard counts.allSatisfy({ $0.map((1...1024).contains) ?? false }) else {
            throw UsageError("--workers \(text) is no list of whole numbers from 1 to 1024, such as 2,4,8")
        }
        return counts.compactMap { $0 }
    }

    /// `1e9`, `100M`, `2.5G`.
    fileprivate func bitsPerSecond(_ name: String) throws -> Double? {
        guard let text = string(name) else { return nil }
        let factors: [Character: Double] = ["k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9]
        let factor = text.last.flatMap { factors[$0] }
        let value = Double(factor == nil ? text : String(text.dropLast())).map { $0 * (factor ?? 1) }
        guard let value, (1e3...1e13).contains(value) else {
            throw UsageError(
                "\(name) \(text) is no number of bits per second from 1k to 10000G, such as 1e9, 100M or 2.5G"
            )
        }
        return value
    }
}
