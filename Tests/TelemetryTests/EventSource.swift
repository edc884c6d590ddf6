import System
import Telemetry
import TestSupport

/// The declarations of the events, as they are written in the source.
enum EventSource {
    struct Case {
        /// Family and case: `worker.lost`.
        let path: String
        /// The doc comment, on one line.
        let comment: String
    }

    private static let directory = "Sources/Telemetry/Events"

    /// The cases of all families, in the order of the source.
    static func cases() throws -> [Case] {
        let families = try ProjectFiles.text(Path.join(directory, "RunEvent.swift")).split(separator: "\n")
            .filter { $0.hasPrefix("    case ") }.map { $0.dropFirst(9).prefix { $0.isLetter } }
        let files = try Directory.list(ProjectFiles.path(directory)).filter { $0.hasPrefix("RunEvent+") }
            .sorted()
        let found = try files.flatMap { try cases(in: ProjectFiles.text(Path.join(directory, $0))) }
        return families.flatMap { family in found.filter { $0.path.hasPrefix(family + ".") } }
    }

    /// The cases of the enum that begins with `package enum NAME` and ends with `    }`.
    private static func cases(in text: String) -> [Case] {
        var (family, comment, found): (String?, String, [Case]) = (nil, "", [])
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("    package enum ") {
                let name = line.dropFirst(17).prefix { $0.isLetter }
                family = name.prefix(1).lowercased() + name.dropFirst()
            } else if line == "    }" {
                family = nil
            } else if family != nil, line.hasPrefix("        /// ") {
                comment += (comment.isEmpty ? "" : " ") + line.dropFirst(12)
            } else if let family, line.hasPrefix("        case ") {
                let name = line.dropFirst(13).prefix { $0.isLetter }
                found.append(Case(path: "\(family).\(name)", comment: comment))
                comment = ""
            }
        }
        return found
    }

    /// Family and case of an event: `worker.lost`.
    static func path(of event: RunEvent) -> String {
        guard let family = Mirror(reflecting: event).children.first else { return "" }
        // A case without values has no children, and its text is its name.
        let name = Mirror(reflecting: family.value).children.first?.label ?? "\(family.value)"
        return "\(family.label ?? "").\(name)"
    }
}
