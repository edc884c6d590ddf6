import Configuration
import NeuralNetwork
import System

/// A job with the file that it was read from.
package struct JobFile: Sendable {
    package let job: Job
    /// The job with every default filled in and paths absolute.
    package let resolved: ConfigValue
    /// Each layer's value in the file, by its name.
    private let layerLocations: [String: ConfigValue]
    /// The config as it was read.
    let source: ConfigValue?

    /// Reads a config file, with `--set path=value` applied to it.
    /// - Throws: `SourceFileError` if the file cannot be read, or `ConfigurationError` with all its mistakes.
    package static func load(path: String, overrides: [String] = []) throws -> JobFile {
        try load(try SourceFile(contentsOf: path), overrides: overrides, name: baseName(path))
    }

    /// Reads the text of a job that a checkpoint keeps.
    /// - Parameter name: the text's name in errors.
    /// - Throws: `ConfigurationError` with all mistakes of the text and of `overrides`.
    package static func load(text: String, named name: String, overrides: [String] = []) throws -> JobFile {
        try load(SourceFile(name: name, text: text), overrides: overrides, name: "job")
    }

    /// The fields that are meant where a value stands for an object.
    private static let shorthands = [
        "batch": "size", "data.split": "validation", "early_stopping": "patience",
    ]

    private static func load(_ file: SourceFile, overrides: [String], name: String) throws -> JobFile {
        let diagnostics = Diagnostics()
        var value = JSON5.parse(file, diagnostics: diagnostics)
        for text in overrides {
            guard let override = ConfigOverride.parse(text, diagnostics: diagnostics), value != nil else {
                continue
            }
            override.apply(to: &value!, shorthands: shorthands, diagnostics: diagnostics)
        }
        return try decode(value, diagnostics, name: name)
    }

    private static func decode(_ value: ConfigValue?, _ diagnostics: Diagnostics, name: String) throws
        -> JobFile
    {
        var reader = JobReader(diagnostics)
        let job = value.flatMap { reader.read($0, defaultName: name) }
        try diagnostics.check()
        guard let job else { throw PlanError("the config could not be read, and says nothing about why") }
        return JobFile(job: job, resolved: job.resolved, layerLocations: reader.layerLocations, source: value)
    }

    /// `config/digits-mlp.json5` → `digits-mlp`.
    private static func baseName(_ path: String) -> String {
        let name = Path.name(of: path).split(separator: ".").first.map(String.init) ?? "job"
        return Codec<String>.isName(name) ? name : "job"
    }

    /// The job of one member of the ensemble: the same but for the seed, which decides everything that is
    /// drawn, though not how the data are split.
    package func member(_ index: Int) -> JobFile {
        var member = job
        member.ensemble = nil
        member.seed &+= UInt64(index)
        return replacing(member)
    }

    /// The job for measuring its steps: it goes on without end and decides nothing on the way, and what it
    /// trains is not evaluated.
    package var endless: JobFile {
        var endless = job
        (endless.ensemble, endless.maxSteps, endless.earlyStopping, endless.checkpoint.best) = (
            nil, nil, nil, nil
        )
        endless.epochs = JobFields.mostEpochs
        (endless.data.validation, endless.data.test, endless.data.split) = (nil, nil, nil)
        if case .reduceOnPlateau = endless.optimization.schedule.shape {
            endless.optimization.schedule.shape = .constant
        }
        return replacing(endless)
    }

    /// Another job that was made of this one: its mistakes are shown in the same file.
    package func replacing(_ job: Job) -> JobFile {
        JobFile(job: job, resolved: job.resolved, layerLocations: layerLocations, source: source)
    }

    /// SHA-256 of everything about the job that decides bits. Paths do not: the data's content is compared by
    /// itself.
    package var identity: String { JobResolution.identity(of: resolved) }

    /// The error for a job that does not fit its data, shown at its place in the file.
    package func describe(_ error: PlanError) -> any Error {
        guard let location = location(of: error) else { return error }
        let diagnostics = Diagnostics()
        diagnostics.error(error.description, at: location)
        do { try diagnostics.check() } catch { return error }
        return error
    }

    private func location(of error: PlanError) -> ConfigValue? {
        if let layer = error.layer { return location(ofLayer: layer) }
        guard let field = error.field else { return nil }
        // As far down as the file goes: defaults are not in it.
        var location = source
        for key in field.split(separator: ".").map(String.init) {
            let element = Int(key).flatMap { index in
                location?.elements.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            }
            guard let next = element ?? location?[key] else { break }
            location = next
        }
        return location
    }

    /// A layer that was made up for a block (`layer1.0.downsample.0`) stands where the block does.
    private func location(ofLayer name: String) -> ConfigValue? {
        var name = name[...]
        while true {
            if let location = layerLocations[String(name)] { return location }
            guard let dot = name.lastIndex(of: ".") else { return nil }
            name = name[..<dot]
        }
    }
}

extension Job {
    /// Reads the text that a coordinator sends: a resolved job.
    /// - Throws: `ConfigurationError` with all mistakes of the text.
    package init(resolvedText: String) throws {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(
            SourceFile(name: "the coordinator's job", text: resolvedText), diagnostics: diagnostics)
        var reader = JobReader(diagnostics)
        let job = value.flatMap { reader.read($0, defaultName: "job") }
        try diagnostics.check()
        guard let job else {
            throw PlanError(
                "the coordinator's job could not be read; install the same version on both machines")
        }
        self = job
    }
}
