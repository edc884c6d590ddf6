import Cluster
import Configuration
import Datasets
import Jobs
import Kernels
import System
import Threads
import Training

extension Commands {
    static let plan = Command(
        name: "plan", arguments: "CONFIG",
        summary:
            "Predict how a job's steps would scale: time, throughput and efficiency for numbers of workers, and what limits them.\nComputation is measured here, for a few seconds, on made-up data of the job's shape; the machines are taken to be like this one.",
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
        example: "dist-train plan config/digits-cnn.json5 --workers 2,4,8 --bandwidth 1G --latency 1e-4"
    ) { arguments in
        let path = try arguments.only("a config file", "plan")
        let counts = try arguments.workerCounts() ?? [1, 2, 4, 8]
        let bandwidth = try arguments.bitsPerSecond("--bandwidth") ?? 1e9
        let latency = try arguments.seconds("--latency", 0...10) ?? 1e-4
        let cores = try arguments.integer("--cores", 1...4096) ?? Processor.cores
        let each = try arguments.integer("--workers-per-machine", 1...1024) ?? 1
        let lanes = try arguments.integer("--lanes", 1...1024) ?? max(1, cores / each)
        let seconds = try arguments.seconds("--seconds", 0.1...600) ?? 3
        establishFloatingPointMode()
        let file = try JobFile.load(path: path, overrides: arguments.all("--set"))
        // As many at once as this machine has cores for: further ones would take turns, which the model
        // knows.
        let copies = max(1, min(each, Processor.cores / lanes))
        let job = try measured(file, StepMeasurement(lanes: lanes, seconds: seconds, copies: copies))
        let loopback = try LoopbackMeasurement.run()
        let model = ScalingModel(
            job: job,
            network: ScalingModel.Network(
                latency: latency, bandwidth: bandwidth, handover: loopback.handover,
                secondsPerByte: loopback.secondsPerByte),
            machines: ScalingModel.Machines(
                cores: cores, workersEach: each, lanes: lanes, shareLink: !arguments.has("--own-links")))
        let predictions = counts.map { model.predict(workers: $0) }
        print(
            arguments.has("--json")
                ? json(model, predictions).prettyJSON() : text(file.job.name, model, predictions))
        return 0
    }

    private static func measured(_ file: JobFile, _ measurement: StepMeasurement) throws -> ScalingModel.Job {
        guard file.job.task == .training else {
            throw file.describe(
                PlanError(
                    "the job trains no model by gradient descent: `plan` predicts steps of gradient descent alone"
                ))
        }
        let data = try DecodedData(reading: file.job.data).madeUp()
        let alone = DecodedData(
            train: data.train, validation: nil, test: nil, normalization: data.normalization)
        do {
            return try measurement.run(
                StepMeasurement.job(file.completed(with: data).job), alone)
        } catch let error as PlanError {
            throw file.describe(error)
        }
    }

    // MARK: What is said

    private static func milliseconds(_ seconds: Double) -> ConfigValue {
        .number((seconds * 1e6).rounded() / 1e3)
    }

    private static func json(_ model: ScalingModel, _ predictions: [ScalingModel.Prediction]) -> ConfigValue {
        let (job, network, machines) = (model.job, model.network, model.machines)
        func cost(_ cost: ScalingModel.Cost) -> ConfigValue {
            .object([
                ("fixed_ms", milliseconds(cost.fixed)),
                ("per_microbatch_ms", milliseconds(cost.perMicrobatch)),
            ])
        }
        return .object([
            (
                "measured",
                .object([
                    ("samples", .int(job.samples)), ("microbatches", .int(job.microbatches)),
                    ("forward", cost(job.forward)),
                    ("backward", cost(job.backward)), ("update_ms", milliseconds(job.update)),
                    ("gradient_bytes", .int(Int(job.buckets.reduce(0) { $0 + $1.bytes }))),
                    ("statistics_exchanges", .int(job.forwardExchanges + job.backwardExchanges)),
                    ("handover_ms", milliseconds(network.handover)),
                    ("processor_ns_per_byte", .number((network.secondsPerByte * 1e12).rounded() / 1e3)),
                ])
            ),
            (
                "assumed",
                .object([
                    ("bandwidth", .number(network.bandwidth)), ("latency", .number(network.latency)),
                    ("cores", .int(machines.cores)),
                    ("workers_per_machine", .int(machines.workersEach)), ("lanes", .int(machines.lanes)),
                    ("own_links", .bool(!machines.shareLink)),
                ])
            ),
            (
                "predictions",
                .array(
                    predictions.map {
                        .object([
                            ("workers", .int($0.workers)), ("ms_per_step", milliseconds($0.step)),
                            ("samples_per_s", .number(($0.samplesPerSecond * 10).rounded() / 10)),
                            ("efficiency", .number(($0.efficiency * 1e4).rounded() / 1e4)),
                            ("limit", .string($0.limit.rawValue)),
                            ("compute_ms", milliseconds($0.compute)),
                            ("imbalance_ms", milliseconds($0.imbalance)),
                            ("statistics_ms", milliseconds($0.statistics)),
                            ("gradients_ms", milliseconds($0.gradients)),
                        ])
                    })
            ),
        ])
    }

    private static func text(_ name: String, _ model: ScalingModel, _ predictions: [ScalingModel.Prediction])
        -> String
    {
        let (job, network, machines) = (model.job, model.network, model.machines)
        func ms(_ seconds: Double) -> String { TextFormat.fixed(1000 * seconds, 2) }
        let all = Double(job.microbatches)
        let bytes = Int(job.buckets.reduce(0) { $0 + $1.bytes })
        let rows =
            [
                [
                    "workers", "ms/step", "samples/s", "efficiency", "compute", "imbalance", "statistics",
                    "gradients", "limit",
                ]
            ]
            + predictions.map {
                [
                    "\($0.workers)", ms($0.step), TextFormat.fixed($0.samplesPerSecond, 0),
                    "\(TextFormat.fixed(100 * $0.efficiency, 0))%",
                    ms($0.compute), ms($0.imbalance), ms($0.statistics), ms($0.gradients), $0.limit.rawValue,
                ]
            }
        let sharing = machines.workersEach > 1 ? ", \(machines.workersEach) workers on each" : ""
        return """
            \(name): \(job.samples) samples in \(TextFormat.count(job.microbatches, "microbatch", plural: "microbatches")), \(TextFormat.bytes(bytes)) of gradients, \(job.forwardExchanges + job.backwardExchanges) exchanges of statistics in a step
              measured   forward \(ms(job.forward(all))) ms, backward \(ms(job.backward(all))) ms, optimizer \(ms(job.update)) ms with \(TextFormat.count(machines.lanes, "lane")); from thread to thread \(ms(network.handover)) ms, sending and receiving \(TextFormat.fixed(1e9 * network.secondsPerByte, 2)) ns a byte, over loopback
              assumed    links of \(TextFormat.fixed(network.bandwidth / 1e6, 0)) Mbit/s, \(ms(network.latency)) ms one way; machines of \(TextFormat.count(machines.cores, "core"))\(sharing)

            \(TimingReport.columns(rows))
            """
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
