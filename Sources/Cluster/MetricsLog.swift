import Configuration
import System

/// A replayed step that did not give what the log says of it.
package struct ReplayDiffers: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// `metrics.jsonl`: a line for every logged step and every epoch, each written once.
///
/// After a resume the steps behind the checkpoint are computed again; their lines must say the same as those that are there already, and are not written twice.
/// What a clock measured ("seconds") is not compared.
final class MetricsLog {
    private let file: AppendFile
    private let isExact: Bool
    /// Lines that were there at the start, by kind and step.
    private var earlier: [String: ConfigValue] = [:]

    /// - Parameter isExact: false: other numeric platforms take part, and a replay may differ.
    init(_ path: String, isExact: Bool) throws {
        if File.exists(path) {
            for line in try File.readText(path, limit: 1 << 30).split(separator: "\n") {
                guard let value = JSON5.parse(String(line), name: path, diagnostics: Diagnostics()), let key = Self.key(value) else {
                    continue
                }
                earlier[key] = value
            }
        }
        file = try AppendFile(path)
        self.isExact = isExact
    }

    private static func key(_ line: ConfigValue) -> String? {
        guard case .number(let step)? = line["step"]?.kind else { return nil }
        return (line["train"] == nil ? "step " : "epoch's end at step ") + step.literal
    }

    /// Writes a line, or compares it with the one that is there. True if it was written.
    @discardableResult
    func write(_ line: ConfigValue) throws -> Bool {
        guard let key = Self.key(line), let before = earlier.removeValue(forKey: key) else {
            try file.append(line.compactJSON())
            return true
        }
        guard !isExact || Self.comparable(before) == Self.comparable(line) else {
            throw ReplayDiffers(
                description:
                    "\(key), computed again, gave \(Self.comparable(line).compactJSON()), but metrics.jsonl says \(Self.comparable(before).compactJSON()): this is a fault of the program or a machine's memory; please report it, and start the run anew"
            )
        }
        return false
    }

    /// What must be the same in a replay. Values that JSON cannot hold were written as null, so all go through text.
    private static func comparable(_ line: ConfigValue) -> ConfigValue {
        let exact = ConfigValue.object((line.members ?? []).filter { $0.key != "seconds" }.map { ($0.key, $0.value) })
        return JSON5.parse(exact.compactJSON(), name: "metrics", diagnostics: Diagnostics()) ?? exact
    }

    func synchronize() throws { try file.synchronize() }
}
