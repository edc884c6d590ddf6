import Collectives

extension TrainingPlan {
    /// The word for every member after `done` steps, as far as the job alone decides.
    ///
    /// - Parameters:
    ///   - report: the sums that the last of these steps reported; a k-means job ends on them.
    ///   - stopping: true if the generation is to end here, though the job does not.
    package func control(afterSteps done: Int, report: [Double] = [], stopping: Bool = false) -> ControlWord {
        var word: ControlWord = []
        let ends = endsJob(afterSteps: done, report: report)
        if ends || endsEpoch(done) { word.formUnion([.evaluate, .snapshot]) }
        if case .steps(let interval) = job.checkpoint.every, done % interval == 0 { word.insert(.snapshot) }
        if ends {
            word.insert(.finish)
        } else if stopping {
            word.formUnion([.snapshot, .endGeneration])
        }
        return word
    }
}
