/// Takes the times between the ends of steps, once the training is warm. Belongs to the coordinator's loop
/// while that runs.
package final class StepTimes {
    private static let warmSteps = 3
    private static let warmSeconds = 1.0

    package private(set) var milliseconds: [Double] = []
    /// True once a worker has died: later steps are those of fewer.
    package var isDisturbed = false
    private let seconds: Double
    private let isWhole: (Int) -> Bool
    /// The number of steps that have ended.
    private var ends = 0
    private var first = 0.0
    private var last = 0.0
    private var warmSince: Double?

    /// - Parameters:
    ///   - seconds: how long to measure once the training is warm; at least three steps are measured.
    ///   - isWhole: whether a step has a full batch. The last one of an epoch is not measured if it has less.
    package init(seconds: Double, isWhole: @escaping (Int) -> Bool) {
        self.seconds = seconds
        self.isWhole = isWhole
    }

    /// Takes the end of a step; returns true once there are enough.
    package func add(step: Int, at time: Double) -> Bool {
        defer {
            last = time
            ends += 1
        }
        if ends == 0 { first = time }
        guard let warmSince else {
            if ends >= Self.warmSteps, time - first >= Self.warmSeconds { self.warmSince = time }
            return false
        }
        if isWhole(step) { milliseconds.append((time - last) * 1e3) }
        return time - warmSince >= seconds && milliseconds.count >= 3
    }
}
