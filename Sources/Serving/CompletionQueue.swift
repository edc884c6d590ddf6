import System
import Threads
import Training

/// The texts that a language model writes for requests, and the thread that computes them.
///
/// Texts of several requests grow side by side, a token each in every pass, so that the weights are read once
/// for all. A request waits until there are places for all of its texts.
final class CompletionQueue: Sendable {
    private struct State {
        var waiting: [CompletionJob] = []
        /// Ends once what has been asked for is done.
        var isEnding = false
        /// Ends at once.
        var isEnded = false
    }

    /// A place in which a text of a job grows.
    private typealias Place = (job: CompletionJob, text: Int)

    /// Texts that grow at one time.
    static let places = CompletionRequest.Limits.texts
    /// Requests that wait, at most.
    private static let mostWaiting = 64
    /// Seconds from the arrival of a request after which its texts end.
    private static let mostSeconds = 600.0

    private let state = Monitor(State())

    /// Starts the thread that writes texts with a generator, which it then owns.
    ///
    /// - Throws: `ThreadError`.
    func start(_ generator: SequenceGenerator) throws {
        let owned = Owned(generator)
        try Thread(named: "texts") { self.run(owned.generator) }.detach()
    }

    /// Hands the generator to its thread.
    private struct Owned: @unchecked Sendable {
        let generator: SequenceGenerator

        init(_ generator: SequenceGenerator) { self.generator = generator }
    }

    /// Appends a job; returns false if too many wait.
    func put(_ job: CompletionJob) -> Bool {
        state.change { state in
            guard state.waiting.count < Self.mostWaiting, !state.isEnded else { return false }
            state.waiting.append(job)
            return true
        }
    }

    /// Ends the thread: at once, or when everything that was asked for is done.
    func end(atOnce: Bool) {
        state.change { state in
            state.isEnding = true
            if atOnce { state.isEnded = true }
        }
    }

    private func run(_ generator: SequenceGenerator) {
        var places = [Place?](repeating: nil, count: Self.places)
        while admit(to: &places, generator) {
            do { try step(&places, generator) } catch {
                for case let place? in places {
                    place.job.fail(RequestFault(status: 500, "the text cannot be computed: \(error)"))
                }
                places = places.map { _ in nil }
            }
        }
    }

    /// Gives waiting jobs the free places. Waits while there is nothing to do; false: the thread ends.
    private func admit(to places: inout [Place?], _ generator: SequenceGenerator) -> Bool {
        var free = places.indices.filter { places[$0] == nil }
        let isIdle = free.count == places.count
        let admitted = state.wait { state -> [CompletionJob]? in
            if state.isEnded { return [] }
            var admitted: [CompletionJob] = []
            var room = free.count
            while let job = state.waiting.first, job.texts.count <= room {
                room -= job.texts.count
                admitted.append(state.waiting.removeFirst())
            }
            return isIdle && admitted.isEmpty && !state.isEnding ? nil : admitted
        }
        for job in admitted {
            for text in job.texts.indices {
                let place = free.removeFirst()
                generator.reset(place)
                places[place] = (job, text)
            }
        }
        return !state.wait { $0.isEnded } && places.contains { $0 != nil }
    }

    /// Lets every text grow by a token.
    private func step(_ places: inout [Place?], _ generator: SequenceGenerator) throws {
        func grows(_ place: Place?) -> Place? { place.flatMap { $0.job.hasEnded($0.text) ? nil : $0 } }
        try generator.append(places.map { grows($0).map { $0.job.takeTokens(of: $0.text) } ?? [] })
        for (index, place) in places.enumerated() {
            guard let place = grows(place) else { continue }
            place.job.advance(place.text, generator.logits(index))
        }
        let now = Clock.monotonicSeconds()
        for index in places.indices {
            guard let job = places[index]?.job else { continue }
            let isOver = now - job.arrived > Self.mostSeconds || !job.isWanted
            guard isOver || job.texts.indices.allSatisfy(job.hasEnded) else { continue }
            job.finish()
            for other in places.indices where places[other]?.job === job { places[other] = nil }
        }
    }
}
