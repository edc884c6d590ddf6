import Configuration
import Testing

/// These are cases of the JSON5 specification, version 1.0.0 (https://spec.json5.org), and of the official
/// json5-tests.
@Suite struct JSON5Tests {
    @Test func theShortExampleOfTheSpecification() throws {
        let text = """
            {
              // comments
              unquoted: 'and you can quote me on that',
              singleQuotes: 'I can use "double quotes" here',
              lineBreaks: "Look, Mom! \\
            No \\\\n's!",
              hexadecimal: 0xdecaf,
              leadingDecimalPoint: .8675309, andTrailing: 8675309.,
              positiveSign: +1,
              trailingComma: 'in objects', andIn: ['arrays',],
              "backwardsCompatible": "with JSON",
            }
            """
        let expected: ConfigValue = [
            "unquoted": "and you can quote me on that", "singleQuotes": "I can use \"double quotes\" here",
            "lineBreaks": "Look, Mom! No \\n's!", "hexadecimal": 912559, "leadingDecimalPoint": 0.8675309,
            "andTrailing": 8675309,
            "positiveSign": 1, "trailingComma": "in objects", "andIn": ["arrays"],
            "backwardsCompatible": "with JSON",
        ]
        #expect(try #require(valid(text)) == expected)
    }

    private static let accepted: [(String, ConfigValue)] = [
        ("null", .null), ("true", true), ("false", false), ("[]", []), ("{}", [:]), ("''", ""), ("[1,]", [1]),
        ("{a:1,}", ["a": 1]),
        // objects
        ("{ width: 1920, height: 1080, }", ["width": 1920, "height": 1080]),
        ("{$_9: 1, _: 2}", ["$_9": 1, "_": 2]),
        ("{ùńîċõďë: 9000}", ["ùńîċõďë": 9000]), ("{\\u0061b: 1}", ["ab": 1]),
        ("{while: true, null: 1}", ["while": true, "null": 1]),
        ("{'a b': 1, \"\": 2}", ["a b": 1, "": 2]), ("{a\u{200C}b: 1}", ["a\u{200C}b": 1]),
        ("{image: {width: 1}}", ["image": ["width": 1]]),
        // arrays
        ("[1, true, 'three',]", [1, true, "three"]), ("[[], {}]", [[], [:]]),
        // comments and white space
        ("// c\n1", 1), ("1 // c", 1), ("/* a * b ** c / */ 1", 1), ("/**/1/***/", 1), ("// c\u{2028}1", 1),
        ("// c\r1", 1),
        ("\u{FEFF}1", 1), ("\u{A0}\u{2003}\u{0B}\u{0C}\t1\u{2029}", 1), ("[1/* */,/* */2]", [1, 2]),
        // strings
        ("'I\\'m'", "I'm"), ("\"'\"", "'"), ("'\"'", "\""),
        ("'\\b\\f\\n\\r\\t\\v\\0'", "\u{8}\u{C}\n\r\t\u{B}\0"), ("'\\x41\\xe9'", "Aé"),
        ("'\\u00e9\\u0041'", "éA"), ("'\\uD83D\\uDE00'", "😀"), ("'\\A\\C\\/\\D\\C'", "AC/DC"),
        ("'a\\\nb\\\r\nc\\\rd\\\u{2028}e'", "abcde"),
        ("'a\u{2028}b\u{2029}'", "a\u{2028}b\u{2029}"), ("'\\é'", "é"), ("'a\tb'", "a\tb"), ("'//'", "//"),
    ]

    @Test(arguments: accepted) func accepts(_ text: String, _ expected: ConfigValue) throws {
        let (value, diagnostics) = read(text)
        #expect(diagnostics.isEmpty, "\(diagnostics.rendered())")
        #expect(value == expected)
    }

