import Configuration
import Datasets
import Telemetry

extension [DataNote] {
    /// Prints the notes on standard error, for commands that keep no log.
    func print() {
        for note in self { Console.standardError.write(message: note.line) }
    }

    var json: ConfigValue {
        .array(
            map {
                .object([
                    ("kind", .string($0.kind)), ("text", .string($0.text)),
                    ("cure", $0.cure.map { .string($0) } ?? .null),
                ])
            })
    }
}
