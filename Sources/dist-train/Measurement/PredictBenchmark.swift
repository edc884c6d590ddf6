import Configuration
import Datasets
import Jobs
import Kernels
import System
import Training

/// Computes the outputs of a job's model with its initial parameters again and again, in this process, and
/// takes the time of every request.
struct PredictBenchmark {
    /// Samples of a request.
    let rows: Int
    let lanes: Int
    let seconds: Double

    func run(_ file: JobFile) throws -> Result {
        guard file.job.task == .training else {
            throw file.describe(
                PlanError("the job trains no model by gradient descent: there is nothing to measure"))
        }
        let data = try file.decodedData().madeUp()
        let plan: TrainingPlan
        do {
            plan = try TrainingPlan(file.completed(with: data).job, data.facts)
        } catch {
            throw file.describe(error)
        }
        let predictor = predictor(plan, data)
        let samples = min(rows, data.train.count)
        var times: [Double] = []
        var (first, request) = (0, 0)
        let end = Clock.monotonicSeconds() + seconds
        while times.isEmpty || Clock.monotonicSeconds() < end {
            if first + samples > data.train.count { first = 0 }
            let start = Clock.monotonicSeconds()
            try compute(first..<(first + samples), predictor, data.train)
            if request >= 3 { times.append(1e3 * (Clock.monotonicSeconds() - start)) }
            first += samples
            request += 1
        }
        return Result(rows: samples, lanes: lanes, milliseconds: times.sorted())
    }

    private func predictor(_ plan: TrainingPlan, _ data: DecodedData) -> Predictor {
        let layout = plan.network.layout
        let (parameters, statistics) = (
            FloatBuffer(count: layout.parameterSpace), FloatBuffer(count: layout.statisticsCount)
        )
        layout.initialize(parameters.pointer, seed: 1)
        layout.initializeStatistics(statistics.pointer)
        return Predictor(
            plan: plan, normalization: data.normalization, parameters: Array(parameters.elements),
            statistics: Array(statistics.elements), lanes: LanePool(lanes: lanes))
    }

    private func compute(_ samples: Range<Int>, _ predictor: Predictor, _ dataset: Dataset) throws {
        for start in stride(from: samples.lowerBound, to: samples.upperBound, by: predictor.capacity) {
            try predictor.compute(start..<min(samples.upperBound, start + predictor.capacity), of: dataset)
            _ = predictor.readable()
        }
    }
}

extension PredictBenchmark {
    /// The measured times of some requests.
    struct Result {
        let rows: Int
        let lanes: Int
        /// The time of each request, ascending.
        let milliseconds: [Double]

        private func percentile(_ percent: Int) -> Double {
            milliseconds[min(milliseconds.count - 1, milliseconds.count * percent / 100)]
        }

        var value: ConfigValue {
            .object([
                ("rows", .int(rows)), ("lanes", .int(lanes)), ("requests", .int(milliseconds.count)),
                ("ms_best", .measured(milliseconds[0])), ("ms_median", .measured(percentile(50))),
                ("ms_p99", .measured(percentile(99))),
                ("samples_per_s_median", .measured(1e3 * Double(rows) / percentile(50))),
            ])
        }

        func text(named name: String) -> String {
            let requests = TextFormat.count(milliseconds.count, "request")
            let rate = TextFormat.grouped(Int((1e3 * Double(rows) / percentile(50)).rounded()))
            func time(_ milliseconds: Double) -> String { TextFormat.fixed(milliseconds, 3) }
            return """
                \(name): \(TextFormat.count(rows, "row")), \(TextFormat.count(lanes, "lane")), \(requests)
                  per request  \(time(milliseconds[0])) ms best, \(time(percentile(50))) ms median, \
                \(time(percentile(99))) ms p99
                  samples/s    \(rate) median
                """
        }
    }
}
