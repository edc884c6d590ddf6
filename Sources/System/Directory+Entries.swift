import Platform

extension Directory {
    /// An entry of a directory, with links followed.
    package struct Entry: Equatable, Sendable {
        package enum Kind: Equatable, Sendable {
            case file
            case directory
            /// The entry is a pipe, a socket or a device.
            case special
            /// The entry, mostly a link, leads to nothing; the system's reason.
            case unreachable(String)
        }

        /// The name. A byte that is not UTF-8 is written like `\xE9`, so that a person can find the entry.
        package let name: String
        /// False if `name` does not open the entry, because the name's bytes are not UTF-8.
        package let isUTF8: Bool
        package let kind: Kind
    }

    /// Lists the entries of a directory, sorted by the bytes of their names, without `.` and `..`.
    ///
    /// - Throws: `SystemError` if the directory cannot be read.
    package static func entries(_ path: String) throws -> [Entry] {
        guard let directory = opendir(path) else { throw SystemError(cannot: "list", path) }
        defer { closedir(directory) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else { break }
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let start = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            let bytes = UnsafeRawBufferPointer(start: start, count: strlen(start))
            if bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8) { continue }
            let name = String(validating: bytes, as: UTF8.self)
            entries.append(
                Entry(
                    name: name ?? escaped(bytes), isUTF8: name != nil,
                    kind: kind(of: start, in: dirfd(directory))))
        }
        guard errno == 0 else { throw SystemError(cannot: "list", path) }
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func kind(of name: UnsafePointer<CChar>, in directory: Int32) -> Entry.Kind {
        var status = stat()
        guard fstatat(directory, name, &status, 0) == 0 else {
            return .unreachable(
                errno == ENOENT
                    ? "it is a link to something that does not exist" : SystemError.text(of: errno))
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        default: return .special
        }
    }

    private static func escaped(_ bytes: UnsafeRawBufferPointer) -> String {
        var text = ""
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = (1...4).first { $0 <= rest.count && isCharacter(rest.prefix($0)) }
            guard let length else {
                text += "\\x" + TextFormat.hex([rest.removeFirst()]).uppercased()
                continue
            }
            text += String(decoding: rest.prefix(length), as: UTF8.self)
            rest.removeFirst(length)
        }
        return text
    }

    private static func isCharacter(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }
}
