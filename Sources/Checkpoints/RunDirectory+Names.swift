import System

// The default paths of runs: `runs/NAME-TIME`.
extension RunDirectory {
    /// Makes a path, which does not exist yet, for a new run of the job `name`.
    /// - Parameter stamp: the local time, like `20261121-034500`.
    package static func newPath(
        named name: String, in directory: String = "runs", stamp: String = Clock.compactLocalStamp()
    ) -> String {
        let base = Path.join(directory, "\(fileName(name))-\(stamp)")
        var path = base
        var number = 2
        while File.exists(path) {
            path = "\(base)-\(number)"
            number += 1
        }
        return path
    }

    /// The path of the run of the job `name` that is always the same, or the same for one `rendezvous`.
    package static func lastingPath(named name: String, rendezvous: String?, in directory: String = "runs")
        -> String
    {
        let parts = [fileName(name)] + (rendezvous.map { [fileName($0)] } ?? [])
        return Path.join(directory, parts.joined(separator: "-"))
    }

    /// Finds the newest run of the job `name`, by the time in its directory's name; nil if there is none.
    /// - Throws: `SystemError` if the directory cannot be read.
    package static func newestRun(named name: String, in directory: String = "runs") throws -> String? {
        guard Directory.isDirectory(directory) else { return nil }
        let prefix = fileName(name) + "-"
        var newest: (stamp: String, number: Int, path: String)?
        for entry in try Directory.list(directory) where entry.hasPrefix(prefix) {
            let path = Path.join(directory, entry)
            guard let (stamp, number) = time(ofSuffix: entry.dropFirst(prefix.count)),
                File.exists(Path.join(path, "job.json5"))
            else {
                continue
            }
            if let best = newest, (best.stamp, best.number) >= (stamp, number) { continue }
            newest = (stamp, number, path)
        }
        return newest?.path
    }

    /// Reads `20261121-034500`, or `20261121-034500-2` for the second run of that second.
    private static func time(ofSuffix suffix: Substring) -> (stamp: String, number: Int)? {
        let parts = suffix.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts[0].count == 8, parts[1].count == 6,
            parts.allSatisfy({ UInt64($0) != nil })
        else {
            return nil
        }
        return ("\(parts[0])-\(parts[1])", parts.count == 3 ? Int(parts[2]) ?? 1 : 1)
    }

    /// Replaces everything in a job's name that a path cannot hold.
    private static func fileName(_ name: String) -> String {
        let safe = name.unicodeScalars.map {
            $0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0) ? String($0) : "-"
        }
        let joined = safe.joined()
        return joined.isEmpty || joined.hasPrefix(".") ? "run" + joined : joined
    }
}
