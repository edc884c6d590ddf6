#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Directories: made with their parents, listed, removed, brought to the disk.
package enum Directory {
    /// Makes `path` and the directories above it that are missing; one that is there already is fine.
    package static func create(_ path: String, mode: UInt32 = 0o755) throws {
        if isDirectory(path) { return }
        let parent = Path.directory(of: path)
        if parent != path, !isDirectory(parent) { try create(parent, mode: mode) }
        guard mkdir(path, mode_t(mode)) == 0 || (errno == EEXIST && isDirectory(path)) else {
            throw SystemError(cannot: "make the directory", path)
        }
        try synchronize(parent)
    }

    /// Makes `path`, which must not exist yet (of two that try at once, one gets the error `EEXIST`).
    package static func createNew(_ path: String, mode: UInt32 = 0o755) throws {
        try create(Path.directory(of: path), mode: mode)
        guard mkdir(path, mode_t(mode)) == 0 else { throw SystemError(cannot: "make the directory", path) }
        try synchronize(Path.directory(of: path))
    }

    /// What is the same of all paths that lead to one directory.
    package struct Identity: Hashable, Sendable {
        private let device: UInt64
        private let number: UInt64

        /// Nil if there is no directory.
        package init?(of path: String) {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
            (device, number) = (UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino))
        }
    }

    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a directory, sorted, without `.` and `..`.
    package static func list(_ path: String) throws -> [String] {
        guard let directory = opendir(path) else { throw SystemError(cannot: "list", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else { break }
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let start = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            let name = String(cString: start)
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw SystemError(cannot: "list", path) }
        return names.sorted()
    }

    /// Removes a directory and all that is in it (links are removed, not followed); none there is no error.
    package static func remove(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw SystemError(cannot: "remove", path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try File.remove(path) }
        for name in try list(path) { try remove(Path.join(path, name)) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError(cannot: "remove", path) }
    }

    /// Removes a directory that others take for whole or not there: it loses its name first.
    package static func removeAtOnce(_ path: String) throws {
        let doomed = "\(path).tmp-removed-\(getpid())"
        guard rename(path, doomed) == 0 else {
            if errno == ENOENT { return }
            throw SystemError(cannot: "remove", path)
        }
        try remove(doomed)
    }

    /// Brings the names in a directory to the disk: without it a new or renamed file may vanish at a power failure.
    package static func synchronize(_ path: String) throws {
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY, to: "open the directory")
        try directory.synchronize(path: path)
    }
}
