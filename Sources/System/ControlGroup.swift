import Platform

/// The limits that control groups (of containers, services and batch systems) set on this process: the
/// smallest ones along the path from its own group to the topmost that can be seen.
///
/// Both generations are read: version 2 (`cpu.max`, `memory.max`, `cpuset.cpus.effective`), and version 1
/// (`cpu.cfs_quota_us`, `memory.limit_in_bytes`, `cpuset.effective_cpus`).
package struct ControlGroup: Equatable, Sendable {
    /// Processor time per time: 1.5 is one and a half cores. Nil: no limit.
    package var cores: Double?
    /// Bytes. Nil: no limit.
    package var memory: Int?
    /// The number of cores in the cpuset. Nil: there is none.
    package var cpuset: Int?

    package static func ofThisProcess() -> ControlGroup {
        ControlGroup { try? File.readText($0, limit: 1 << 20) }
    }

    /// - Parameter read: returns the text of a file, or nil if it cannot be read.
    package init(reading read: (String) -> String?) {
        let mounts = Self.mounts(read("/proc/self/mountinfo") ?? "")
        for line in (read("/proc/self/cgroup") ?? "").split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",").map(String.init)
            let wanted =
                controllers.isEmpty ? [""] : controllers.filter(Self.limiting.contains)
            for controller in wanted {
                guard let mount = mounts.first(where: { $0.controllers.contains(controller) }) else {
                    continue
                }
                for directory in mount.directories(of: String(fields[2])) {
                    narrow(controller, { read(Path.join(directory, $0)) })
                }
            }
        }
    }

    /// The controllers of version 1 that are read.
    private static let limiting = ["cpu", "memory", "cpuset"]

    private mutating func narrow(_ controller: String, _ read: (String) -> String?) {
        let isSecond = controller.isEmpty
        if isSecond || controller == "cpu" {
            let limit =
                isSecond
                ? Self.ratio((read("cpu.max") ?? "").split { $0 == " " || $0 == "\n" }.map(String.init))
                : Self.ratio([read("cpu.cfs_quota_us"), read("cpu.cfs_period_us")].compactMap(Self.trimmed))
            if let limit { cores = min(cores ?? .infinity, limit) }
        }
        if isSecond || controller == "cpuset" {
            let text = Self.trimmed(read(isSecond ? "cpuset.cpus.effective" : "cpuset.effective_cpus"))
            if let count = text.flatMap(Self.count) { cpuset = min(cpuset ?? .max, count) }
        }
        if isSecond || controller == "memory" {
            let text = Self.trimmed(read(isSecond ? "memory.max" : "memory.limit_in_bytes"))
            // Version 1 says "no limit" by the largest multiple of a page.
            if let bytes = text.flatMap(Int.init), bytes > 0, bytes < 1 << 60 {
                memory = min(memory ?? .max, bytes)
            }
        }
    }

    /// Counts the cores of `0-3,7`; nil if the text is no such list.
    static func count(ofList text: String) -> Int? {
        var count = 0
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-", maxSplits: 1).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last, last < 1 << 20
            else { return nil }
            count += last - first + 1
        }
        return count > 0 ? count : nil
    }

    /// The quota and the period, both in microseconds; nil if there is no limit.
    private static func ratio(_ fields: [String]) -> Double? {
        guard fields.count >= 2, let quota = Double(fields[0]), let period = Double(fields[1]),
            quota > 0, period > 0
        else { return nil }
        return quota / period
    }

    private static func trimmed(_ text: String?) -> String? {
        text.map { String($0.filter { !$0.isWhitespace }) }
    }
}

extension ControlGroup {
    /// A mounted hierarchy of control groups.
    private struct Mount {
        /// Those of version 1, or an empty name for version 2.
        let controllers: [String]
        /// The group that is seen at `place`.
        let root: String
        let place: String

        /// The directories of a group and of those above it, as far as they can be seen.
        func directories(of group: String) -> [String] {
            let inside =
                root == "/" ? group : group.hasPrefix(root + "/") ? String(group.dropFirst(root.count)) : "/"
            var names = inside.split(separator: "/").map(String.init)
            if names.contains("..") { names = [] }  // the group is outside of what this process may see
            var directories: [String] = []
            while true {
                directories.append(names.reduce(place) { Path.join($0, $1) })
                if names.isEmpty { return directories }
                names.removeLast()
            }
        }
    }

    /// Reads `/proc/self/mountinfo`: `31 23 0:28 ROOT PLACE OPTIONS … - TYPE SOURCE OPTIONS`.
    private static func mounts(_ text: String) -> [Mount] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4, let dash = fields.firstIndex(of: "-"), dash + 3 < fields.count else {
                return nil
            }
            let type = fields[dash + 1]
            let controllers =
                type == "cgroup2"
                ? [""]
                : type == "cgroup" ? fields[dash + 3].split(separator: ",").map(String.init) : []
            guard !controllers.isEmpty else { return nil }
            return Mount(
                controllers: controllers, root: unescaped(fields[3]), place: unescaped(fields[4]))
        }
    }

    /// Blanks and the like are written as `\040`.
    private static func unescaped(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
        var (bytes, rest) = ([UInt8](), Array(text.utf8)[...])
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
