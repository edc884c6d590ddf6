import Jobs
import Testing
import Training

/// The model's arithmetic, on numbers that can be checked by hand.
@Suite struct ScalingModelTests {
    /// A job of 8 microbatches: forward takes 8 s in all and backward 16 s; one bucket of 8 GB is complete at
    /// the end of backward.
    private static func model(
        microbatches: Int = 8, fixed: Double = 0,
        buckets: [ScalingModel.Bucket] = [ScalingModel.Bucket(bytes: 8e9, completion: 1)],
        exchanges: Int = 0, bandwidth: Double = .infinity, latency: Double = 0, update: Double = 0,
        machines: ScalingModel.Machines? = nil
    ) -> ScalingModel {
        ScalingModel(
            job: ScalingModel.Job(
                microbatches: microbatches, samples: 48, forward: .init(fixed: fixed, perMicrobatch: 1),
                backward: .init(fixed: 0, perMicrobatch: 2), update: update, buckets: buckets,
                forwardExchanges: exchanges,
                backwardExchanges: exchanges, exchangeBytes: 0),
            network: ScalingModel.Network(
                latency: latency, bandwidth: bandwidth / ScalingModel.payloadShare, handover: 0,
                secondsPerByte: 0),
            machines: machines ?? ScalingModel.Machines(cores: 4, workersEach: 1, lanes: 1))
    }

    @Test func idealNetwork() {
        for (workers, step) in [(1, 24.0), (2, 12), (4, 6), (8, 3)] {
            let prediction = Self.model().predict(workers: workers)
            #expect(abs(prediction.step - step) < 1e-9 && abs(prediction.efficiency - 1) < 1e-9)
            #expect(prediction.limit == .compute)
            #expect(abs(prediction.samplesPerSecond - 48 / step) < 1e-9)
        }
    }

    /// Three workers have 3, 3 and 2 microbatches; beyond 8 workers there is nothing to share.
    @Test func unevenParts() {
        let three = Self.model().predict(workers: 3)
        #expect(three.step == 9 && abs(three.compute - 8) < 1e-9 && abs(three.imbalance - 1) < 1e-9)
        #expect(three.limit == .compute)
        let ten = Self.model().predict(workers: 10)
        #expect(ten.step == 3 && ten.limit == .microbatches && abs(ten.efficiency - 0.8) < 1e-9)
        // Five have 2, 2, 2, 1 and 1.
        #expect(Self.model().predict(workers: 5).step == 6)
    }

    /// 8 GB at 32 Gbit/s over N workers take (N−1)/N of 2 s, twice, after backward.
    @Test func bandwidthBehindBackward() {
        let model = Self.model(bandwidth: 32e9)
        #expect(model.predict(workers: 1).step == 24, "alone, nothing is sent")
        #expect(abs(model.predict(workers: 2).step - (12 + 2)) < 1e-9)
        #expect(abs(model.predict(workers: 4).step - (6 + 3)) < 1e-9)
        let eight = model.predict(workers: 8)
        #expect(abs(eight.step - (3 + 3.5)) < 1e-9 && eight.limit == .bandwidth)
    }

    /// There are two halves, and the first is complete in the middle of backward, which takes 8 s.
    /// Reduce-scatter and all-gather of a half take 1 s each.
    @Test func bucketsOverlapBackward() {
        let halves = [
            ScalingModel.Bucket(bytes: 4e9, completion: 0.5), ScalingModel.Bucket(bytes: 4e9, completion: 1),
        ]
        let two = Self.model(buckets: halves, bandwidth: 16e9).predict(workers: 2)
        #expect(abs(two.gradients - 2) < 1e-9 && abs(two.step - 14) < 1e-9)
        // At a tenth of the bandwidth the link is busy from the middle of backward, for 4 × 10 s.
        let slow = Self.model(buckets: halves, bandwidth: 1.6e9).predict(workers: 2)
        #expect(abs(slow.gradients - (4 + 40 - 8)) < 1e-9)
    }

    /// Three workers have the parts 0–2, 3–5 and 6–7 of 8. The first two make two sums each, and the third
    /// covers a whole subtree.
    @Test func partsThatAreNoSubtree() {
        let exposed = Self.model(bandwidth: 32e9).predict(workers: 3).gradients
        #expect(abs(exposed - (2 + 1) * 2 * 2 / 3) < 1e-9)
    }

    @Test func latency() {
        let model = Self.model(exchanges: 10, latency: 0.5)
        let two = model.predict(workers: 2)
        #expect(abs(two.statistics - 20 * 0.5) < 1e-9)
        #expect(abs(two.gradients - 2 * 0.5) < 1e-9, "the last bucket's two hops")
        #expect(abs(two.step - 23) < 1e-9)
        #expect(model.predict(workers: 4).limit == .latency)
        #expect(model.predict(workers: 1).step == 24)
    }

    /// Four workers with one lane each on two cores are no faster than two. Two on each of two machines are
    /// as fast as on machines of their own.
    @Test func sharedCores() {
        func machines(_ each: Int) -> ScalingModel.Machines {
            ScalingModel.Machines(cores: 2, workersEach: each, lanes: 1)
        }
        #expect(abs(Self.model(machines: machines(4)).predict(workers: 4).step - 12) < 1e-9)
        #expect(abs(Self.model(machines: machines(2)).predict(workers: 4).step - 6) < 1e-9)
        #expect(abs(Self.model(machines: machines(8)).predict(workers: 8).compute - 12) < 1e-9)
        // They also share the link, unless each has its own.
        var machine = machines(2)
        #expect(abs(Self.model(bandwidth: 32e9, machines: machine).predict(workers: 2).gradients - 4) < 1e-9)
        machine.shareLink = false
        #expect(abs(Self.model(bandwidth: 32e9, machines: machine).predict(workers: 2).gradients - 2) < 1e-9)
    }

    /// Sending and receiving keep processors busy: 2 × 4 GB per worker at 1 ns per byte, on a machine whose
    /// cores compute all the time.
    @Test func processorsAreBusyWithBytes() {
        var model = Self.model(machines: ScalingModel.Machines(cores: 2, workersEach: 2, lanes: 1))
        model.network.secondsPerByte = 1e-9
        let two = model.predict(workers: 2)
        #expect(abs(two.step - (12 + 8)) < 1e-9)
        model.machines = ScalingModel.Machines(cores: 4, workersEach: 2, lanes: 1)
        #expect(abs(model.predict(workers: 2).step - 12) < 1e-9, "idle cores do it beside")
    }

    /// The workers share the optimizer's work, which follows the sums.
    @Test func update() {
        #expect(Self.model(update: 4).predict(workers: 1).step == 28)
        #expect(Self.model(update: 4).predict(workers: 4).step == 7)
    }

    /// More of a scarce resource never makes a step longer.
    @Test func monotone() {
        for workers in 1...12 {
            func step(_ bandwidth: Double, _ latency: Double) -> Double {
                Self.model(fixed: 0.1, exchanges: 3, bandwidth: bandwidth, latency: latency, update: 1)
                    .predict(workers: workers).step
            }
            #expect(step(1e9, 0.1) >= step(2e9, 0.1) && step(2e9, 0.1) >= step(2e9, 0.01))
            let prediction = Self.model(fixed: 0.1, exchanges: 3, bandwidth: 1e9, latency: 0.1, update: 1)
                .predict(workers: workers)
            let sum = prediction.compute + prediction.imbalance + prediction.statistics + prediction.gradients
            #expect(abs(sum - prediction.step) < 1e-9, "the parts add up for \(workers)")
            #expect(prediction.gradientHops <= prediction.gradients)
        }
    }
}
