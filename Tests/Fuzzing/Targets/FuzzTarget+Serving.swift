import Configuration
import Datasets
import Serving

// Targets for what `serve` decodes.
extension FuzzTarget {
    /// The first byte chooses a model and what the body is called. JSON that is read is JSON for the reader
    /// of configs too; what is read has the model's shape, and finite numbers.
    static let serve = FuzzTarget("serve", longestInput: 4096) { input in
        var script = Input(input)
        let choice = script.byte()
        let body = script.remainder()
        let form = forms[Int(choice & 3)]
        let type = types[Int(choice >> 2) % types.count]
        let samples = try RequestDecoder(form).samples(body, mediaType: type)
        try require(
            samples.count > 0 && samples.count <= form.mostSamples
                && samples.features.count == samples.count * form.size
                && samples.features.allSatisfy(\.isFinite), "what is read has not the model's shape")
        // The value of a target's column is skipped, and may have names twice.
        if type == "application/json", body.firstRange(of: Array("label".utf8)) == nil {
            let diagnostics = Diagnostics()
            let value = JSON5.parse(SourceFile(name: "fuzz", text: body), diagnostics: diagnostics)
            try require(value != nil, "it is no JSON for the reader of configs")
        }
    }

    /// A request for texts. One that is read is JSON for the reader of configs too, and within the limits.
    static let completion = FuzzTarget("completion", longestInput: 2048) { input in
        let body = Array(input)
        let request = try CompletionRequest(body)
        try require(
            (1...CompletionRequest.Limits.tokens).contains(request.mostTokens)
                && (1...CompletionRequest.Limits.texts).contains(request.count)
                && (0...100).contains(request.temperature) && (0...1).contains(request.topP ?? 1)
                && (request.topK ?? 1) > 0 && request.stops.count <= CompletionRequest.Limits.stops
                && request.stops.allSatisfy {
                    (1...CompletionRequest.Limits.stopBytes).contains($0.utf8.count)
                },
            "what is read is not within the limits")
        let value = JSON5.parse(SourceFile(name: "fuzz", text: body), diagnostics: Diagnostics())
        try require(value != nil, "it is no JSON for the reader of configs")
    }

    private static let types = ["application/json", "text/csv", "image/png", nil]

    private static let forms = [
        SampleForm(shape: [4], outputs: 2), SampleForm(shape: [2, 2, 1], offsets: [1], outputs: 2),
        SampleForm(shape: [2, 2, 3], outputs: 1_000_000),
        SampleForm(shape: [5], table: table, outputs: 1),
    ]

    private static let table = TableEncoding(
        format: CSVFormat(), missingCells: .mean,
        columns: [
            TableEncoding.Column(name: "age", kind: .number(fill: 7.5, offset: 0)),
            TableEncoding.Column(name: "job", kind: .categories(["clerk", "cook", "é"], fill: 1)),
            TableEncoding.Column(name: "time", kind: .number(fill: nil, offset: 100)),
        ], target: .classes(column: "label", names: ["no", "yes"]))
}
