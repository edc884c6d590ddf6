import Configuration
import Datasets
import Jobs
import System
import TestSupport
import Testing
import Training

/// The field `data` of a config, from its text to decoded data.
@Suite struct DataSourceTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    static let everyKind: [(text: String, source: DataSpec.Source)] = [
        (#"{builtin: "digits"}"#, .digits),
        (#"{builtin: "digits", limit: 7}"#, .limited(.digits, count: 7)),
        (#"{csv: {path: "/a"}}"#, .csv(path: "/a", CSVFormat(), TableRules())),
        (
            #"{csv: {path: "/a", delimiter: ";", decimal: ","}}"#,
            .csv(path: "/a", CSVFormat(delimiter: .semicolon, decimal: .comma), TableRules())
        ),
        (
            #"{csv: {path: "/a", target: ["y", "z"], header: false, delimiter: "tab", missing: ["", "-"],"#
                + #" on_missing: "drop", "#
                + #"categorical: ["zip"], ignore: ["id"], task: "regression"}, limit: 3}"#,
            .limited(
                .csv(
                    path: "/a", CSVFormat(hasHeader: false, delimiter: .tab, missing: ["", "-"]),
                    TableRules(
                        targets: ["y", "z"], task: .regression, categorical: ["zip"], ignored: ["id"],
                        missingCells: .drop)), count: 3)
        ),
        (#"{cifar10: "/a"}"#, .cifar10(["/a"])), (#"{cifar10: ["/a", "/b"]}"#, .cifar10(["/a", "/b"])),
        (#"{cifar100: {path: "/a"}}"#, .cifar100(path: "/a", labels: .fine)),
        (#"{cifar100: {path: "/a", labels: "coarse"}}"#, .cifar100(path: "/a", labels: .coarse)),
        (#"{npy: {features: "/a"}}"#, .npy(DataSpec.NPYFiles(features: "/a"))),
        (
            #"{npy: {features: "/a", targets: "/b", first_class: 1}}"#,
            .npy(DataSpec.NPYFiles(features: "/a", targets: "/b", firstClass: 1))
        ),
        (#"{mnist: "/a"}"#, .mnist(.digits, directory: "/a")),
        (#"{fashion_mnist: "/a"}"#, .mnist(.fashion, directory: "/a")),
        (
            #"{idx: {images: "/a", labels: "/b", first_class: 1}}"#,
            .idx(images: "/a", labels: "/b", firstClass: 1)
        ),
        (
            #"{image_folder: {path: "/a", damaged: "skip"}}"#,
            .imageFolder(ImageFolder(path: "/a", damaged: .skip))
        ),
        (
            #"{npy: {features: "/a", targets: "/b", layout: "nchw", classes: false}}"#,
            .npy(DataSpec.NPYFiles(features: "/a", targets: "/b", layout: .nchw, classes: false))
        ),
        (#"{image_folder: {path: "/a"}}"#, .imageFolder(ImageFolder(path: "/a"))),
        (
            #"{image_folder: {path: "/a", size: [24, 32], channels: 1}}"#,
            .imageFolder(ImageFolder(path: "/a", size: ImageFolder.Size(height: 24, width: 32), channels: 1))
        ),
        (
            "{made_up: {shape: [28, 28, 1], classes: 10, samples: 50}}",
            .madeUp(MadeUpData(shape: [28, 28, 1], classes: 10, samples: 50))
        ),
        (
            "{made_up: {shape: [64], tokens: 65, samples: 50}}",
            .madeUp(MadeUpData(shape: [64], classes: nil, tokens: 65, samples: 50))
        ),
        (
            "{made_up: {shape: [8], classes: 2, samples: 50}, limit: 9}",
            .limited(.madeUp(MadeUpData(shape: [8], classes: 2, samples: 50)), count: 9)
        ),
    ]

    /// Each source is read as expected and written back as it was read, and the identity has no paths.
    @Test(arguments: everyKind.indices) func everyKindIsReadAndWritten(index: Int) throws {
        let (text, source) = Self.everyKind[index]
        let file = try load(config(["data": "{train: \(text), validation: \(text)}"]))
        #expect(file.job.data.train == source && file.job.data.validation == source)
        let again = try load(file.resolved.prettyJSON())
        #expect(again.job == file.job)
        let elsewhere = try load(
            config(["data": "{train: \(text), validation: \(text)}".replacing("\"/", with: "\"/x/")]))
        #expect(elsewhere.identity == file.identity)
        #expect(JobResolution.differences(file.resolved, elsewhere.resolved) == [])
    }

    @Test func theOthersTakeTheTrainingDatasSettings() throws {
        let job = try load(
            config([
                "data": """
                {train: {csv: {path: "/a", target: "y", delimiter: ";", on_missing: "mean"}, limit: 5},
                 test: {csv: {path: "/b"}}}
                """
            ])
        ).job
        guard case .csv("/b", let format, let rules)? = job.data.test else {
            Issue.record("the test data are \(String(describing: job.data.test))")
            return
        }
        #expect(format.delimiter == .semicolon && rules.targets == ["y"] && rules.missingCells == .mean)
    }

    @Test(arguments: [
        (#"{train: "csv"}"#, "`csv` needs a value"),
        (#"{train: {csv: {path: "a", delimiter: "/"}}}"#, "`delimiter` must be one of"),
        (#"{train: {csv: {path: "a", task: "regression"}}}"#, "a task needs a target"),
        (#"{train: {csv: {path: "a", target: ["y", "y"]}}}"#, "the target `y` is named twice"),
        (
            #"{train: {csv: {path: "a", target: ["y", "z"], task: "classification"}}}"#,
            "classification takes one target column"
        ),
        (
            #"{train: {csv: {path: "a", target: "y"}}, test: {csv: {path: "b", target: "z"}}}"#,
            "tables are encoded as the training data are, so `target` cannot differ"
        ),
        (#"{train: {npy: {features: "a", classes: true}}}"#, "`classes` says what the targets are"),
        (
            #"{train: {image_folder: {path: "a", channels: 2}}}"#,
            "`channels` must be 1 (grey) or 3 (red, green, blue), found 2"
        ),
        (#"{train: {image_folder: {path: "a", size: [0, 2]}}}"#, "must be a whole number from 1 to 16384"),
        (
            "{train: {made_up: {shape: [28, 28, 1], classes: 1, samples: 5}}}",
            "`classes` must be a whole number from 2"
        ),
        (
            "{train: {made_up: {shape: [0], classes: 2, samples: 5}}}",
            "must be a whole number from 1 to 65536"
        ),
        (
            "{train: {made_up: {shape: [4], classes: 2, samples: 99999999}}}",
            "`samples` must be a whole number from 1 to 16777216"
        ),
        (#"{train: "made_up"}"#, "`made_up` needs a value"),
        (#"{train: {builtin: "digits", limit: 0}}"#, "`limit` must be a whole number of at least 1"),
        (
            #"{train: {builtin: "wine"}, test: {builtin: "wine"}}"#,
            "`wine` has no part of its own for test, so that its samples would be those of the training set"
        ),
        (
            #"{train: {builtin: "wine", limit: 90}, validation: {builtin: "wine"}}"#,
            "`wine` has no part of its own for validation"
        ),
        (#"{train: {builtin: "digits"}, split: {validation: 1}}"#, "must be a number above 0 and below 1"),
        (
            #"{train: {builtin: "digits"}, validation: {builtin: "digits"}, split: {validation: 0.2}}"#,
            "there is a validation set already"
        ),
        (
            #"{train: {builtin: "digits"}, test: {builtin: "digits"}, split: {test: 0.2}}"#,
            "there is a test set already"
        ),
        (#"{train: {builtin: "digits"}, split: {seed: 3}}"#, "a split needs `validation`, `test` or both"),
        (#"{train: {builtin: "digits"}, split: {validation: 0.5, test: 0.5}}"#, "must be less than 1"),
        (#"{train: {builtin: "digits"}, split: 1.5}"#, "must be a number above 0 and below 1 or an object"),
        (#"{train: {cifar100: {path: "a", labels: "all"}}}"#, "`labels` must be one of"),
    ])
    func mistakesAreNamed(data: String, message: String) throws {
        let shown = try complaint(config(["data": data])) ?? "nothing"
        #expect(shown.contains(message), "\(shown)")
        #expect(shown.split(separator: "\n").count { $0.hasPrefix("error:") } == 1, "\(shown)")
    }

    /// The split has the job's seed unless it has its own.
    @Test func splits() throws {
        let spec = try load(
            config([
                "seed": "9", "data": #"{train: {builtin: "digits", limit: 100}, split: {validation: 0.2}}"#,
            ])
        ).job.data
        #expect(spec.split == DataSplit(validation: 0.2, seed: 9))
        let data = try DecodedData(reading: spec)
        #expect(data.train.count == 80 && data.validation?.count == 20 && data.test == nil)
        let own = try load(
            config(["data": #"{train: {builtin: "digits"}, split: {validation: 0.2, seed: 4}}"#])
        ).job
        #expect(own.data.split?.seed == 4)
        #expect(try load(own.resolved.compactJSON()).job == own)
    }

    /// Synthetic data need no files. Further sets have the training set's form and other values.
    @Test func madeUpData() throws {
        let spec = try load(
            config([
                "data":
                    "{train: {made_up: {shape: [5], classes: 3, samples: 50}, limit: 40}, test: {made_up:"
                    + " {samples: 30}}}"
            ])
        ).job.data
        let data = try DecodedData(reading: spec)
        #expect(
            data.train.form
                == DatasetForm(elementType: .uint8, sampleShape: [5], count: 40, targets: .numbered(3)))
        #expect(
            data.test?.form
                == DatasetForm(elementType: .uint8, sampleShape: [5], count: 30, targets: .numbered(3)))
        let both = try [data.train, #require(data.test)].map { Array($0.labels.prefix(30)) }
        #expect(both[0] != both[1])
    }

    @Test func dataMayHaveNoTargets() throws {
        let table = try directory.write("x.csv", "a,b\n1,2\n3,4\n")
        let facts = try DecodedData(
            reading: load(config(["data": "{train: {csv: {path: \"\(table)\"}}}"])).job.data
        ).facts
        #expect(facts.classCount == nil && facts.targetWidth == nil)
    }

    @Test func tablesOfOneJobShareTheirEncoding() throws {
        let train = try directory.write("train.csv", "a,c,y\n1,red,no\n3,blue,yes\n,blue,no\n")
        let test = try directory.write("test.csv", "y,c,a\nyes,,\n")
        let spec = try load(
            config([
                "data": """
                {train: {csv: {path: "\(train)", target: "y", on_missing: "mean"}},
                 test: {csv: {path: "\(test)"}}, normalize: "z_score"}
                """
            ])
        ).job.data
        let data = try DecodedData(reading: spec)
        #expect(data.train.sampleShape == [3] && data.test?.classNames == ["no", "yes"])
        #expect(data.normalization.shift[0] == 2)
        var row = [Float](repeating: 0, count: 3)
        data.test?.gather([0], normalization: Normalization(.none, of: data.train), into: &row)
        #expect(row == [2, 1, 0])
        let table = try #require(data.encoding.table)
        let diagnostics = Diagnostics()
        let text = TableEncoding.codec.encode(table).compactJSON()
        let value = try #require(JSON5.parse(SourceFile(name: "table", text: text), diagnostics: diagnostics))
        #expect(TableEncoding.codec.read(value, diagnostics) == table && diagnostics.isEmpty)
    }

    /// A table inside the program is divided by `split`, and predictions have the names of its columns.
    @Test func embeddedTables() throws {
        let spec = try load(
            config(["data": #"{train: {builtin: "wine"}, split: {validation: 0.2, stratify: true}}"#])
        ).job.data
        #expect(spec.train == .builtin(.wine))
        let data = try DecodedData(reading: spec)
        #expect(data.train.count == 142 && data.validation?.count == 36)
        #expect(data.encoding.table?.featureNames.first == "alcohol")
        #expect(data.summary[0] == "142 samples for training, 36 for validation")
        let whole = try DataPart(.builtin(.wine), as: data.encoding).dataset
        #expect(whole.count == 178 && whole.classNames == data.train.classNames)
    }

    /// Numbers far from 0 are shifted like those of the training data, in every set and by every reader.
    @Test func arraysOfOneJobShareTheirOffsets() throws {
        func big(_ value: Int) -> [UInt8] { (0..<4).reversed().map { UInt8(value >> (8 * $0) & 255) } }
        func write(_ name: String, _ values: [Int]) throws -> String {
            var images: [UInt8] = [0, 0, 0x0C, 2]
            for number in [values.count, 1] + values { images += big(number) }
            let labels: [UInt8] = [0, 0, 8, 1] + big(values.count) + values.map { UInt8($0 % 2) }
            try File.writeAtomically(images, to: directory.file(name))
            try File.writeAtomically(labels, to: directory.file(name + ".labels"))
            return #"{idx: {images: "\#(directory.file(name))", labels: "\#(directory.file(name)).labels"}}"#
        }
        let train = try write("train", (0..<8).map { 1_700_000_000 + $0 })
        let test = try write("test", [1_700_000_100, 1_700_000_101])
        let spec = try load(config(["data": "{train: \(train), test: \(test)}"])).job.data
        let data = try DecodedData(reading: spec)
        func rows(_ dataset: Dataset?) throws -> [Float] {
            let dataset = try #require(dataset)
            var rows = [Float](repeating: 0, count: dataset.count)
            dataset.gather(
                Array(0..<dataset.count)[...], normalization: Normalization(.none, of: dataset), into: &rows)
            return rows
        }
        #expect(try rows(data.train) == (0..<8).map { Float($0) - 3.5 })
        #expect(try rows(data.test) == [96.5, 97.5])
        #expect(data.encoding.featureOffsets == [1_700_000_003.5] && data.notes.count == 1)
        let part = try #require(try DataPart(.test, of: spec, as: data.encoding))
        #expect(part.dataset.contentHash() == data.test?.contentHash())
    }

    /// The loss decides what whole numbers are, the notes come along, and an encoding with offsets is kept.
    @Test func theLossDecidesWhatWholeNumbersAre() throws {
        let rows = (0..<64).map { "\(1_700_000_000 + $0),\(1_700_000_000 + $0 % 6)\n" }.joined()
        let table = try directory.write("t.csv", "x,y\n" + rows)
        func job(_ loss: String, _ outputs: Int) throws -> Job {
            try load(
                config([
                    "data": #"{train: {csv: {path: "\#(table)", target: "y"}}}"#, "loss": "\"\(loss)\"",
                    "model": "[{dense: \(outputs)}]", "batch": "{size: 16}",
                ])
            ).job
        }
        let data = try DecodedData(reading: job("mse", 1))
        #expect(data.train.form.targets == .values(width: 1))
        #expect(data.notes.map(\.kind) == ["row_number", "shifted_numbers"])
        #expect(try DecodedData(reading: job("cross_entropy", 6)).train.classNames?.count == 6)
        let encoding = try #require(data.encoding.table)
        #expect(encoding.target.offsets == [1_700_000_002.5] && encoding.featureOffsets == [1_700_000_031.5])
        let diagnostics = Diagnostics()
        let text = TableEncoding.codec.encode(encoding).compactJSON()
        let value = try #require(JSON5.parse(SourceFile(name: "table", text: text), diagnostics: diagnostics))
        #expect(TableEncoding.codec.read(value, diagnostics) == encoding && diagnostics.isEmpty)
        // Advice never makes a classifier of a regression, nor the other way round.
        for (loss, outputs, sentence) in [
            ("mse", 6, "end it with {dense: 1}; if the targets are classes, set `task: \"classification\"`"),
            ("cross_entropy", 1, "end the model with {dense: 6}"),
        ] {
            let job = try job(loss, outputs)
            let facts = try DecodedData(reading: job).facts
            #expect(performing { _ = try TrainingPlan(job, facts) }.contains(sentence))
        }
        var regression = try job("mse", 1)
        #expect(
            performing {
                _ = try TrainingPlan(regression, try DecodedData(reading: job("cross_entropy", 6)).facts)
            }.contains("if they are values, set `task: \"regression\"`"))
        regression.loss = try job("cross_entropy", 1).loss
        #expect(
            performing { _ = try TrainingPlan(regression, data.facts) }.contains(
                "if they are classes, set `task: \"classification\"`"))
    }

    private func performing(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }
}
