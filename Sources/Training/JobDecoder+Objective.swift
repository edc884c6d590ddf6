import Configuration

// `loss` and `metrics`.
extension JobDecoder {
    /// Reads the optional fields; what it returns writes them into a job.
    static func objective(_ fields: ObjectDecoder) -> (inout Job) -> Void {
        { _ in }
    }
}
