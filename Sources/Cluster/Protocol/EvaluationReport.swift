import Training

/// A member's results of successive chunks of an evaluation.
package struct EvaluationReport: Equatable, Sendable {
    package var set: EvaluationSet
    /// Steps that are done.
    package var step: Int
    package var firstChunk: Int
    /// A report as `TrainingPlan.evaluationReport` lays it out for each chunk, one after the other.
    package var reports: [Double]

    package init(set: EvaluationSet, step: Int, firstChunk: Int, reports: [Double]) {
        self.set = set
        self.step = step
        self.firstChunk = firstChunk
        self.reports = reports
    }

    /// Divides the reports of many chunks, because the payload of a frame is limited: reports with counts for
    /// every class are long.
    ///
    /// - Parameters:
    ///   - chunks: the chunks that the reports are of.
    ///   - limit: the most numbers of one message, if one chunk has no more.
    package static func divided(
        _ set: EvaluationSet, step: Int, chunks: Range<Int>, reports: [Double], limit: Int = 1 << 17
    ) -> [EvaluationReport] {
        guard !chunks.isEmpty else { return [] }
        let width = reports.count / chunks.count
        let most = max(1, limit / max(1, width))
        return stride(from: 0, to: chunks.count, by: most).map { first in
            EvaluationReport(
                set: set, step: step, firstChunk: chunks.lowerBound + first,
                reports: Array(reports[(first * width)..<(min(chunks.count, first + most) * width)]))
        }
    }
}

extension EvaluationSet: MessageValue {}

extension EvaluationReport: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(set)
        writer.write(step)
        writer.write(firstChunk)
        writer.write(reports)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        set = try reader.read()
        step = try reader.readStep()
        firstChunk = try reader.read(in: 0...)
        reports = try reader.read()
    }
}
