import Configuration
import Testing

@Suite struct ConfigOverrideTests {
    private static let job =
        "{name: 'x', optimizer: {adam: {learning_rate: 1}}, model: [{dense: 5}, 'relu', {dropout: 0.5}],"
        + " test: null}"

    private func applied(_ options: String..., to text: String = job) -> (
        value: ConfigValue?, diagnostics: Diagnostics
    ) {
        var (value, diagnostics) = read(text)
        for option in options {
            guard let override = ConfigOverride.parse(option, diagnostics: diagnostics) else { continue }
            if var tree = value {
                override.apply(to: &tree, diagnostics: diagnostics)
                value = tree
            }
        }
        return (value, diagnostics)
    }

    /// `*` is the only field of an object, or a word that stands for it; a value that stands for an object
    /// becomes one.
    @Test(
        arguments: [
            ("{o: {adam: {}}}", "o.*.rate=2", ["o": ["adam": ["rate": 2]]]),
            ("{o: {adam: {rate: 1}}}", "o.*.rate=2", ["o": ["adam": ["rate": 2]]]),
            ("{o: 'adam'}", "o.*.rate=2", ["o": ["adam": ["rate": 2]]]),
            ("{batch: 32}", "batch.size=64", ["batch": ["size": 64]]),
            ("{batch: 32}", "batch.microbatches=4", ["batch": ["size": 32, "microbatches": 4]]),
            ("{batch: {size: 32}}", "batch.size=64", ["batch": ["size": 64]]),
            ("{batch: 32}", "batch=8", ["batch": 8]),
        ] as [(String, String, ConfigValue)])
    func shorthandsAreCompleted(text: String, option: String, expected: ConfigValue) throws {
        let (parsed, diagnostics) = read(text)
        var value = try #require(parsed)
        let override = try #require(ConfigOverride.parse(option, diagnostics: diagnostics))
        override.apply(to: &value, shorthands: ["batch": "size"], diagnostics: diagnostics)
        #expect(diagnostics.isEmpty && value == expected, "\(diagnostics.rendered())")
    }

    @Test func valuesAreReplacedAndCreated() throws {
        let (value, diagnostics) = applied(
            "optimizer.adam.learning_rate=3e-4", "model.2.dropout=0.3", "model.1={dense: 7}",
            "data.train.csv.path=a/b c.csv", "test.csv=1",
            "name=",
            "batch={size: [1, 2,],}", "data.train.csv.path=z=1", "url=http://x/y")
        #expect(diagnostics.isEmpty, "\(diagnostics.rendered())")
        #expect(
            value == [
                "name": "", "optimizer": ["adam": ["learning_rate": 0.0003]],
                "model": [["dense": 5], ["dense": 7], ["dropout": 0.3]],
                "test": ["csv": 1], "data": ["train": ["csv": ["path": "z=1"]]], "batch": ["size": [1, 2]],
                "url": "http://x/y",
            ])
        #expect(value?["data"]?["train"]?["csv"]?["path"]?.path.description == "data.train.csv.path")
        #expect(value?["batch"]?["size"]?.elements?[1].path.description == "batch.size.1")
        #expect(value?["model"]?.elements?[1]["dense"]?.range?.file.name == "--set")
    }

    private static let values: [(String, ConfigValue)] = [
        ("5", 5), ("1e-3", 0.001), ("true", true), ("null", nil), ("'5'", "5"), ("abc", "abc"),
        ("a,b", "a,b"), ("[]", []),
        (" 5 ", 5),
        (" a ", " a "), ("1 // c", 1), ("//server/x", "//server/x"), ("0x10", 16), ("é", "é"),
        ("1.2.3", "1.2.3"),
    ]

    @Test(arguments: values) func aValueIsJSON5OrElseAString(_ text: String, _ expected: ConfigValue) {
        #expect(applied("a=\(text)", to: "{}").value == ["a": expected])
    }

    /// A value that begins like a list or an object must be one.
    @Test(arguments: ["[1", "{a: 1, a: 2}", "[{init: zeros}]"]) func brokenListsAreNoStrings(_ text: String) {
        let (value, diagnostics) = applied("a=\(text)", to: "{}")
        #expect(value == read("{}").value)
        #expect(diagnostics.hasErrors && diagnostics.rendered().contains("--> --set a="))
    }

    @Test func mistakesAreShownUnderTheOption() {
        let (value, diagnostics) = applied(
            "model.3.dropout=1", "model.first=1", "name.x.y=2", "model.-1=1", "a..b=1", "=1", "nothing",
            "name.=1")
        #expect(value == read(Self.job).value)
        #expect(
            diagnostics.rendered() == """
                error: there is no element 3: `model` has the elements 0 to 2
                  --> --set model.3.dropout=1
                   |              ^

                error: `first` is no index: `model` is a list
                  --> --set model.first=1
                   |              ^^^^^

                error: `x` cannot be set: `name` is the string "x", not an object or a list
                  --> --set name.x.y=2
                   |             ^

                error: there is no element -1: `model` has the elements 0 to 2
                  --> --set model.-1=1
                   |              ^^

                error: the path of --set has an empty part
                  --> --set a..b=1
                   |          ^ write keys with dots between them

                error: the path of --set has an empty part
                  --> --set =1
                   |        ^ write keys with dots between them

                error: expected path=value after --set
                  --> --set nothing
                   |        ^^^^^^^ for example optimizer.adam.learning_rate=3e-4

                error: the path of --set has an empty part
                  --> --set name.=1
                   |             ^ write keys with dots between them
                """)
    }

    @Test func anUnknownKeyIsUnderlinedInTheOption() throws {
        let (value, diagnostics) = applied("batch.sise=32", to: "{}")
        let written = try #require(value?["batch"])
        let batch = try #require(ObjectDecoder(written, diagnostics))
        _ = batch.required("size", .int(1...))
        batch.finish()
        #expect(
            diagnostics.rendered() == """
                error: unknown field `sise`
                  --> --set batch.sise=32
                   |              ^^^^ did you mean `size`?
                """)
    }
}
