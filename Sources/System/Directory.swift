import Platform

/// Operations on directories: create with parents, list, remove, synchronize with the disk.
package enum Directory {
    /// Creates `path` and the missing directories above it. A directory that exists already is no error.
    ///
    /// - Throws: `SystemError` if that fails.
    package static func create(_ path: String, mode: UInt32 = 0o755) throws {
        if isDirectory(path) { return }
        let parent = Path.directory(of: path)
        if parent != path, !isDirectory(parent) { try create(parent, mode: mode) }
        guard mkdir(path, mode_t(mode)) == 0 || (errno == EEXIST && isDirectory(path)) else {
            throw SystemError(cannot: "make the directory", path)
        }
        try synchronize(parent)
    }

    /// Creates `path`, which must not exist yet.
    ///
    /// - Throws: `SystemError`, with the code `EEXIST` if it exists. If two processes try at once, one of
    ///   them gets this error.
    package static func createNew(_ path: String, mode: UInt32 = 0o755) throws {
        try create(Path.directory(of: path), mode: mode)
        guard mkdir(path, mode_t(mode)) == 0 else { throw SystemError(cannot: "make the directory", path) }
        try synchronize(Path.directory(of: path))
    }

    /// The identity of a directory: equal for all paths that lead to it.
    package struct Identity: Hashable, Sendable {
        private let device: UInt64
        private let number: UInt64

        /// Finds the identity; nil if there is no directory.
        package init?(of path: String) {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
            device = UInt64(truncatingIfNeeded: status.st_dev)
            number = UInt64(status.st_ino)
        }
    }

    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Lists the names in a directory, sorted, without `.` and `..`.
    ///
    /// - Throws: `SystemError` if the directory cannot be read.
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

    /// Removes a directory and everything in it; links are removed, not followed. A missing directory is no
    /// error.
    ///
    /// - Throws: `SystemError` if that fails.
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

    /// Removes a directory so that other processes see it whole or not at all: it is renamed first.
    ///
    /// - Throws: `SystemError` if that fails.
    package static func removeAtOnce(_ path: String) throws {
        let doomed = "\(path).tmp-removed-\(getpid())"
        guard rename(path, doomed) == 0 else {
            if errno == ENOENT { return }
            throw SystemError(cannot: "remove", path)
        }
        try remove(doomed)
    }

    /// Synchronizes the names in a directory with the disk. Without it a new or renamed file may vanish after
    /// a power failure.
    ///
    /// - Throws: `SystemError` if that fails.
    package static func synchronize(_ path: String) throws {
        let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY, to: "open the directory")
        try directory.synchronize(path: path)
    }
}
