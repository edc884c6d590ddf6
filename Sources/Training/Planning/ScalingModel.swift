import Collectives
import Jobs

/// Predicts the time of a step with N workers from the measured computation of one worker, the links, and the
/// known pattern of communication.
///
///     let model = ScalingModel(job: measured, network: network, machines: machines)
///     model.predict(workers: 8).efficiency       // speed-up over one worker / 8
///
/// The slowest worker decides; it has m = ⌈V/N⌉ of the V microbatches. In seconds:
///
///     step       = forward(m) + E₁·exchange + end
///     forward(m) = fixed + m·per microbatch, data and loss included; backward(m) likewise
///     exchange   = hop + (N−1)·8·bytes/bandwidth
///     hop        = latency + sending, waking and receiving without a network
///     end        = arrival of the last parameters after the start of backward
///
/// An exchange sends batch-norm statistics from everybody to everybody; there are E₁ in forward and E₂ in
/// backward. `end` comes from a pipeline that begins with backward, which takes backward(m) + E₂·exchange. It
/// is at least that and two hops, for the report of loss and metrics and rank 0's control word.
///
/// Each bucket of b bytes is ready when backward has reached it (the measured shares). After that come
///
///     reduce-scatter   n·b·(N−1)/N bytes through the worker's link, and a hop
///     update           b/N of the optimizer's measured time
///     all-gather       b·(N−1)/N bytes through the same link, and a hop
///
/// where n is the number of sums that the worker's microbatches make in the reduction tree (1 if its part is
/// a whole subtree). A link sends first what is ready first. It is equally fast in both directions at once.
/// Each worker has a link of its own, unless workers share a machine and its link.
///
/// Workers of one machine also share its cores: a step takes at least all their work divided by all cores,
/// sending and receiving included. The model leaves out switches that are too slow for all links at once,
/// statistics that wait in the network behind gradients, and workers of different speed.
package struct ScalingModel: Equatable, Sendable {
    /// The time of m microbatches in seconds: fixed + m·perMicrobatch.
    /// fixed + m·perMicrobatch seconds for m microbatches.
    package struct Cost: Equatable, Sendable {
        package var fixed: Double
        package var perMicrobatch: Double

        package init(fixed: Double, perMicrobatch: Double) {
            self.fixed = fixed
            self.perMicrobatch = perMicrobatch
        }

        package func callAsFunction(_ microbatches: Double) -> Double {
            microbatches > 0 ? fixed + microbatches * perMicrobatch : 0
        }
    }

    /// The gradients that travel together.
    package struct Bucket: Equatable, Sendable {
        package var bytes: Double
        /// The share of backward after which the gradients are complete, from 0 to 1.
        package var completion: Double

        package init(bytes: Double, completion: Double) {
            self.bytes = bytes
            self.completion = completion
        }
    }

    /// The measured numbers of a job's step.
    package struct Job: Equatable, Sendable {
        /// V, the number of microbatches.
        package var microbatches: Int
        /// Samples of a global mini-batch.
        package var samples: Int
        package var forward: Cost
        package var backward: Cost
        /// The optimizer's time for all parameters, in seconds.
        package var update: Double
        /// Buckets in the order in which they become ready.
        package var buckets: [Bucket]
        /// Exchanges of statistics in a forward pass, E₁.
        package var forwardExchanges: Int
        /// Exchanges of statistics in a backward pass, E₂.
        package var backwardExchanges: Int
        /// Bytes of the vector of one exchange.
        package var exchangeBytes: Double

        package init(
            microbatches: Int, samples: Int, forward: Cost, backward: Cost, update: Double, buckets: [Bucket],
            forwardExchanges: Int, backwardExchanges: Int, exchangeBytes: Double
        ) {
            self.microbatches = microbatches
            self.samples = samples
            self.forward = forward
            self.backward = backward
            self.update = update
            self.buckets = buckets
            self.forwardExchanges = forwardExchanges
            self.backwardExchanges = backwardExchanges
            self.exchangeBytes = exchangeBytes
        }
    }

    /// The network between the machines.
    package struct Network: Equatable, Sendable {
        /// One-way latency in seconds.
        package var latency: Double
        /// Bandwidth of a machine's link in bits per second, each way, headers of frames and packets
        /// included.
        package var bandwidth: Double
        /// Seconds from one compute thread to another without a network between them.
        package var handover: Double
        /// Processor seconds to send and receive a byte.
        package var secondsPerByte: Double

        package init(latency: Double, bandwidth: Double, handover: Double, secondsPerByte: Double) {
            self.latency = latency
            self.bandwidth = bandwidth
            self.handover = handover
            self.secondsPerByte = secondsPerByte
        }
    }

    /// The machines, which are all alike.
    package struct Machines: Equatable, Sendable {
        package var cores: Int
        /// Workers per machine.
        package var workersEach: Int
        /// Lanes (compute threads) of a worker, as measured.
        package var lanes: Int
        /// Whether the workers of a machine share one link. False if each has its own (network namespaces,
        /// virtual machines).
        package var shareLink = true

        package init(cores: Int, workersEach: Int, lanes: Int, shareLink: Bool = true) {
            self.cores = cores
            self.workersEach = workersEach
            self.lanes = lanes
            self.shareLink = shareLink
        }
    }

    /// The resource that limits the speed.
    package enum Limit: String, Sendable {
        /// Most of the step is computation, which more workers would share.
        case compute
        /// There are more workers than microbatches, or the microbatches cannot be shared evenly.
        case microbatches
        /// Most of the step is waiting for statistics, or for the last messages of a step.
        case latency
        /// The links cannot carry gradients and parameters while backward still computes.
        case bandwidth
    }

    package struct Prediction: Equatable, Sendable {
        package var workers: Int
        /// The time of a step in seconds; the parts below add up to it.
        package var step: Double
        /// Seconds of forward and backward if all workers had the same work. Workers of one machine share its
        /// cores.
        package var compute: Double
        /// Seconds that the slowest worker computes longer.
        package var imbalance: Double
        /// Seconds of the exchanges of statistics.
        package var statistics: Double
        /// Seconds of exposed communication of gradients and parameters, after the end of backward.
        package var gradients: Double
        /// The part of `gradients` that hops take, however wide the links are.
        package var gradientHops: Double
        package var samplesPerSecond: Double
        /// The speed-up over one worker, divided by the number of workers.
        package var efficiency: Double
        package var limit: Limit
    }

    /// The payload's share of the bytes on a link: 1,448 bytes in frames of 1,514 (Ethernet, IPv4, TCP with
    /// time stamps).
    package static let payloadShare = 1448.0 / 1514.0

    package var job: Job
    package var network: Network
    package var machines: Machines

    package init(job: Job, network: Network, machines: Machines) {
        self.job = job
        self.network = network
        self.machines = machines
    }

    /// Predicts a step of `workers` workers. Those beyond the number of microbatches are spares.
    package func predict(workers: Int) -> Prediction {
        var prediction = parts(workers)
        let alone = workers == 1 ? prediction.step : parts(1).step
        prediction.samplesPerSecond = Double(job.samples) / prediction.step
        prediction.efficiency = alone / (Double(workers) * prediction.step)
        prediction.limit = limit(prediction)
        return prediction
    }

    private func limit(_ prediction: Prediction) -> Limit {
        if prediction.workers > job.microbatches { return .microbatches }
        let candidates: [(Limit, Double)] = [
            (.compute, prediction.compute), (.microbatches, prediction.imbalance),
            (.latency, prediction.statistics + prediction.gradientHops),
            (.bandwidth, prediction.gradients - prediction.gradientHops),
        ]
        return candidates.max { $0.1 < $1.1 }?.0 ?? .compute
    }

    private func parts(_ workers: Int) -> Prediction {
        // Workers beyond the number of microbatches are spares.
        let members = min(workers, job.microbatches)
        let most = Double((job.microbatches + members - 1) / members)
        let even = Double(job.microbatches) / Double(members)
        let here = min(members, machines.workersEach)
        let hop = members > 1 ? network.latency + network.handover : 0
        let bandwidth = Self.payloadShare * network.bandwidth / Double(machines.shareLink ? here : 1)
        let exchange = members > 1 ? hop + 8 * Double(members - 1) * job.exchangeBytes / bandwidth : 0

        // Lanes beyond a machine's cores take turns.
        let stretch = max(1, Double(here * machines.lanes) / Double(machines.cores))
        // If lanes outnumber cores, workers with less work leave their cores to the others.
        func computation(_ cost: Cost) -> Double { max(cost(most), stretch * cost(even)) }
        let forward = computation(job.forward)
        let backward = computation(job.backward)
        let compute = stretch * (job.forward(even) + job.backward(even))
        let statistics = Double(job.forwardExchanges + job.backwardExchanges) * exchange
        let pass = backward + Double(job.backwardExchanges) * exchange
        let end = pipelineEnd(members, pass, hop: hop, bandwidth: bandwidth)
        let gradients = max(end - pass, 2 * hop)
        // Even with an infinitely wide link the last bucket's two hops follow backward.
        let unlimited = pipelineEnd(members, pass, hop: hop, bandwidth: .infinity)
        let step = forward + backward + statistics + gradients
        let excess = max(0, processors(members, here) - step)
        return Prediction(
            workers: workers, step: step + excess, compute: compute + excess,
            imbalance: max(0, forward + backward - compute), statistics: statistics, gradients: gradients,
            gradientHops: min(gradients, max(2 * hop, unlimited - pass)), samplesPerSecond: 0, efficiency: 0,
            limit: .compute)
    }

    /// Seconds that a machine's cores are busy with one step of its workers: computation, optimizer, sending
    /// and receiving.
    private func processors(_ members: Int, _ here: Int) -> Double {
        let share = Double(here) * Double(job.microbatches) / Double(members)
        let passes =
            Double(here) * (job.forward.fixed + job.backward.fixed) + share
            * (job.forward.perMicrobatch + job.backward.perMicrobatch)
        let bytes =
            job.buckets.reduce(0) { $0 + $1.bytes } * Double(members - 1) / Double(members)
            * Double(1 + nodes(members))
        let communication = Double(here) * (bytes * network.secondsPerByte + job.update / Double(members))
        return (passes * Double(machines.lanes) + communication) / Double(machines.cores)
    }

    /// The number of sums that a worker sends of every bucket, for the worker with most of them.
    private func nodes(_ members: Int) -> Int {
        let plan = StepPlan(
            sizes: Array(repeating: 1, count: job.microbatches),
            assignment: Assignment(even: job.microbatches, members: members))
        return plan.nodesOf.map(\.count).max() ?? 1
    }

    /// The arrival of the last parameters, in seconds after the start of a backward pass that takes `pass`.
    private func pipelineEnd(_ members: Int, _ pass: Double, hop: Double, bandwidth: Double) -> Double {
        struct Transfer {
            let bucket: Bucket
            let isReduced: Bool
            let ready: Double
        }
        let remote = Double(members - 1) / Double(members)
        let total = job.buckets.reduce(0) { $0 + $1.bytes }
        let nodes = Double(nodes(members))
        var waiting = job.buckets.map { Transfer(bucket: $0, isReduced: false, ready: $0.completion * pass) }
        var linkFree = 0.0
        var ownerFree = 0.0
        var end = pass
        while let next = waiting.indices.min(by: { waiting[$0].ready < waiting[$1].ready }) {
            let transfer = waiting.remove(at: next)
            let bytes = transfer.bucket.bytes * remote * (transfer.isReduced ? 1 : nodes)
            linkFree = max(linkFree, transfer.ready) + 8 * bytes / bandwidth
            let arrival = linkFree + hop
            if transfer.isReduced {
                end = max(end, arrival)
            } else {
                ownerFree =
                    max(ownerFree, arrival) + job.update / Double(members) * transfer.bucket.bytes
                    / max(1, total)
                waiting.append(Transfer(bucket: transfer.bucket, isReduced: true, ready: ownerFree))
            }
        }
        return end
    }
}
