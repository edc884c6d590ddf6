import Collectives
import Jobs

/// What a step takes with so many workers: predicted from the measured computation of one, the links, and the known pattern of communication.
///
/// Of N workers each has m = ⌈V/N⌉ of the V microbatches at most, and the slowest decides. In seconds:
///
///     step       = forward(m) + E₁·exchange + end
///     forward(m) = fixed + m·per microbatch, data and loss included; backward(m) likewise
///     exchange   = hop + (N−1)·8·bytes/bandwidth            one of batch-norm statistics, everybody to everybody; E₁ forward, E₂ backward
///     hop        = latency + what sending, waking and receiving take without a network
///     end        = the last parameters' arrival in a pipeline that begins with backward, which takes backward(m) + E₂·exchange; at least that and
///                  two hops, for the report of loss and metrics and rank 0's word
///
/// Each bucket of b bytes is ready when backward has come so far (the measured shares), and then
///
///     reduce-scatter   n·b·(N−1)/N bytes through the worker's link, n: the sums that its microbatches make in the reduction tree (1, if its part is a whole subtree)
///     hop, then update (b/N of the optimizer's measured time), then all-gather: b·(N−1)/N bytes through the same link, and a hop.
///
/// A link sends what is ready first. It is as fast in both directions at once, and every worker has one of its own unless several share a machine, which then share it.
/// Workers of one machine also share its cores: a step takes no less than all their work on all its cores, sending and receiving included.
/// Not modelled: switches that are too slow for all links at once, statistics that wait in the network behind gradients, and workers of different speed.
package struct ScalingModel: Equatable, Sendable {
    /// fixed + m·perMicrobatch seconds for m microbatches.
    package struct Cost: Equatable, Sendable {
        package var fixed: Double
        package var perMicrobatch: Double

        package init(fixed: Double, perMicrobatch: Double) {
            (self.fixed, self.perMicrobatch) = (fixed, perMicrobatch)
        }

        package func callAsFunction(_ microbatches: Double) -> Double {
            microbatches > 0 ? fixed + microbatches * perMicrobatch : 0
        }
    }

    /// Gradients that travel together.
    package struct Bucket: Equatable, Sendable {
        package var bytes: Double
        /// The share of backward after which they are complete, 0…1.
        package var completion: Double

        package init(bytes: Double, completion: Double) {
            (self.bytes, self.completion) = (bytes, completion)
        }
    }

    package struct Job: Equatable, Sendable {
        package var microbatches: Int
        package var samples: Int
        package var forward: Cost
        package var backward: Cost
        /// Seconds of the optimizer for all parameters.
        package var update: Double
        /// In the order in which they become ready.
        package var buckets: [Bucket]
        package var forwardExchanges: Int
        package var backwardExchanges: Int
        /// Of one exchange's vector.
        package var exchangeBytes: Double

        package init(
            microbatches: Int, samples: Int, forward: Cost, backward: Cost, update: Double, buckets: [Bucket],
            forwardExchanges: Int, backwardExchanges: Int, exchangeBytes: Double
        ) {
            (self.microbatches, self.samples, self.forward, self.backward, self.update) = (
                microbatches, samples, forward, backward, update
            )
            (self.buckets, self.forwardExchanges, self.backwardExchanges) = (
                buckets, forwardExchanges, backwardExchanges
            )
            self.exchangeBytes = exchangeBytes
        }
    }

    package struct Network: Equatable, Sendable {
        /// Seconds, one way.
        package var latency: Double
        /// Bits per second of a machine's link, each way, headers of frames and packets included.
        package var bandwidth: Double
        /// Seconds from one compute thread to another without any network between.
        package var handover: Double
        /// Processor seconds to send and receive a byte.
        package var secondsPerByte: Double

        package init(latency: Double, bandwidth: Double, handover: Double, secondsPerByte: Double) {
            (self.latency, self.bandwidth, self.handover, self.secondsPerByte) = (
                latency, bandwidth, handover, secondsPerByte
            )
        }
    }

    /// The machines, all alike.
    package struct Machines: Equatable, Sendable {
        package var cores: Int
        package var workersEach: Int
        /// Of a worker, as measured.
        package var lanes: Int
        /// False: workers of one machine have links of their own (network namespaces, virtual machines).
        package var shareLink = true

        package init(cores: Int, workersEach: Int, lanes: Int, shareLink: Bool = true) {
            (self.cores, self.workersEach, self.lanes, self.shareLink) = (
                cores, workersEach, lanes, shareLink
            )
        }
    }

    /// What there is too little of.
    package enum Limit: String, Sendable {
        /// Most of the step is computation that more workers would share.
        case compute
        /// More workers than microbatches, or they cannot be shared out evenly.
        case microbatches
        /// Exchanges of statistics, or the last messages of a step, on their way.
        case latency
        /// Gradients and parameters do not get through the links while backward still computes.
        case bandwidth
    }

    package struct Prediction: Equatable, Sendable {
        package var workers: Int
        /// Seconds; the parts below add up to it.
        package var step: Double
        /// Forward and backward, if all workers had equally much to do; workers of one machine share its cores.
        package var compute: Double
        /// How much longer the slowest worker computes.
        package var imbalance: Double
        package var statistics: Double
        /// Exposed: after the end of backward.
        package var gradients: Double
        /// Of those, what hops take, however wide the links are.
        package var gradientHops: Double
        package var samplesPerSecond: Double
        /// The speed-up over one worker, by the number of workers.
        package var efficiency: Double
        package var limit: Limit
    }

    /// Of what a link carries: 1,448 bytes in frames of 1,514 (Ethernet, IPv4, TCP with time stamps).
    package static let payloadShare = 1448.0 / 1514.0

    package var job: Job
    package var network: Network
    package var machines: Machines

    package init(job: Job, network: Network, machines: Machines) {
        (self.job, self.network, self.machines) = (job, network, machines)
    }

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
        // Further workers are spares.
        let members = min(workers, job.microbatches)
        let (most, even) = (
            Double((job.microbatches + members - 1) / members), Double(job.microbatches) / Double(members)
        )
        let here = min(members, machines.workersEach)
        let hop = members > 1 ? network.latency + network.handover : 0
        let bandwidth = Self.payloadShare * network.bandwidth / Double(machines.shareLink ? here : 1)
        let exchange = members > 1 ? hop + 8 * Double(members - 1) * job.exchangeBytes / bandwidth : 0

        // Lanes beyond a machine's cores take turns.
        let stretch = max(1, Double(here * machines.lanes) / Double(machines.cores))
        // Where the machine is overbooked, workers with less to do leave their cores to the others.
        func computation(_ cost: Cost) -> Double { max(cost(most), stretch * cost(even)) }
        let (forward, backward) = (computation(job.forward), computation(job.backward))
        let compute = stretch * (job.forward(even) + job.backward(even))
        let statistics = Double(job.forwardExchanges + job.backwardExchanges) * exchange
        let pass = backward + Double(job.backwardExchanges) * exchange
        let end = pipelineEnd(members, pass, hop: hop, bandwidth: bandwidth)
        let gradients = max(end - pass, 2 * hop)
        // Even an endlessly wide link has the last bucket's two hops behind backward.
        let unlimited = pipelineEnd(members, pass, hop: hop, bandwidth: .infinity)
        let step = forward + backward + statistics + gradients
        let excess = max(0, processors(members, here) - step)
        return Prediction(
            workers: workers, step: step + excess, compute: compute + excess,
            imbalance: max(0, forward + backward - compute), statistics: statistics, gradients: gradients,
            gradientHops: min(gradients, max(2 * hop, unlimited - pass)), samplesPerSecond: 0, efficiency: 0,
            limit: .compute)
    }

    /// Seconds that a machine's cores are busy with a step of its workers: computation, optimizer, sending and receiving.
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

    /// The sums that the worker with most of them sends of every bucket.
    private func nodes(_ members: Int) -> Int {
        let plan = StepPlan(
            sizes: Array(repeating: 1, count: job.microbatches),
            assignment: Assignment(even: job.microbatches, members: members))
        return plan.nodesOf.map(\.count).max() ?? 1
    }

    /// When the last parameters are there, in seconds from the beginning of a backward pass that takes `pass`.
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
        var (linkFree, ownerFree, end) = (0.0, 0.0, pass)
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
