import Telemetry
import Testing

@Suite struct EpochLinesTests {
    private func summary(_ epoch: Int, of epochs: Int = 30, loss: Double, isBest: Bool?, seconds: Double)
        -> EpochSummary
    {
        EpochSummary(
            epoch: epoch, epochs: epochs, step: 9,
            train: [NamedValue("loss", loss), NamedValue("accuracy", 0.5)],
            validation: [NamedValue("loss", 2 * loss), NamedValue("accuracy", 0.25)], isBest: isBest,
            seconds: seconds)
    }

    @Test func columnsStayWhereTheyAre() {
        var lines = EpochLines()
        #expect(
            lines.line(summary(1, loss: 10.5, isBest: true, seconds: 9.5)) == """
                epoch  1/30 *  loss 10.5000  accuracy 0.5000  validation loss 21.0000  accuracy 0.2500  9.50 s
                """)
        #expect(
            lines.line(summary(10, loss: 1, isBest: false, seconds: 12)) == """
                epoch 10/30    loss  1.0000  accuracy 0.5000  validation loss  2.0000  accuracy 0.2500  12.0 s
                """)
        #expect(
            lines.line(summary(11, loss: 1, isBest: false, seconds: 61))
                == "epoch 11/30    loss  1.0000  accuracy 0.5000  validation loss  2.0000  accuracy 0.2500"
                + "  1 min 01 s")
    }

    /// A job without a measure of the best has no column for it.
    @Test func nothingIsBestWithoutAMeasure() {
        var lines = EpochLines()
        let epoch = EpochSummary(
            epoch: 1, epochs: 1, step: 1, train: [NamedValue("loss", 2)], seconds: 0.5)
        #expect(lines.line(epoch) == "epoch 1/1  loss 2.0000  0.50 s")
    }

    @Test(
        arguments: [
            (
                120,
                "epoch  1/30 *  loss 0.5000  accuracy 0.5000  validation loss 1.0000  accuracy 0.2500  9.50 s"
            ),
            (90, "epoch  1/30 *  loss 0.5000  accuracy 0.5000  val loss 1.0000  accuracy 0.2500  9.50 s"),
            (80, "epoch  1/30 *  loss 0.5000  accuracy 0.5000  val loss 1.0000  accuracy 0.2500"),
            (70, "epoch  1/30 *  loss 0.5000  val loss 1.0000  accuracy 0.2500"),
            (50, "epoch  1/30 *  loss 0.5000  val loss 1.0000"),
            (40, "epoch  1/30 *  val loss 1.0000"), (10, "epoch  1/30 *"),
        ] as [(Int, String)])
    func narrowTerminals(width: Int, expected: String) {
        var lines = EpochLines()
        #expect(lines.line(summary(1, loss: 0.5, isBest: true, seconds: 9.5), width: width) == expected)
    }

    @Test func theBestIsGreen() {
        var lines = EpochLines()
        let style = TerminalStyle(hasColor: true, canRedraw: true, isUnicode: true)
        let best = lines.line(summary(1, loss: 1, isBest: true, seconds: 1), style: style)
        #expect(best.hasPrefix("\u{1b}[32mepoch  1/30 *") && best.hasSuffix("1.00 s\u{1b}[0m"))
        #expect(!lines.line(summary(2, loss: 1, isBest: false, seconds: 1), style: style).contains("\u{1b}"))
    }
}
