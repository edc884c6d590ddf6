import Configuration
import Jobs
import Training

// Targets for configs: JSON5, `--set`, and whole jobs.
extension FuzzTarget {
    static let json5 = FuzzTarget("json5", longestInput: 4096) { input in
        let diagnostics = Diagnostics()
        let value = JSON5.parse(SourceFile(name: "fuzz", text: Array(input)), diagnostics: diagnostics)
        try require(value != nil || diagnostics.hasErrors, "there is no value, and nothing is said of it")
        try requirePrintable(diagnostics.rendered())
        try diagnostics.check()
        guard let value else { return }
        for text in [value.compactJSON(nonFinite: .json5), value.prettyJSON(nonFinite: .json5)] {
            let again = Diagnostics()
            let copy = JSON5.parse(text, name: "written", diagnostics: again)
            try require(copy == value && again.isEmpty, "written and read again it is another value: \(text)")
        }
    }

    static let override = FuzzTarget("override", longestInput: 1024) { input in
        var parts = Input(input)
        let option = String(decoding: parts.part(), as: UTF8.self)
        let diagnostics = Diagnostics()
        var tree = JSON5.parse(SourceFile(name: "fuzz", text: parts.remainder()), diagnostics: Diagnostics())
        if let override = ConfigOverride.parse(option, diagnostics: diagnostics) {
            tree = tree ?? .object([])
            override.apply(to: &tree!, diagnostics: diagnostics)
        } else {
            try require(diagnostics.hasErrors, "an option is refused, and nothing is said of it")
        }
        try requirePrintable(diagnostics.rendered())
        try diagnostics.check()
    }

    /// A job, the plan that it makes with a few data sets, and the plan's summary.
    static let job = FuzzTarget("job", longestInput: 4096) { input in
        let file = try JobFile.load(text: String(decoding: input, as: UTF8.self), named: "fuzz")
        let text = file.resolved.prettyJSON(nonFinite: .json5)
        let again = try JobFile.load(text: text, named: "resolved")
        try require(again.resolved == file.resolved, "resolved and read again it is another job: \(text)")
        for facts in allFacts {
            do throws(PlanError) {
                _ = Summary.text(try TrainingPlan(file.job, facts))
            } catch {
                try requirePrintable("\(file.describe(error))")
            }
        }
    }

    private static let allFacts = [
        DataFacts(
            sampleShape: [8, 8, 1], classCount: 10, trainCount: 1437, validationCount: 360, testCount: 0),
        DataFacts(
            sampleShape: [224, 224, 3], classCount: 1000, trainCount: 1 << 31, validationCount: 1,
            testCount: 1),
        DataFacts(
            sampleShape: [13], classCount: nil, targetWidth: 1, trainCount: 3, validationCount: 0,
            testCount: 0),
        DataFacts(sampleShape: [4], classCount: nil, trainCount: 150, validationCount: 50, testCount: 0),
    ]

    /// Refuses characters that move a terminal's cursor or reverse its text.
    private static func requirePrintable(_ text: String) throws(Finding) {
        let evil = text.unicodeScalars.first {
            ($0.value < 32 && $0 != "\n") || (127..<160).contains($0.value) || $0 == "\u{202E}"
        }
        try require(evil == nil, "U+\(String(evil?.value ?? 0, radix: 16)) is said to people")
    }
}
