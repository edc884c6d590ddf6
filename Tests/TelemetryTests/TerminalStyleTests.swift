import Telemetry
import Testing

@Suite struct TerminalStyleTests {
    /// The whole decision, a row per case: the choice, whether it is a terminal, TERM, NO_COLOR, LANG; then
    /// colour, redrawing and characters beyond ASCII.
    @Test(
        arguments: [
            (.auto, true, "xterm", nil, "en_US.UTF-8", true, true, true),
            (.auto, true, nil, nil, "de_DE.utf8", true, true, true),
            (.auto, true, "xterm", "", "C", true, true, false),
            (.auto, true, "xterm", "1", "C.UTF-8", false, true, true),
            (.auto, true, "xterm", "0", nil, false, true, false),
            (.auto, true, "dumb", nil, "C.UTF-8", false, false, true),
            (.auto, false, "xterm", nil, "C.UTF-8", false, false, true),
            (.always, true, "xterm", "1", nil, true, true, false),
            (.always, true, "dumb", nil, nil, true, false, false),
            (.always, false, nil, "1", nil, true, false, false),
            (.never, true, "xterm", nil, "C.UTF-8", false, true, true),
        ] as [(ColorChoice, Bool, String?, String?, String?, Bool, Bool, Bool)])
    func theDecision(
        choice: ColorChoice, isTerminal: Bool, term: String?, noColor: String?, language: String?,
        hasColor: Bool, canRedraw: Bool, isUnicode: Bool
    ) {
        let environment = ["TERM": term, "NO_COLOR": noColor, "LANG": language]
        let style = TerminalStyle(choice, isTerminal: isTerminal) { environment[$0] ?? nil }
        #expect(
            style == TerminalStyle(hasColor: hasColor, canRedraw: canRedraw, isUnicode: isUnicode))
    }

    /// LC_ALL comes before LC_CTYPE, and that before LANG; an empty one does not count.
    @Test func theLocaleThatCounts() {
        func isUnicode(_ environment: [String: String]) -> Bool {
            TerminalStyle(.auto, isTerminal: true) { environment[$0] }.isUnicode
        }
        #expect(!isUnicode(["LC_ALL": "C", "LC_CTYPE": "C.UTF-8", "LANG": "C.UTF-8"]))
        #expect(isUnicode(["LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"]))
        #expect(!isUnicode([:]))
    }

    private let colored = TerminalStyle(hasColor: true, canRedraw: true, isUnicode: true)

    @Test func paint() {
        #expect(colored.painted("a", .bold, .red) == "\u{1b}[1;31ma\u{1b}[0m")
        #expect(colored.painted("", .red) == "")
        #expect(TerminalStyle.plain.painted("a", .red) == "a")
        #expect(colored.painted(error: "warning: x") == "\u{1b}[1;33mwarning:\u{1b}[0m x")
        #expect(colored.painted(error: "else") == "else")
    }

    @Test func aReportOnAConfig() {
        let report = """
            error: unknown field `epoch`
              --> a.json5:2:1
               |  epoch: 3,
               |  ^^^^^ did you mean `epochs`?

            warning: odd
            """
        #expect(TerminalStyle.plain.painted(report: report) == report)
        let (esc, end) = ("\u{1b}[", "\u{1b}[0m")
        #expect(
            colored.painted(report: report) == """
                \(esc)1;31merror:\(end)\(esc)1m unknown field `epoch`\(end)
                \(esc)36m  --> a.json5:2:1\(end)
                   |  epoch: 3,
                   |\(esc)31m  ^^^^^ did you mean `epochs`?\(end)

                \(esc)1;33mwarning:\(end)\(esc)1m odd\(end)
                """)
    }
}
