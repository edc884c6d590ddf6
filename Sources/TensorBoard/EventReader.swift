import System

/// Reads the events of a file one after the other. A record that is cut off at the file's end is the last one
/// of a process that was killed: it does not count.
package struct EventReader {
    private var rest: ArraySlice<UInt8>

    private let start: Int

    package init(_ bytes: ArraySlice<UInt8>) { (rest, start) = (bytes, bytes.startIndex) }

    /// Bytes of the records that were taken.
    package var position: Int { rest.startIndex - start }

    /// Takes the next event; nil at the end.
    ///
    /// - Throws: `SystemError` if a record is damaged; nothing behind it can be read.
    package mutating func next() throws -> BoardEvent? {
        guard rest.count >= EventRecord.headCount else { return nil }
        let length = rest.prefix(8)
        guard EventRecord.integer(rest.dropFirst(8).prefix(4)) == EventRecord.checksum(length) else {
            throw SystemError("the checksum of a record's length is wrong")
        }
        let count: UInt64 = EventRecord.integer(length)
        let behind = rest.dropFirst(EventRecord.headCount)
        guard behind.count >= EventRecord.tailCount, count <= behind.count - EventRecord.tailCount else {
            return nil
        }
        let content = behind.prefix(Int(count))
        let tail = behind.dropFirst(Int(count)).prefix(EventRecord.tailCount)
        guard EventRecord.integer(tail) == EventRecord.checksum(content) else {
            throw SystemError("the checksum of a record is wrong")
        }
        rest = behind.dropFirst(Int(count) + EventRecord.tailCount)
        return try BoardEvent(content)
    }
}
