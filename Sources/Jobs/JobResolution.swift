import Configuration
import System

/// Compares a job with the one that a run was started with. What may differ, and what is a path, the job's
/// form says.
package enum JobResolution {
    package struct Difference: Equatable, CustomStringConvertible {
        package let path: String
        package let before: String
        package let now: String

        package var description: String { "\(path) is \(now), was \(before)" }
    }

    /// The differences of two resolved jobs that a resumed run cannot have. Paths may differ: the data's
    /// content is compared by itself.
    package static func differences(_ before: ConfigValue, _ now: ConfigValue) -> [Difference] {
        var found: [Difference] = []
        compare(before, now, at: "", Job.form, into: &found)
        return found
    }

    private static func compare(
        _ before: ConfigValue?, _ now: ConfigValue?, at path: String, _ form: Form,
        into found: inout [Difference]
    ) {
        if let left = before?.members, let right = now?.members {
            var keys = left.map(\.key)
            keys += right.map(\.key).filter { !keys.contains($0) }
            for key in keys {
                let fields = form.fields(key)
                if fields.contains(where: { $0.resume != .fixed }) { continue }
                let (a, b) = (before?[key], now?[key])
                if a != nil, b != nil, !fields.isEmpty, fields.allSatisfy(\.form.isPath) { continue }
                let inner = path.isEmpty ? key : "\(path).\(key)"
                compare(a, b, at: inner, .either(fields.map(\.form)), into: &found)
            }
        } else if let left = before?.elements, let right = now?.elements, left.count == right.count {
            let element = form.elements ?? .any
            for (index, (a, b)) in zip(left, right).enumerated() {
                compare(a, b, at: "\(path).\(index)", element, into: &found)
            }
        } else if before != now {
            found.append(Difference(path: path, before: text(before), now: text(now)))
        }
    }

    private static func text(_ value: ConfigValue?) -> String {
        guard let value else { return "absent" }
        let text = value.compactJSON()
        return text.count > 60 ? String(text.prefix(57)) + "..." : text
    }

    /// SHA-256 of what decides a resolved job's bits: everything but free fields and paths.
    static func identity(of resolved: ConfigValue) -> String {
        SHA256.hexDigest(of: Array(reduced(resolved, Job.form).compactJSON().utf8))
    }

    private static func reduced(_ value: ConfigValue, _ form: Form) -> ConfigValue {
        if let members = value.members {
            return .object(
                members.compactMap { member in
                    let fields = form.fields(member.key)
                    if fields.contains(where: { $0.resume == .free }) { return nil }
                    let isPath = !fields.isEmpty && fields.allSatisfy(\.form.isPath)
                    // Several files and their directory are the same data.
                    return (
                        member.key, isPath ? "" : reduced(member.value, .either(fields.map(\.form)))
                    )
                })
        }
        guard let elements = value.elements, let element = form.elements else { return value }
        return .array(elements.map { reduced($0, element) })
    }
}
