import Datasets
import Telemetry

extension [DataNote] {
    /// Prints the notes on standard error, for commands that keep no log.
    func print() {
        for note in self {
            Console.standardError.write(message: "\(note.cure == nil ? "note" : "warning"): \(note.sentence)")
        }
    }
}
