import Datasets
import Jobs
import System
import TestSupport
import Testing
import dist_train

@Suite struct DataInspectionTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func rows(_ range: Range<Int>) -> String {
        "x,y\n" + range.map { "\($0 * 37 % 101).5,\($0 % 3)\n" }.joined()
    }

    /// Rows that two sets have in common are counted, also in the parts of a split.
    @Test func rowsOfTwoSetsAreCounted() throws {
        let train = try directory.write("train.csv", rows(0..<60))
        let test = try directory.write("test.csv", rows(50..<80))
        let text = config([
            "data": #"{train: {csv: {path: "\#(train)", target: "y"}}, test: {csv: {path: "\#(test)"}}}"#
        ])
        let inspection = try DataInspection(load(text).job)
        let overlap = try #require(inspection.overlaps.first)
        #expect(inspection.overlaps.count == 1)
        #expect(overlap.set == "test" && overlap.other == "train" && overlap.samples == 10)
        let twice = try directory.write("twice.csv", rows(0..<50) + rows(0..<50).dropFirst(4))
        let split = config([
            "data": #"{train: {csv: {path: "\#(twice)", target: "y"}}, split: {validation: 0.5}}"#
        ])
        let halves = try DataInspection(load(split).job)
        #expect(halves.sets.map(\.name) == ["train", "validation"])
        // About half of the 50 pairs are torn apart; which ones follows from the seed.
        let samples = try #require(halves.overlaps.first).samples
        #expect((15...35).contains(samples))
        guard case .table(let report) = halves.sets[0].findings else {
            Issue.record("a table is no table")
            return
        }
        #expect(report.rows == 100 && report.duplicateRows == 50)
    }

    @Test func otherDataAreInspected() throws {
        let inspection = try DataInspection(
            load(
                config([
                    "data": #"""
                    {train: {builtin: "digits"}, validation: {builtin: "digits"}}
                    """#
                ])
            ).job)
        #expect(inspection.sets.map(\.name) == ["train", "validation"])
        guard case .samples(let report, let names) = inspection.sets[0].findings else {
            Issue.record("digits are a table")
            return
        }
        #expect(names.count == 10 && report.classCounts.reduce(0, +) == 1_437)
        #expect(report.least == 0 && report.greatest == 16 && report.duplicates == 0)
        #expect(inspection.text.hasPrefix("train: 1,437 samples of 8 × 8 × 1 bytes, 0 … 16\n"))
        #expect(inspection.faults == [] && inspection.overlaps == [])
    }
}
