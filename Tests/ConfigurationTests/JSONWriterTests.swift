import Configuration
import TestSupport
import Testing

@Suite struct JSONWriterTests {
    @Test func compactLinesKeepTheOrderOfKeys() {
        let line: ConfigValue = [
            "step": 12, "loss": .number(0.1 as Float), "z": nil, "a": [1, -2.5, true],
            "text": "\"é\"\n\u{1}\u{2028}\\/",
            "empty": [[:], []],
            "nan": .number(Double.nan),
        ]
        #expect(
            line.compactJSON()
                == #"{"step":12,"loss":0.1,"z":null,"a":[1,-2.5,true],"text":"\"é\"\n\u0001\u2028\\/","#
                + #""empty":[{},[]],"nan":null}"#
        )
    }

    @Test func prettyTextIsForPeople() {
        let job: ConfigValue = [
            "name": "x",
            "model": [
                ["dense": 64, "batch_norm": true, "activation": "relu"],
                ["dense": 10, "name": .string(String(repeating: "n", count: 80))],
            ],
            "data": [:], "seed": .unsigned(.max),
        ]
        #expect(
            job.prettyJSON() == """
                {
                  "name": "x",
                  "model": [
                    {"dense": 64, "batch_norm": true, "activation": "relu"},
                    {
                      "dense": 10,
                      "name": "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\
                nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
                    }
                  ],
                  "data": {},
                  "seed": 18446744073709551615
                }

                """)
        #expect((5 as ConfigValue).prettyJSON() == "5\n")
        #expect(([] as ConfigValue).prettyJSON() == "[]\n")
    }

    @Test(arguments: [
        0, -0.0, 0.1, 1e-3, 1e16, 1e21, -1e300, .leastNonzeroMagnitude, 0x1.fffffffffffffp+1023, 1.0 / 3,
        9_007_199_254_740_994,
        123456789.125,
    ]) func doublesComeBackBitForBit(_ number: Double) throws {
        for text in [ConfigValue.number(number).compactJSON(), ConfigValue.number(number).prettyJSON()] {
            guard case .number(let back) = try #require(valid(text)).kind else {
                Issue.record("\(text) is no number")
                return
            }
            #expect(back.value.bitPattern == number.bitPattern, "\(text)")
        }
    }

    @Test func nonFiniteNumbersComeBackWhenAsked() {
        let value: ConfigValue = [.number(-Double.infinity), .number(Double.infinity), .number(Double.nan)]
        #expect(value.compactJSON(nonFinite: .json5) == "[-Infinity,Infinity,NaN]")
        #expect(valid(value.prettyJSON(nonFinite: .json5)) == value)
        #expect(value.compactJSON() == "[null,null,null]")
    }

    @Test func spellingsBecomeCanonical() throws {
        let value = try #require(
            valid("[0xFF, +1, 1e3, .5, 5., -0x10, 9223372036854775807, 1e-7, 0xffffffffffffffff]"))
        #expect(
            value.compactJSON() == "[255,1,1000,0.5,5,-16,9223372036854775807,1e-07,18446744073709551615]")
    }

    /// Random trees are written both ways and read back.
    @Test func everythingThatIsWrittenIsReadBack() {
        var random = SplitMix(state: 7)
        for _ in 0..<300 {
            let value = tree(&random, depth: 4)
            #expect(valid(value.compactJSON()) == value)
            #expect(valid(value.prettyJSON()) == value)
            #expect(valid(value.prettyJSON())?.prettyJSON() == value.prettyJSON())
        }
    }

    private func tree(_ random: inout SplitMix, depth: Int) -> ConfigValue {
        let count = Int.random(in: 0...6, using: &random)
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .int(.random(in: .min ... .max, using: &random))
        case 3: return .number(Double.random(in: -1e9...1e9, using: &random))
        case 4: return .string(text(&random))
        case 5: return .array((0..<count).map { _ in tree(&random, depth: depth - 1) })
        default:
            return .object((0..<count).map { ("\($0)" + text(&random), tree(&random, depth: depth - 1)) })
        }
    }

    private func text(_ random: inout SplitMix) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...30, using: &random) {
            let code =
                UInt32.random(in: 0...0x2FFFF, using: &random) >> UInt32.random(in: 0...17, using: &random)
            if let scalar = Unicode.Scalar(code) { text.append(scalar) }
        }
        return String(text)
    }
}
