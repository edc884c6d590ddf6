import Configuration
import Testing

@Suite struct DiagnosticTests {
    /// The rendered text equals the documented example.
    @Test func theExampleIsRenderedExactly() throws {
        let text = String(repeating: "\n", count: 18) + "    optimizer: {adam: {learning_rte: 1e-3}},\n"
        let (value, diagnostics) = read("{" + text + "}", name: "config/mnist-cnn.json5")
        let written = try #require(value?["optimizer"]?["adam"])
        let adam = try #require(ObjectDecoder(written, diagnostics))
        #expect(adam.required("learning_rate", .number(.positive)) == nil)
        adam.finish()
        #expect(
            diagnostics.rendered() == """
                error: unknown field `learning_rte`
                  --> config/mnist-cnn.json5:19:24   optimizer.adam
                   |  optimizer: {adam: {learning_rte: 1e-3}},
                   |                     ^^^^^^^^^^^^ did you mean `learning_rate`?
                """)
    }

    @Test func overridesAreShownAsTyped() throws {
        let diagnostics = Diagnostics()
        var tree = try #require(valid("{optimizer: {adam: {learning_rate: 1}}}"))
        let override = try #require(
            ConfigOverride.parse("optimizer.adam.learning_rate=abc", diagnostics: diagnostics))
        override.apply(to: &tree, diagnostics: diagnostics)
        let rate = try #require(tree["optimizer"]?["adam"]?["learning_rate"])
        #expect(Codec.number(.positive).read(rate, diagnostics) == nil)
        #expect(
            diagnostics.rendered() == """
                error: `learning_rate` must be a number above 0, found the string "abc"
                  --> --set optimizer.adam.learning_rate=abc
                   |                                     ^^^
                """)
    }

    @Test func tabsAndWideCharactersKeepTheCaretsInPlace() throws {
        let (_, diagnostics) = read("{\n\ta:\t'日本é',\tb: five}")
        #expect(
            diagnostics.rendered() == """
                error: expected a value, found the word `five`
                  --> job.json5:2:15
                   |  a:    '日本é',    b: five}
                   |                       ^^^^ put text in quotes: "five"
                """)
    }

    @Test(arguments: [0, 30, 90, 150, 5_000, 100_000], [0, 30, 90, 5_000]) func longLinesShowAWindow(
        _ before: Int, _ after: Int
    ) throws {
        let text =
            "[" + String(repeating: "1,", count: before) + "five" + String(repeating: ",2", count: after)
            + "]"
        let lines = try #require(read(text).diagnostics.sorted.first).rendered().split(separator: "\n")
        #expect(lines.count == 4)
        #expect(
            lines[1] == "  --> job.json5:1:\(2 + 2 * before)   \(before)"
                || lines[1] == "  --> job.json5:1:\(2 + 2 * before)")
        let shown = Array(lines[2])
        let carets = Array(lines[3])
        let caret = try #require(carets.firstIndex(of: "^"))
        #expect(shown.count <= 108)
        #expect(String(shown[caret..<caret + 4]) == "five")
        #expect(carets[caret...].prefix { $0 == "^" }.count == 4)
    }

    @Test func aRangeOfManyLinesIsUnderlinedToTheEndOfTheFirst() throws {
        let (value, diagnostics) = read("{\n  size: [1,\n  2]}")
        diagnostics.warning("odd", at: try #require(value?["size"]), label: "here")
        #expect(!diagnostics.hasErrors)
        #expect(
            diagnostics.rendered() == """
                warning: odd
                  --> job.json5:2:9   size
                   |  size: [1,
                   |        ^^^ here
                """)
    }

    @Test func valuesOfTheProgramAreShownByPath() {
        let diagnostics = Diagnostics()
        let value: ConfigValue = ["batch": ["size": 0]]
        _ = Codec.int(1...).read(value["batch"]!["size"]!, diagnostics)
        #expect(
            diagnostics.rendered() == """
                error: `size` must be a whole number of at least 1, found 0
                  --> batch.size
                """)
    }

    @Test func diagnosticsComeByPositionAndAreCounted() throws {
        let (value, diagnostics) = read("{a: 1,\n b: 2}")
        let tree = try #require(value)
        diagnostics.add(Diagnostic(.error, "nowhere", range: nil, path: .root))
        _ = ConfigOverride.parse("oops", diagnostics: diagnostics)
        diagnostics.error("second", at: try #require(tree["b"]))
        diagnostics.error("first", at: try #require(tree["a"]))
        #expect(
            diagnostics.sorted.map(\.message) == [
                "first", "second", "expected path=value after --set", "nowhere",
            ])
        #expect(diagnostics.rendered(limit: 1).hasSuffix("\n\n… and 3 more"))
        #expect(throws: ConfigurationError.self) { try diagnostics.check() }
    }

    @Test func theEndOfAFileHasAPlace() {
        #expect(
            read("{a:\n").diagnostics.rendered() == """
                error: expected a value, found the end of the text
                  --> job.json5:2:1
                   |
                   |  ^
                """)
    }

    @Test func unreadableFilesAreNamed() {
        let error = #expect(throws: SourceFileError.self) {
            try SourceFile(contentsOf: "/does/not/exist.json5")
        }
        #expect(
            error?.description
                == "cannot read \"/does/not/exist.json5\": No such file or directory;"
                + " check the path and its permissions"
        )
        #expect(throws: SourceFileError.self) { try SourceFile(contentsOf: "/") }
        let large = #expect(throws: SourceFileError.self) {
            try SourceFile(contentsOf: #filePath, limit: 100)
        }
        #expect(large?.reason == .tooLarge(limit: 100))
    }

    @Test func filesAreReadWhole() throws {
        let file = try SourceFile(contentsOf: #filePath)
        #expect(
            file.text.starts(with: "import Configuration\n".utf8)
                && file.text.suffix(2) == Array("}\n".utf8)[...])
    }

    @Test func syntaxErrorsNameTheContainer() {
        #expect(read("{model: [{dense 5}]}").diagnostics.sorted.map(\.path.description) == ["model.0"])
        #expect(read("{a: {b: 1 c: 2}}").diagnostics.sorted.map(\.path.description) == ["a"])
    }
}
