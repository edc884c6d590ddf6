import Configuration

// What a training begins with and leaves alone: `weights`, `freeze`.
extension JobDecoder {
    /// Reads the optional fields; what it returns writes them into a job.
    static func transfer(_ fields: ObjectDecoder) -> (inout Job) -> Void {
        let weights = fields.optional("weights", weights)
        let freeze = fields.optional("freeze", .array(of: Expectation<String>.nonEmptyString), default: [])
        return { job in (job.weights, job.freeze) = (weights, freeze) }
    }

    /// A path, or an object with what to leave out.
    private static var weights: Expectation<WeightsSpec> {
        Expectation<String>.nonEmptyString.map { WeightsSpec(file: $0) }.or(
            .object { fields in
                let file = fields.required("file", .nonEmptyString)
                let skip = fields.optional(
                    "skip", .array(of: Expectation<String>.nonEmptyString), default: [])
                return file.map { WeightsSpec(file: $0, skip: skip) }
            })
    }
}
