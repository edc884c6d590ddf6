import Configuration

/// Compares a job with the one that a run was started with.
package enum JobResolution {
    package struct Difference: Equatable, CustomStringConvertible {
        package let path: String
        package let before: String
        package let now: String

        package var description: String { "\(path) is \(now), was \(before)" }
    }

    /// What may change when a run is resumed. Paths may too: the data's content is compared by itself.
    private static let free: Set<String> = ["epochs", "max_steps", "checkpoint", "logging"]
    private static let paths = [
        ".idx.images", ".idx.labels", ".csv.path", ".cifar10", ".cifar100.path", ".npy.features",
        ".npy.targets", ".image_folder.path",
    ]

    /// Everything else that differs between two resolved jobs.
    package static func differences(_ before: ConfigValue, _ now: ConfigValue) -> [Difference] {
        var found: [Difference] = []
        func compare(_ path: String, _ a: ConfigValue?, _ b: ConfigValue?) {
            if let a, let b, let left = a.members, let right = b.members {
                var keys = left.map(\.key)
                keys += right.map(\.key).filter { !keys.contains($0) }
                for key in keys where !(path.isEmpty && free.contains(key)) {
                    let place = path.isEmpty ? key : "\(path).\(key)"
                    let isDataPath =
                        place.hasPrefix("data.") && paths.contains { place.hasSuffix($0) } && a[key] != nil
                        && b[key] != nil
                    if !isDataPath && place != "weights.file" { compare(place, a[key], b[key]) }
                }
            } else if let a, let b, let left = a.elements, let right = b.elements, left.count == right.count {
                for (i, (x, y)) in zip(left, right).enumerated() { compare("\(path).\(i)", x, y) }
            } else if a != b {
                found.append(Difference(path: path, before: text(a), now: text(b)))
            }
        }
        compare("", before, now)
        return found
    }

    private static func text(_ value: ConfigValue?) -> String {
        guard let value else { return "absent" }
        let text = value.compactJSON()
        return text.count > 60 ? String(text.prefix(57)) + "..." : text
    }
}
