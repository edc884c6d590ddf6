import Configuration
import NeuralNetwork

// The job of a run that is resumed.
extension JobFile {
    /// Reads a run directory's `job.json5`.
    ///
    /// Version 0.2 wrote neither `batch.microbatches` nor `weight_decay_on` where they had been left out.
    /// They mean what they meant then: `RunSetup` computes the former, and AdamW decayed weights alone.
    /// - Throws: `ConfigurationError` if it is no valid job, or `SystemError` if it cannot be read.
    package static func load(resolvedFile path: String) throws -> JobFile {
        let file = try load(path: path)
        guard file.isOfVersion02,
            case .adamW(let rate, let beta1, let beta2, let epsilon, let decay, _) = file.job.optimizer
        else { return file }
        var job = file.job
        job.optimizer = .adamW(
            learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay,
            decayed: .weights)
        return file.replacing(job)
    }

    /// True for a resolved job that lacks what later versions always write.
    package var isOfVersion02: Bool { job.microbatches == nil }

    /// The job with this number of microbatches.
    package func withMicrobatches(_ count: Int) -> JobFile {
        var job = job
        job.microbatches = count
        return replacing(job)
    }

    /// The job with which a run goes on: what the config leaves out has the run's own value, whatever the
    /// defaults are now. The model is never completed in this way.
    ///
    /// - Parameter run: the job with which the run was started.
    /// - Throws: `ConfigurationError` if the values of both do not make a job.
    package func inheriting(from run: JobFile) throws -> JobFile {
        let diagnostics = Diagnostics()
        var value = resolved
        for path in JobResolution.differences(run.resolved, resolved).map(\.path) where isLeftOut(path) {
            guard let own = run.resolved.value(at: path) else { continue }
            let text = "\(path)=\(own.compactJSON(nonFinite: .json5))"
            ConfigOverride.parse(text, diagnostics: diagnostics)?.apply(to: &value, diagnostics: diagnostics)
        }
        var reader = JobReader(diagnostics)
        let job = reader.read(value, defaultName: self.job.name)
        try diagnostics.check()
        return job.map { replacing($0) } ?? self
    }

    /// True if the config does not have the value at this path: neither itself nor, as a list or a text,
    /// something that stands for it.
    package func isLeftOut(_ path: String) -> Bool {
        guard var value = source, !path.hasPrefix("model") else { return false }
        for key in path.split(separator: ".") {
            if value.elements != nil { return false }
            guard let next = value[String(key)] else { return true }
            value = next
        }
        return false
    }
}

extension ConfigValue {
    /// The value behind the keys of a path such as `optimizer.adam.beta1`; nil if there is none.
    fileprivate func value(at path: String) -> ConfigValue? {
        path.split(separator: ".").reduce(self) { value, key in value?[String(key)] }
    }
}
