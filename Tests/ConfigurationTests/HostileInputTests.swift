import Configuration
import Testing

@Suite struct HostileInputTests {
    private static let sample = """
        // é
        {name: 'a\\u00e9\\uD83D\\uDE00\\x41\\\n b', "k": [1, -0x1F, +.5e-3, NaN, -Infinity, true, null, {}], \
        /* c */ $x: {y: [[]]}, \\u0061: 2.}
        """

    /// The sample is refused wherever it is cut, and every diagnostic can be shown.
    @Test func everyTruncationIsReported() {
        let bytes = Array(Self.sample.utf8)
        #expect(valid(Self.sample) != nil)
        for count in 0..<bytes.count {
            let diagnostics = Diagnostics()
            let file = SourceFile(name: "cut", text: Array(bytes[..<count]))
            _ = JSON5.parse(file, diagnostics: diagnostics)
            #expect(diagnostics.hasErrors, "cut after \(count)")
            #expect(diagnostics.rendered().hasPrefix("error: "))
        }
    }

    /// Every byte is replaced in turn by each of a few dangerous ones.
    @Test func everyDamagedByteIsSurvived() {
        let bytes = Array(Self.sample.utf8)
        for offset in bytes.indices {
            for evil: UInt8 in [
                0x00, 0x0A, 0x22, 0x2C, 0x2D, 0x2F, 0x30, 0x3A, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x80, 0xC3,
                0xED, 0xFF,
            ] {
                var damaged = bytes
                damaged[offset] = evil
                let diagnostics = Diagnostics()
                let value = JSON5.parse(SourceFile(name: "damaged", text: damaged), diagnostics: diagnostics)
                #expect(value != nil || diagnostics.hasErrors)
                if evil >= 0x80 && offset > 4 { #expect(diagnostics.hasErrors) }
                _ = diagnostics.rendered()
            }
        }
    }

    @Test(arguments: ["[", "{a:", "[[{a:"]) func deepNestingIsRefused(_ opening: String) {
        let text = String(repeating: opening, count: 100_000)
        #expect(messages(text) == ["more than 64 objects and lists inside one another"])
    }

    @Test func nestingUpToTheLimitIsRead() {
        let limit = JSON5.Limits.standard.depth
        #expect(valid(String(repeating: "[", count: limit) + String(repeating: "]", count: limit)) != nil)
        #expect(
            valid(String(repeating: "[", count: limit + 1) + String(repeating: "]", count: limit + 1)) == nil)
    }

    @Test func sizeAndNumberOfValuesAreLimited() {
        let diagnostics = Diagnostics()
        let file = SourceFile(name: "big", text: "[1, 2, 3]")
        #expect(
            JSON5.parse(file, limits: .init(bytes: 8, depth: 4, values: 9), diagnostics: diagnostics) == nil)
        #expect(
            JSON5.parse(file, limits: .init(bytes: 9, depth: 4, values: 3), diagnostics: diagnostics) == nil)
        #expect(
            diagnostics.sorted.map(\.message) == [
                "more than 3 values, which is no configuration",
                "`big` has 9 bytes, more than the 8 that are read",
            ])
        #expect(
            JSON5.parse(file, limits: .init(bytes: 9, depth: 4, values: 4), diagnostics: Diagnostics()) != nil
        )
    }

    /// Many mistakes on long lines are reported in good time.
    @Test func mistakesWithoutEndAreCutShort() {
        let forgotten = "[" + String(repeating: "1 ", count: 400_000) + "]"
        #expect(
            messages(forgotten).count == 1_002
                && messages(forgotten).contains("more than 1000 mistakes, which is no configuration"))
        let repeated = "{" + String(repeating: "a: 1, ", count: 300_000) + "}"
        #expect(messages(repeated).count == 1_002)
        let unknown = "{" + (0..<100_000).map { "k\($0): 1" }.joined(separator: ", ") + "}"
        let (value, diagnostics) = read(unknown)
        value.flatMap { ObjectDecoder($0, diagnostics) }?.finish()
        #expect(
            diagnostics.sorted.count == 101 && diagnostics.sorted.last?.message == "99900 more unknown fields"
        )
    }

    @Test func hugeNumbersAreHandled() throws {
        let digits = String(repeating: "9", count: 100_000)
        #expect(messages(digits) == ["this number is too large"])
        #expect(messages("0x" + digits) == ["this number is too large"])
        #expect(messages("1e" + digits) == ["this number is too large"])
        #expect(valid("0." + digits) == 1.0)
        #expect(valid("0x" + String(repeating: "f", count: 10)) == 1_099_511_627_775)
    }

    private static let invalid: [([UInt8], Int)] = [
        ([0xFF], 0), ([0x5B, 0x22, 0xC3, 0x22], 2), ([0x22, 0xC0, 0x80, 0x22], 1),
        ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
        ([0x22, 0xF4, 0x90, 0x80, 0x80], 1),
        ([0x31, 0xE2, 0x82], 1),
    ]

    @Test(arguments: invalid) func invalidUTF8IsLocated(_ bytes: [UInt8], _ offset: Int) throws {
        let diagnostics = Diagnostics()
        #expect(JSON5.parse(SourceFile(name: "x", text: bytes), diagnostics: diagnostics) == nil)
        let first = try #require(diagnostics.sorted.first)
        #expect(first.message.hasSuffix("is not valid UTF-8"))
        #expect(first.range?.offsets.lowerBound == offset)
    }

    /// Escape sequences in a file must not reach the terminal.
    @Test func terminalsAreSafe() {
        let (_, diagnostics) = read(
            "{\"\u{1B}[2J\u{202E}\": 1, \"\u{1B}[2J\u{202E}\": five\u{7}}", name: "a\u{1B}b")
        let shown = diagnostics.rendered()
        #expect(!shown.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202E}" })
        #expect(shown.contains("error"))
    }
}
