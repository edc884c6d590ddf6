import CZlib
import System

/// The contents of a plain or gzip file (told apart by the first bytes), read piece by piece into buffers
/// whose size the reader decides. A small file that unpacks to something huge is never unpacked further than
/// asked.
final class ByteSource {
    /// The file's name in messages.
    let name: String
    /// Upper bound of the bytes that can be read: exact for a plain file; for gzip the format's limit of
    /// 1,032 bytes per compressed byte.
    let largestSize: Int
    private(set) var bytesRead = 0
    private let input: UnsafeRawBufferPointer
    private let owner: AnyObject?
    private var position = 0
    private var released = 0
    private let isCompressed: Bool
    private var stream = z_stream()
    private var memberHasEnded = false

    /// - Parameters:
    ///   - name: the file's name in messages.
    ///   - owner: an object that keeps `input` valid.
    init(_ input: UnsafeRawBufferPointer, name: String, owner: AnyObject?) throws {
        self.name = name
        self.input = input
        self.owner = owner
        isCompressed = input.count >= 2 && input[0] == 0x1F && input[1] == 0x8B
        largestSize =
            isCompressed ? input.count.multipliedReportingOverflow(by: 1_032).partialValue : input.count
        if isCompressed {
            let gzipOnly: Int32 = 15 + 16
            guard inflateInit2_(&stream, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
            else {
                throw DatasetError(
                    "zlib cannot unpack `\(name)`: there is no memory for it; free some and try again")
            }
        }
    }

    convenience init(path: String) throws {
        let file = try MappedFile(path)
        try self.init(file.bytes, name: path, owner: file)
    }

    deinit { if isCompressed { inflateEnd(&stream) } }

    /// Fills `output`, or as much of it as there are bytes left. Returns the number of bytes written.
    func read(into output: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = isCompressed ? try inflate(into: output) : copy(into: output)
        bytesRead += count
        return count
    }

    /// Tells whether everything has been read. For gzip this also compares the checksum.
    func isAtEnd() throws -> Bool {
        var byte: UInt8 = 0
        return try withUnsafeMutableBytes(of: &byte) { try read(into: $0) } == 0
    }

    private func copy(into output: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(output.count, input.count - position)
        output.copyBytes(from: input[position..<position + count])
        position += count
        releaseInput()
        return count
    }

    /// Gives back the memory of what has been read, now and then.
    private func releaseInput() {
        guard position - released > 1 << 24, let file = owner as? MappedFile else { return }
        released = position
        file.release(position & ~0xFFFF)
    }

    private func inflate(into output: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < output.count {
            if memberHasEnded, try !startNextMember() { break }
            guard position < input.count else {
                throw damaged("it ends before its compressed data do: it is truncated")
            }
            let inputCount = min(input.count - position, 1 << 30)
            let outputCount = min(output.count - filled, 1 << 30)
            stream.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.advanced(by: position).assumingMemoryBound(to: Bytef.self))
            stream.avail_in = uInt(inputCount)
            stream.next_out = output.baseAddress?.advanced(by: filled).assumingMemoryBound(to: Bytef.self)
            stream.avail_out = uInt(outputCount)
            let result = CZlib.inflate(&stream, Z_NO_FLUSH)
            position += inputCount - Int(stream.avail_in)
            releaseInput()
            filled += outputCount - Int(stream.avail_out)
            if result == Z_STREAM_END {
                memberHasEnded = true
            } else if result != Z_OK, !(result == Z_BUF_ERROR && position == input.count) {
                throw damaged(stream.msg.map { String(cString: $0) } ?? "error \(result)")
            }
        }
        return filled
    }

    /// Begins the next gzip member, because a file may hold several, one after the other. False at the file's
    /// end.
    private func startNextMember() throws -> Bool {
        guard position < input.count else { return false }
        guard input.count - position >= 2, input[position] == 0x1F, input[position + 1] == 0x8B else {
            throw damaged("bytes follow its compressed data")
        }
        inflateReset(&stream)
        memberHasEnded = false
        return true
    }

    private func damaged(_ fault: String) -> DatasetError {
        DatasetError("`\(name)` is a damaged gzip file (\(fault)); download or copy it again")
    }
}
