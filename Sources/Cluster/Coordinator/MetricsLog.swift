import Configuration
import System

/// A replayed step that did not give what the log says of it.
package struct ReplayDiffers: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// `metrics.jsonl`: a line for every logged step and every epoch, each written once.
///
/// After a resume or a re-form, the steps after the snapshot, or an evaluation, are computed again. Their
/// lines must be equal to those that are there already, and are not written twice. Times ("seconds") are not
/// compared. A line that may still turn out to be wrong is held back until it is confirmed. A line that
/// cannot be written waits (see `PatientFile`).
package final class MetricsLog {
    /// Its lines are written on the coordinator's loop, and again by the writer of checkpoints, which waits
    /// for them.
    package let file: PatientFile
    private let isExact: Bool
    /// The comparable text of each line that is there, as long as a replay may come to it.
    private var written: [Key: String] = [:]
    /// Lines that are not in the file yet.
    private var held: [(key: Key, text: String)] = []

    private struct Key: Hashable, CustomStringConvertible {
        let endsEpoch: Bool
        let step: Int

        var description: String { endsEpoch ? "epoch's end at step \(step)" : "step \(step)" }
    }

    /// - Parameter isExact: false: other numeric platforms take part, and a replay may differ.
    package convenience init(_ path: String, isExact: Bool) throws {
        // First, because it cuts off the unfinished last line, which does not count then.
        try self.init(PatientFile(path), isExact: isExact)
    }

    /// Continues a file that is open already.
    package init(_ file: PatientFile, isExact: Bool) throws {
        self.file = file
        let path = file.path
        if File.exists(path) {
            for line in try File.readText(path, limit: 1 << 30).split(separator: "\n") {
                guard let value = JSON5.parse(String(line), name: path, diagnostics: Diagnostics()),
                    let key = Self.key(value)
                else {
                    continue
                }
                written[key] = Self.comparable(value)
            }
        }
        self.isExact = isExact
    }

    private static func key(_ line: ConfigValue) -> Key? {
        guard let step = line["step"]?.integer else { return nil }
        return Key(endsEpoch: line["train"] != nil, step: step)
    }

    /// Forgets the lines before `step`, which is not computed again. A line that comes all the same is
    /// written.
    package func forget(before step: Int) { written = written.filter { $0.key.step >= step } }

    /// Writes a line, or compares it with the one that is there. True if it was written.
    ///
    /// - Parameter isCertain: false: only `confirm` writes it, and `retract` drops it.
    @discardableResult
    package func write(_ line: ConfigValue, isCertain: Bool = true) throws -> Bool {
        let (key, text) = (Self.key(line), Self.comparable(line))
        guard let key, let before = written[key] else {
            if let key { written[key] = text }
            if let key, !isCertain {
                held.append((key, line.compactJSON()))
            } else {
                try file.append(line.compactJSON())
            }
            return true
        }
        guard !isExact || before == text else {
            throw ReplayDiffers(
                description:
                    "\(key), computed again, gave \(text), but metrics.jsonl says \(before): this is a fault "
                    + "of the program or a machine's memory; please report it, and start the run anew"
            )
        }
        return false
    }

    /// The lines of the steps up to this one are right.
    package func confirm(through step: Int) throws {
        for line in held where line.key.step <= step { try file.append(line.text) }
        held.removeAll { $0.key.step <= step }
    }

    /// The lines that are not confirmed are wrong.
    package func retract() {
        for line in held { written[line.key] = nil }
        held = []
    }

    /// Fields that may differ in a replay: the time, and what lines of earlier versions do not have.
    private static let incomparable = ["seconds", "kind"]

    /// The part of a line that must be the same in a replay. Values that JSON cannot hold were written as
    /// null, and numbers may be integers after reading, so that all go through text twice.
    private static func comparable(_ line: ConfigValue) -> String {
        let exact = ConfigValue.object(
            (line.members ?? []).filter { !incomparable.contains($0.key) }.map { ($0.key, $0.value) }
        ).compactJSON()
        return JSON5.parse(exact, name: "metrics", diagnostics: Diagnostics())?.compactJSON() ?? exact
    }
}
