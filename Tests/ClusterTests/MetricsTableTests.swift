import Cluster
import System
import Telemetry
import TestSupport
import Testing

@Suite struct MetricsTableTests {
    private func epoch(_ number: Int, loss: Double) -> EpochSummary {
        EpochSummary(
            epoch: number, epochs: 5, step: 10 * number, train: [NamedValue("loss", loss)], penalty: 0.5,
            validation: [NamedValue("loss", 2 * loss), NamedValue("accuracy", 0.25)], stoppedEarly: false,
            seconds: 1.5)
    }

    /// A row for each epoch; a resumed run goes on in the same file, without a second header.
    @Test func epochsAreRows() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("metrics.csv")
        for summary in [epoch(1, loss: 0.75), epoch(2, loss: .nan)] {
            try MetricsTable(path).receive(.training(.epochFinished(summary)), at: 0, from: "coordinator")
        }
        #expect(
            try File.readText(path, limit: 1_000) == """
                epoch,step,train.loss,train.penalty,validation.loss,validation.accuracy,seconds
                1,10,0.75,0.5,1.5,0.25,1.5
                2,20,,0.5,,0.25,1.5

                """)
    }
}
