import Configuration
import Serving
import Testing

/// Compared with the reader of configs: JSON is a part of JSON5.
@Suite struct JSONReaderTests {
    /// Whether the text is one JSON value.
    private func isRead(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            var reader = JSONReader(bytes)
            do throws(RequestFault) {
                try reader.skip()
                try reader.requireEnd()
                return true
            } catch { return false }
        }
    }

    @Test(arguments: [
        "null", " true ", "[]", "{}", "[1, -2.5e-3, 0, -0, 1E+2]",
        "{\"a\": [{\"b\": \"\\u00e9\\ud83d\\ude00\"}]}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"é😀\"", "[[[[[[]]]]]]",
    ])
    func valid(text: String) {
        #expect(isRead(text))
        let diagnostics = Diagnostics()
        #expect(JSON5.parse(text, name: "x", diagnostics: diagnostics) != nil && !diagnostics.hasErrors)
    }

    @Test(arguments: [
        "", "nul", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "01", "+1", ".5", "5.", "1e", "0x1", "NaN",
        "Infinity", "[1 2]",
        "{\"a\" 1}", "{\"a\":}", "[", "{\"a\":1", "\"a", "\"\\x41\"", "\"\\u12\"", "\"\\ud800\"",
        "\"\\udc00x\"", "\"a\nb\"",
        "// a\n1", "1 1", "-", "--1", "tru", "\u{FEFF}1",
    ])
    func invalid(text: String) { #expect(!isRead(text)) }

    @Test func deep() {
        #expect(isRead(String(repeating: "[", count: 30) + String(repeating: "]", count: 30)))
        #expect(!isRead(String(repeating: "[", count: 40) + String(repeating: "]", count: 40)))
        #expect(!isRead(String(repeating: "{\"a\":", count: 100_000)))
    }
}
