import Configuration
import Testing
import dist_train

@Suite struct EnsembleResultTests {
    private func member(_ letter: Character, loss: Double, isExact: Bool = true) -> ConfigValue {
        [
            "state_sha256": .string(String(repeating: letter, count: 64)), "exact": .bool(isExact),
            "validation": metrics(loss), "test": nil,
        ]
    }

    private func metrics(_ loss: Double) -> ConfigValue {
        ["loss": .number(loss), "accuracy": 0.5, "confusion": [[1, 0], [0, 1]]]
    }

    private func result(_ members: ConfigValue...) -> EnsembleResult {
        EnsembleResult(
            path: "runs/e", members: members,
            evaluations: [("validation", metrics(0.125)), ("test", .null)])
    }

    /// `sha256("aaa…bbb…")` by Python's hashlib.
    @Test func theHashIsThatOfTheMembersHashes() {
        let value = result(member("a", loss: 1), member("b", loss: 2)).value
        #expect(
            value["state_sha256"] == "fa0dafbf43f1f551e536353e9d1a942a8e86e41a0b58dfeaf264ef217f6b862a")
        let swapped = result(member("b", loss: 2), member("a", loss: 1)).value
        #expect(swapped["state_sha256"] != value["state_sha256"], "the order of the members counts")
    }

    @Test func membersAndTheirMeanAreInTheValue() {
        let members = [member("a", loss: 1), member("b", loss: 2)]
        let value = result(members[0], members[1]).value
        #expect(value["members"] == .array(members))
        #expect(value["ensemble"]?["validation"]?["loss"] == 0.125)
        #expect(value["ensemble"]?["test"] == ConfigValue.null)
        #expect(value["exact"] == true)
    }

    @Test func oneInexactMemberMakesTheEnsembleInexact() {
        #expect(result(member("a", loss: 1), member("b", loss: 2, isExact: false)).value["exact"] == false)
    }

    @Test func theTextComparesMembersWithTheirMean() {
        #expect(
            result(member("a", loss: 1), member("b", loss: 2)).text(named: "digits") == """
                digits: an ensemble of 2
                  validation
                    member 0     loss 1.0000   accuracy 0.5000
                    member 1     loss 2.0000   accuracy 0.5000
                    together     loss 0.1250   accuracy 0.5000
                  results in   runs/e
                """)
    }
}
