import Cluster
import Configuration
import System
import Training

/// The predictions of `plan`, as JSON and as a table for people.
struct PlanReport {
    private let job: ScalingModel.Job
    private let network: ScalingModel.Network
    private let machines: ScalingModel.Machines
    private let predictions: [ScalingModel.Prediction]

    /// - Parameter workers: the numbers of workers to predict for.
    init(of model: ScalingModel, workers: [Int]) {
        job = model.job
        network = model.network
        machines = model.machines
        predictions = workers.map { model.predict(workers: $0) }
    }

    private var gradientBytes: Int { Int(job.buckets.reduce(0) { $0 + $1.bytes }) }
    private var statisticsExchanges: Int { job.forwardExchanges + job.backwardExchanges }

    // MARK: JSON

    var value: ConfigValue {
        .object([
            ("measured", measured), ("assumed", assumed),
            ("predictions", .array(predictions.map(Self.value))),
        ])
    }

    private var measured: ConfigValue {
        func cost(_ cost: ScalingModel.Cost) -> ConfigValue {
            .object([
                ("fixed_ms", .milliseconds(cost.fixed)),
                ("per_microbatch_ms", .milliseconds(cost.perMicrobatch)),
            ])
        }
        return .object([
            ("samples", .int(job.samples)), ("microbatches", .int(job.microbatches)),
            ("forward", cost(job.forward)), ("backward", cost(job.backward)),
            ("update_ms", .milliseconds(job.update)), ("gradient_bytes", .int(gradientBytes)),
            ("statistics_exchanges", .int(statisticsExchanges)),
            ("handover_ms", .milliseconds(network.handover)),
            ("processor_ns_per_byte", .number((network.secondsPerByte * 1e12).rounded() / 1e3)),
        ])
    }

    private var assumed: ConfigValue {
        .object([
            ("bandwidth", .number(network.bandwidth)), ("latency", .number(network.latency)),
            ("cores", .int(machines.cores)), ("workers_per_machine", .int(machines.workersEach)),
            ("lanes", .int(machines.lanes)), ("own_links", .bool(!machines.shareLink)),
        ])
    }

    private static func value(_ prediction: ScalingModel.Prediction) -> ConfigValue {
        .object([
            ("workers", .int(prediction.workers)), ("ms_per_step", .milliseconds(prediction.step)),
            ("samples_per_s", .number((prediction.samplesPerSecond * 10).rounded() / 10)),
            ("efficiency", .number((prediction.efficiency * 1e4).rounded() / 1e4)),
            ("limit", .string(prediction.limit.rawValue)),
            ("compute_ms", .milliseconds(prediction.compute)),
            ("imbalance_ms", .milliseconds(prediction.imbalance)),
            ("statistics_ms", .milliseconds(prediction.statistics)),
            ("gradients_ms", .milliseconds(prediction.gradients)),
        ])
    }

    // MARK: Text

    func text(named name: String) -> String {
        let microbatches = TextFormat.count(job.microbatches, "microbatch", plural: "microbatches")
        let size = TextFormat.bytes(gradientBytes)
        let all = Double(job.microbatches)
        let lanes = TextFormat.count(machines.lanes, "lane")
        let nanoseconds = TextFormat.fixed(1e9 * network.secondsPerByte, 2)
        let megabits = TextFormat.fixed(network.bandwidth / 1e6, 0)
        let cores = TextFormat.count(machines.cores, "core")
        let sharing = machines.workersEach > 1 ? ", \(machines.workersEach) workers on each" : ""
        return """
            \(name): \(job.samples) samples in \(microbatches), \(size) of gradients, \
            \(statisticsExchanges) exchanges of statistics in a step
              measured   forward \(Self.ms(job.forward(all))) ms, backward \(Self.ms(job.backward(all))) ms, \
            optimizer \(Self.ms(job.update)) ms with \(lanes); \
            from thread to thread \(Self.ms(network.handover)) ms, \
            sending and receiving \(nanoseconds) ns a byte, over loopback
              assumed    links of \(megabits) Mbit/s, \(Self.ms(network.latency)) ms one way; \
            machines of \(cores)\(sharing)

            \(TimingReport.columns([Self.heads] + predictions.map(Self.row)))
            """
    }

    private static let heads = [
        "workers", "ms/step", "samples/s", "efficiency", "compute", "imbalance", "statistics", "gradients",
        "limit",
    ]

    private static func row(_ prediction: ScalingModel.Prediction) -> [String] {
        [
            "\(prediction.workers)", ms(prediction.step), TextFormat.fixed(prediction.samplesPerSecond, 0),
            "\(TextFormat.fixed(100 * prediction.efficiency, 0))%", ms(prediction.compute),
            ms(prediction.imbalance), ms(prediction.statistics), ms(prediction.gradients),
            prediction.limit.rawValue,
        ]
    }

    private static func ms(_ seconds: Double) -> String { TextFormat.fixed(1000 * seconds, 2) }
}

extension ConfigValue {
    /// Seconds as milliseconds, to a thousandth.
    fileprivate static func milliseconds(_ seconds: Double) -> ConfigValue {
        .number((seconds * 1e6).rounded() / 1e3)
    }
}
