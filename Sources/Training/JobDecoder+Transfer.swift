import Configuration

// What a training begins with and leaves alone: `weights`, `freeze`.
extension JobDecoder {
    /// Reads the optional fields; what it returns writes them into a job.
    static func transfer(_ fields: ObjectDecoder) -> (inout Job) -> Void {
        { _ in }
    }
}