    private static let numbers: [(String, Double)] = [
        ("123", 123), ("123.456", 123.456), (".456", 0.456), ("5.", 5), ("0", 0), ("-0", -0.0), ("+15", 15),
        ("0.0", 0), ("1e3", 1000),
        ("5.e1", 50),
        (".5E-1", 0.05), ("1e+2", 100), ("0xdecaf", 912559), ("-0XC0FFEE", -12_648_430),
        ("Infinity", .infinity), ("-Infinity", -.infinity),
        ("+Infinity", .infinity), ("1e-999", 0), ("0.1", 0.1),
        ("2.2250738585072011e-308", Double(bitPattern: 0xF_FFFF_FFFF_FFFF)),
        ("1.7976931348623157e308", 0x1.fffffffffffffp+1023),
        ("0x10000000000000000", 0x1p64), ("9007199254740993", 9_007_199_254_740_992),
    ]

    @Test(arguments: numbers) func readsNumbers(_ text: String, _ expected: Double) throws {
        guard case .number(let number) = try #require(valid(text)).kind else {
            Issue.record("\(text) is no number")
            return
        }
        #expect(number.value.bitPattern == expected.bitPattern)
        #expect(number.literal == text)
    }

    @Test(arguments: ["NaN", "+NaN", "-NaN"]) func readsNaN(_ text: String) throws {
        guard case .number(let number) = try #require(valid(text)).kind else {
            Issue.record("\(text) is no number")
            return
        }
        #expect(number.value.isNaN)
    }

    private static let wholeNumbers: [(String, Int?)] = [
        ("9223372036854775807", Int.max), ("-9223372036854775808", .min), ("0x7fffffffffffffff", .max),
        ("9007199254740993", 9_007_199_254_740_993),
        ("9223372036854775808", nil), ("-9223372036854775809", nil), ("1e3", 1000), ("5.0", 5), ("-2.", -2),
        ("1.5", nil), ("1e300", nil),
        ("NaN", nil),
        ("Infinity", nil), ("-0", 0), ("+7", 7),
    ]

    @Test(arguments: wholeNumbers) func wholeNumbersAreExact(_ text: String, _ expected: Int?) throws {
        guard case .number(let number) = try #require(valid(text)).kind else {
            Issue.record("\(text) is no number")
            return
        }
        #expect(number.integer == expected)
    }

    @Test func unsignedNumbersAreExact() {
        #expect(ConfigNumber(UInt64.max).unsigned == .max)
        #expect(ConfigNumber(UInt64.max).integer == nil)
        #expect(ConfigNumber(-1).unsigned == nil)
    }

    /// Invalid texts, with the message and the text under the carets.
    private static let refused: [(String, String, String)] = [
        ("", "expected a value, found nothing", ""),
        ("// only this", "expected a value, found nothing", ""),
        ("[", "this `[` is never closed", "["),
        ("{a: {b: 1}", "this `{` is never closed", "{"),
        ("{a", "this `{` is never closed", "{"),
        ("{a:", "expected a value, found the end of the text", ""),
        ("[1 2]", "expected `,` or `]` after element 0, found `2`", ""),
        ("{a: 1 b: 2}", "expected `,` or `}` after `a`, found `b`", ""),
        ("{a: 1; b: 2}", "expected `,` or `}` after `a`, found `;`", ";"),
        ("[,]", "expected a value, found `,`", ","),
        ("[1,,]", "expected a value, found `,`", ","),
        ("{,}", "expected a field name or `}`, found `,`", ","),
        ("{a 1}", "expected `:` after the field name `a`, found `1`", ""),
        ("{a = 1}", "expected `:` after the field name `a`, found `=`", "="),
        ("{10twenty: 1}", "expected a field name or `}`, found `10twenty`", "10twenty"),
        ("{multi-word: 1}", "expected `:` after the field name `multi`, found `-`", ""),
        ("{a: five}", "expected a value, found the word `five`", "five"),
        ("True", "expected a value, found the word `True`", "True"),
        ("tru\\u0065", "expected a value, found the word `true`", "tru\\u0065"),
        ("{a: 1} x", "expected the end after the value, found `x`", "x"),
        ("{a: 1, a: 2}", "duplicate field `a`", "a"),
        ("{a: 1, 'a': 2}", "duplicate field `a`", "'a'"),
        ("010", "a number must not begin with 0", "010"),
        ("-0098", "a number must not begin with 0", "-0098"),
        ("0x", "`0x` is not a number", "0x"),
        ("1_000", "`1_000` is not a number", "1_000"),
        ("5five", "`5five` is not a number", "5five"),
        ("1.2.3", "`1.2.3` is not a number", "1.2.3"),
        ("1e", "`1e` is not a number", "1e"),
        (".", "`.` is not a number", "."),
        ("+-1", "`+` is not a number", "+"),
        ("--1", "`-` is not a number", "-"),
        ("1e999", "this number is too large", "1e999"),
        ("'abc", "this string is never closed", "'abc"),
        ("'a\nb'", "this string is never closed", "'a"),
        ("'\\", "this string is never closed", "\\"),
        ("'\\1'", "an escape must not begin with a digit", "\\1"),
        ("'\\01'", "an escape must not begin with a digit", "\\0"),
        ("'\\xg0'", "expected two hexadecimal digits after `\\x`", "\\x"),
        ("'\\u12'", "expected four hexadecimal digits after `\\u`", "\\u"),
        ("'\\uD83D'", "half of a surrogate pair is not a character", "\\uD83D"),
        ("'\\uDE00\\uD83D'", "half of a surrogate pair is not a character", "\\uDE00"),
        ("{\\u0020: 1}", "this escape is no letter of a field name", "\\u0020"),
        ("/* open", "this comment is never closed", "/*"),
        ("/ 1", "expected a comment after `/`", "/"),
        ("# c\n1", "expected a value, found `#`", "#"),
        ("\u{1B}[31m", "expected a value, found the character U+1B", "\u{1B}"),
    ]

    @Test(arguments: refused) func refuses(_ text: String, _ message: String, _ marked: String) throws {
        let first = try #require(read(text).diagnostics.sorted.first)
        #expect(first.message.hasSuffix(message))
        let range = try #require(first.range)
        #expect(
            range.text.hasPrefix(marked) && (marked.isEmpty ? range.offsets.isEmpty : range.text == marked))
    }

    @Test func aForgottenCommaDoesNotHideTheRest() throws {
        let (value, diagnostics) = read("{\n  a: 1\n  b: [1 2],\n  a: 3\n}")
        #expect(value == ["a": 1, "b": [1, 2]])
        #expect(
            diagnostics.sorted.map(\.message) == [
                "expected `,` or `}` after `a`, found `b`", "expected `,` or `]` after element 0, found `2`",
                "duplicate field `a`",
            ])
    }

    @Test func valuesKnowTheirPathsAndPlaces() throws {
        let value = try #require(valid("{\n  model: [\r\n    'é', {dropout: 0.5}],\n}"))
        let dropout = try #require(value["model"]?.elements?[1]["dropout"])
        #expect(dropout.path.description == "model.1.dropout")
        #expect(dropout.range?.text == "0.5")
        #expect(dropout.range?.start == SourcePosition(line: 3, column: 20))
        #expect(value["model"]?.elements?[1].members?[0].keyRange?.text == "dropout")
        #expect(value.range?.start == SourcePosition(line: 1, column: 1))
        #expect(value.path.isRoot && value.path.description.isEmpty)
    }

    @Test func linesEndAsInEditors() {
        let file = SourceFile(name: "x", text: "a\nb\r\nc\rd")
        #expect([0, 1, 2, 5, 7, 8].map { file.position(at: $0).line } == [1, 1, 2, 3, 4, 4])
        #expect(file.position(at: 8).column == 2)
        #expect(file.lineOffsets(at: 2) == 2..<3)
    }
}
