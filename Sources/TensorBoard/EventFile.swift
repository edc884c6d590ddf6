import System

/// The events of a file, which may be larger than memory is meant for it.
package enum EventFile {
    /// Bytes that are read at once.
    private static let piece = 1 << 20
    /// The largest record, in bytes.
    private static let largest = 64 << 20

    /// Calls `body` with each event up to the file's end or the first damaged record, behind which nothing
    /// can be read, neither here nor by TensorBoard.
    ///
    /// - Throws: `SystemError` if the file cannot be read.
    package static func forEach(in path: String, _ body: (BoardEvent) -> Void) throws {
        var (offset, count) = (0, piece)
        while true {
            let bytes = try File.read(path, from: offset, count: count)
            var reader = EventReader(bytes[...])
            do { while let event = try reader.next() { body(event) } } catch { return }
            guard bytes.count == count else { return }
            // A record that does not fit into what was read is read again with more.
            guard reader.position > 0 || count < largest else { return }
            count = reader.position > 0 ? piece : 2 * count
            offset += reader.position
        }
    }
}
