import Configuration

/// The facts of a run that do not change while it runs, as pages show them.
package struct RunFacts: Sendable {
    /// The job's name.
    package var name: String
    /// The run directory.
    package var directory: String
    /// The command that the run was started with; nil: unknown.
    package var command: String?
    /// The metric that `best` is of; nil: there is none.
    package var monitor: String?
    package var model: Model?
    /// Names with values, such as the platform.
    package var environment: [(name: String, value: String)] = []
    /// The job as JSON5.
    package var config: String?

    package init(name: String, directory: String) {
        self.name = name
        self.directory = directory
    }

    /// The layers of a model.
    package struct Model: Sendable {
        package var parameters: Int
        package var rows: [Row]

        package init(parameters: Int, rows: [Row]) {
            self.parameters = parameters
            self.rows = rows
        }

        package struct Row: Sendable {
            package var name: String
            package var kind: String
            package var output: String
            package var parameters: Int

            package init(name: String, kind: String, output: String, parameters: Int) {
                self.name = name
                self.kind = kind
                self.output = output
                self.parameters = parameters
            }
        }

        var value: ConfigValue {
            .object([
                ("parameters", .int(parameters)),
                (
                    "rows",
                    .array(
                        rows.map {
                            .object([
                                ("name", .string($0.name)), ("kind", .string($0.kind)),
                                ("output", .string($0.output)), ("parameters", .int($0.parameters)),
                            ])
                        })
                ),
            ])
        }
    }
}
