/// A value and its origin: an option, or a variable of the environment.
package struct Found<Value: Equatable & Sendable>: Equatable, Sendable {
    package let value: Value
    /// The origin as people write it: `--rank`, `SLURM_PROCID`.
    package let source: String

    package init(_ value: Value, _ source: String) {
        self.value = value
        self.source = source
    }
}
