import Metrics
import TestSupport
import Testing

@Suite struct BinomialIntervalTests {
    /// The lines of intervals.txt: SUCCESSES COUNT CONFIDENCE LOWER UPPER, from scipy.
    @Test func intervalsAreScipys() throws {
        let lines = try ProjectFiles.text("Tests/Fixtures/metrics/intervals.txt").split(separator: "\n")
        #expect(lines.count == 114)
        for line in lines {
            let numbers = line.split(separator: " ").compactMap { Double($0) }
            let interval = BinomialInterval.exact(
                successes: Int(numbers[0]), of: Int(numbers[1]), confidence: numbers[2])
            #expect(abs(interval.lowerBound - numbers[3]) < 1e-9, "\(line): \(interval)")
            #expect(abs(interval.upperBound - numbers[4]) < 1e-9, "\(line): \(interval)")
        }
    }
}
