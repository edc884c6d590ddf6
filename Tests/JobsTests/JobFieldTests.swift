import Configuration
import Jobs
import TestSupport
import Testing

/// Every field of the job language, from its description alone: an unusual value survives writing and
/// reading, and a writer that forgets the field is found out. The examples that people are shown are among
/// the values.
@Suite struct JobFieldTests {
    /// Only what rules between fields ask for.
    private static let known: [String: ConfigValue] = [
        "assignment.cuts": [0, 1, 8], "model{batch_norm}.batch_norm": true,
        "data.split": ["validation": 0.25, "test": 0.5, "stratify": true, "seed": 5],
    ]
    private static let companions: [String: [(String, ConfigValue)]] = [
        "assignment": [("batch", ["size": "all", "microbatches": 8])],
        "optimizer.sgd.nesterov": [("momentum", 0.5)],
        "data.train.csv.task": [("target", "y")], "data.validation.csv.task": [("target", "y")],
        "data.test.csv.task": [("target", "y")],
        "data.train.npy.classes": [("targets", "/y")], "data.validation.npy.classes": [("targets", "/y")],
        "data.test.npy.classes": [("targets", "/y")], "data.train.text.answer": [("prompt", "p")],
        "data.train.text.target": [("column", "c")],
        "data.validation.text.answer": [("prompt", "p")], "data.validation.text.target": [("column", "c")],
        "data.test.text.answer": [("prompt", "p")],
        "data.test.text.target": [("column", "c")],
        "data.train.text.vocabulary": tokenFile, "data.validation.text.vocabulary": tokenFile,
        "data.test.text.vocabulary": tokenFile,
    ]
    private static let tokenFile: [(String, ConfigValue)] = [("path", "/t.bin"), ("tokenizer", "bytes")]
    /// Fields that a config may have and no job keeps.
    private static let withoutEffect: Set<String> = [
        // For editors.
        "$schema",
        // Nothing uses the definition.
        "define", "define.parameters",
        // The only value.
        "batch.size",
    ]

    private static let use: [(String, ConfigValue)] = [
        ("define", ["x.y_Z-1": ["layers": [["dense": 7]]], "basic": ["layers": [["dense": 8]]]])
    ]

    private struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let text: String
        let without: String?

        var testDescription: String { path }
    }

    /// Configs that show each field of an object of the form, on top of what every job of its kind needs.
    private static func cases(_ form: ObjectForm, base: [(String, ConfigValue)]) -> [Case] {
        var samples = FormSamples(known: known, companions: companions)
        func config(_ value: ConfigValue, _ path: String) -> String {
            var members = (value.members ?? []).map { ($0.key, $0.value) }
            if path.contains("{use}") { members += use }
            members += base.filter { member in !members.contains { $0.0 == member.0 } }
            return ConfigValue.object(members).prettyJSON()
        }
        return form.fields.flatMap { field in
            let object = ObjectForm([field])
            return samples.samples(.object(object), "").filter { !$0.path.isEmpty }.map { sample in
                Case(
                    path: sample.path, text: config(sample.value, sample.path),
                    without: sample.without.map { config($0, sample.path) })
            }
        }
    }

    private static let data: (String, ConfigValue) = ("data", ["train": ["builtin": "digits"]])

    private static let trainings: [Case] = cases(
        forms[0],
        base: [
            data, ("model", ["flatten", ["dense": 10]]), ("loss", "cross_entropy"), ("optimizer", "adam"),
            ("batch", ["size": 64]), ("epochs", 2),
        ])

    private static let others: [Case] = cases(
        ObjectForm(forms[1].fields.filter { $0.key != "data" }),
        base: [data, ("kmeans", ["clusters": 3])])

    private static var forms: [ObjectForm] {
        Job.form.alternatives.compactMap { if case .object(let object) = $0 { object } else { nil } }
    }

    @Test func everyFieldOfATrainingSurvives() throws { try check(Self.trainings) }

    @Test func everyFieldOfAJobWithoutModelSurvives() throws {
        try check(
            Self.others.map { sample in
                // A job has `kmeans` or `pca`.
                sample.path.hasPrefix("pca")
                    ? Case(
                        path: sample.path, text: Self.replaced(sample.text),
                        without: sample.path == "pca" ? nil : sample.without.map(Self.replaced))
                    : sample
            })
    }

    private static func replaced(_ text: String) -> String {
        let value = JSON5.parse(text, name: "sample", diagnostics: Diagnostics())
        let members = (value?.members ?? []).filter { $0.key != "kmeans" }
        return ConfigValue.object(members.map { ($0.key, $0.value) }).prettyJSON()
    }

    private func check(_ cases: [Case]) throws {
        var withEffect: Set<String> = []
        for sample in cases {
            if let said = try complaint(sample.text) {
                Issue.record("\(sample.path): \(said)\n\(sample.text)")
                continue
            }
            let job = try load(sample.text).job
            let written = job.resolved
            #expect(
                try Job(resolvedText: written.compactJSON()) == job, "\(sample.path) is lost: \(sample.text)")
            guard let without = sample.without else {
                withEffect.insert(sample.path)
                continue
            }
            let other = try load(without).job
            if other != job {
                withEffect.insert(sample.path)
                // With a writer that forgets the field, both jobs would have one text.
                #expect(other.resolved != written, "\(sample.path) is not written")
            }
        }
        let paths = Set(cases.map(\.path))
        #expect(paths.subtracting(withEffect).subtracting(Self.withoutEffect) == [], "fields without effect")
    }

    /// The description covers the language: as many fields as there are, and the deepest ones.
    @Test func theDescriptionIsComplete() {
        let paths = Set(Self.trainings.map(\.path))
        for path in [
            "seed", "data.train.csv.target", "data.augment.random_crop.padding", "model{conv}.padding.top",
            "model{residual}.shortcut", "optimizer.rmsprop.centered", "schedule.reduce_on_plateau.mode",
            "regularization.elastic_net.l1_ratio", "checkpoint.best.mode", "weights{file}.skip",
        ] {
            #expect(paths.contains(path), "\(path) is not among \(paths.sorted())")
        }
        #expect(paths.count > 200)
    }
}
