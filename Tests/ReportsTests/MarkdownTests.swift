import Reports
import Testing

/// Names stay text in Markdown.
@Suite struct MarkdownTests {
    @Test(arguments: [
        ("plain name, 3.5 %", "plain name, 3.5 %"),
        ("</script><img src=x onerror=alert(1)>", "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"),
        ("\"]}", "\"\\]}"), ("=cmd|' /C calc'!A0", "=cmd\\|' /C calc'\\!A0"),
        ("[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"),
        ("a & b", "a &amp; b"), ("a\n# b\u{202E}c", "a \\# b c"),
        ("`code` *b* _i_", "\\`code\\` \\*b\\* \\_i\\_"),
    ])
    func text(_ text: String, expected: String) { #expect(Markdown.text(text) == expected) }

    @Test func codeStaysInItsLine() {
        #expect(Markdown.code("run 'a\n\n# b'") == "    run 'a??# b'")
    }

    @Test func tables() {
        #expect(
            Markdown.table(["a", "b"], [["1", "2"]]) == ["| a | b |", "| --- | --- |", "| 1 | 2 |"])
    }
}
