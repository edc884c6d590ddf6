import Platform

/// The directories in which this program keeps files of its user: in the home directory, or where the XDG
/// variables say.
///
/// Containers, cron and services start programs with no home, with `HOME=/` or with a relative one. Such a
/// place is not used: the current directory or the root would get files that nobody expects there.
package enum UserDirectory {
    /// `$XDG_CONFIG_HOME/dist-train` or `~/.config/dist-train`; nil without a home.
    package static var config: String? { config(Environment.value) }

    /// `$XDG_CACHE_HOME/dist-train` or `~/.cache/dist-train`; nil without a home.
    package static var cache: String? { cache(Environment.value) }

    package static func config(_ variable: (String) -> String?) -> String? {
        place(variable, "XDG_CONFIG_HOME", inHome: ".config")
    }

    package static func cache(_ variable: (String) -> String?) -> String? {
        place(variable, "XDG_CACHE_HOME", inHome: ".cache")
    }

    private static func place(_ variable: (String) -> String?, _ name: String, inHome: String) -> String? {
        if let base = variable(name), base.hasPrefix("/") { return Path.join(base, "dist-train") }
        guard let home = variable("HOME"), home.hasPrefix("/"), home.contains(where: { $0 != "/" }) else {
            return nil
        }
        return Path.join(Path.join(home, inHome), "dist-train")
    }

    /// The directory for temporary files: `$TMPDIR` if it is absolute, otherwise `/tmp`.
    package static var temporary: String {
        Environment.value("TMPDIR").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
    }

    /// Makes a directory for this user alone below the one for temporary files, or finds it there.
    ///
    /// - Throws: `SystemError` if it cannot be made, or if what has its name is another user's, a link, or
    ///   open to others.
    package static func privateTemporary(_ name: String) throws -> String {
        let path = Path.join(temporary, "\(name)-\(geteuid())")
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemError(cannot: "make the directory", path) }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SystemError(cannot: "examine", path) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0
        else {
            throw SystemError("`\(path)` is not a directory for this user alone; remove it, or set TMPDIR")
        }
        return path
    }
}
