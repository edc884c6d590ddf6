import Testing
import dist_train

@Suite struct SparklineTests {
    @Test(
        arguments: [
            ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█", "__.-=*##"), ([7, 0], 8, "█▁", "#_"),
            ([0.5, 0.5, 0.5], 8, "▅▅▅", "==="), ([3], 8, "▅", "="), ([], 8, "", ""),
            // The means of two: 0.5, 2.5, 4.5, 6.5
            ([0, 1, 2, 3, 4, 5, 6, 7], 4, "▁▃▆█", "_-*#"),
            ([-1.7e308, 1.7e308], 2, "▁█", "_#"),
        ] as [([Double], Int, String, String)])
    func heights(values: [Double], width: Int, blocks: String, ascii: String) {
        #expect(Sparkline.text(values, width: width, isUnicode: true) == blocks)
        #expect(Sparkline.text(values, width: width, isUnicode: false) == ascii)
    }

    /// However many values there are, the text has its width, and its ends show the first and the last ones.
    @Test(arguments: [1, 7, 40, 41, 1_000, 100_000]) func width(count: Int) {
        let values = (0..<count).map(Double.init)
        let text = Sparkline.text(values, width: 40, isUnicode: true)
        #expect(text.count == min(40, count))
        #expect(count == 1 || (text.first == "▁" && text.last == "█"))
    }
}
