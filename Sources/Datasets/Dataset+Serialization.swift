import System

/// Reads and writes the canonical form (see `Dataset`). The bytes may come from anywhere, so no number in
/// them is believed before it is compared with the number of bytes that are there.
extension Dataset {
    private static let magic = Array("DTRAINDS".utf8)
    private static let version: UInt32 = 1
    private static let versionOfStreams: UInt32 = 2

    /// Opens the canonical form in a mapped file without a copy.
    /// - Throws: `DatasetError` if the bytes are damaged.
    package convenience init(_ file: MappedFile) throws {
        try self.init(serialized: file.bytes, owner: file, source: "`\(file.path)`")
    }

    /// The same of a file whose SHA-256 has been computed.
    convenience init(_ file: MappedFile, hash: [UInt8]) throws {
        try self.init(file)
        remember(hash: hash)
    }

    /// Opens the canonical form in memory. The bytes are copied once, to aligned memory.
    /// - Throws: `DatasetError` if the bytes are damaged.
    package convenience init(serialized bytes: [UInt8]) throws {
        let memory = AlignedBytes(count: bytes.count)
        memory.bytes.copyBytes(from: bytes)
        try self.init(
            serialized: UnsafeRawBufferPointer(memory.bytes), owner: memory, source: "the received data set")
    }

    private convenience init(serialized bytes: UnsafeRawBufferPointer, owner: AnyObject, source: String)
        throws
    {
        let form = try Self.readHeader(bytes, source: source)
        let layout = try form.layout()
        guard layout.total == bytes.count else {
            throw Self.damaged(source, "its header asks for \(layout.total) bytes, there are \(bytes.count)")
        }
        self.init(checked: form, layout: layout, bytes: bytes, owner: owner)
        try checkTargets()
        try checkStream()
    }

    private static func readHeader(_ bytes: UnsafeRawBufferPointer, source: String) throws -> DatasetForm {
        guard bytes.count >= DatasetLayout.headerSize, bytes.prefix(8).elementsEqual(magic) else {
            throw damaged(source, "it does not start with a data set's header")
        }
        func u32(_ offset: Int) -> UInt32 {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        func size(_ offset: Int) throws -> Int {
            let value = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            guard value < 1 << 47 else { throw damaged(source, "it claims a size of \(value)") }
            return Int(value)
        }
        guard u32(8) == version || u32(8) == versionOfStreams else {
            throw damaged(
                source, "it has version \(u32(8)), this program reads \(version) and \(versionOfStreams)")
        }
        guard let elementType = ElementType(rawValue: u32(12)) else {
            throw damaged(source, "its element type is \(u32(12))")
        }
        guard try size(48) == bytes.count else {
            throw damaged(source, "it should have \(try size(48)) bytes and has \(bytes.count)")
        }
        let rank = Int(u32(24))
        guard (1...DatasetForm.maximalRank).contains(rank) else {
            throw damaged(source, "its samples have rank \(rank)")
        }
        let shape = try (0..<rank).map { try size(64 + 8 * $0) }
        let targets: Targets
        switch u32(28) {
        case 1:
            targets = .classes(
                try readNames(bytes, count: try size(32), byteCount: try size(40), source: source))
        case 2:
            guard try size(40) == 0 else { throw damaged(source, "it has class names but no classes") }
            targets = .values(width: try size(32))
        case 3:
            guard try size(32) == 0, try size(40) == 0 else {
                throw damaged(source, "it has targets and has none")
            }
            targets = .absent
        case 4 where u32(8) == versionOfStreams:
            guard try size(32) == 0, try size(40) == 0 else {
                throw damaged(source, "it has targets beside its tokens")
            }
            targets = .nextToken
        default: throw damaged(source, "its kind of targets is \(u32(28))")
        }
        var form = DatasetForm(
            elementType: elementType, sampleShape: shape, count: try size(16), targets: targets)
        guard u32(8) == versionOfStreams else {
            guard elementType == .uint8 || elementType == .float32 else {
                throw damaged(source, "it has tokens and no stream")
            }
            return form
        }
        let (vocabulary, stride) = (try size(Self.streamOffset), try size(Self.streamOffset + 8))
        form.stream = StreamForm(
            positions: try size(56), vocabulary: vocabulary == 0 ? nil : vocabulary,
            index: stride == 0 ? .table : .windows(stride: stride))
        return form
    }

    /// Where the header says what a stream has besides its length: behind the two dimensions of its samples.
    private static let streamOffset = 96

    private static func readNames(_ bytes: UnsafeRawBufferPointer, count: Int, byteCount: Int, source: String)
        throws -> [String]
    {
        let end = DatasetLayout.headerSize + byteCount
        guard end <= bytes.count, count <= byteCount / 4 else {
            throw damaged(source, "its class names do not fit in")
        }
        var names: [String] = []
        var offset = DatasetLayout.headerSize
        for _ in 0..<count {
            guard offset + 4 <= end else { throw damaged(source, "its class names are cut short") }
            let length = Int(
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            guard length <= end - offset - 4 else { throw damaged(source, "its class names are cut short") }
            guard let name = String(validating: bytes[offset + 4..<offset + 4 + length], as: UTF8.self) else {
                throw damaged(source, "a class name is not UTF-8")
            }
            names.append(name)
            offset += 4 + length
        }
        guard offset == end else { throw damaged(source, "bytes follow its class names") }
        return names
    }

    static func writeHeader(
        _ form: DatasetForm, _ layout: DatasetLayout, into bytes: UnsafeMutableRawBufferPointer
    ) {
        func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
            bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        }
        for (index, byte) in magic.enumerated() { bytes[index] = byte }
        put(form.stream == nil ? version : versionOfStreams, at: 8)
        put(form.elementType.rawValue, at: 12)
        put(UInt64(form.count), at: 16)
        put(UInt32(form.sampleShape.count), at: 24)
        put(UInt64(form.targets.width), at: 32)
        put(UInt64(layout.names.count), at: 40)
        put(UInt64(layout.total), at: 48)
        for (index, size) in form.sampleShape.enumerated() { put(UInt64(size), at: 64 + 8 * index) }
        if let stream = form.stream {
            put(UInt64(stream.positions), at: 56)
            put(UInt64(stream.vocabulary ?? 0), at: streamOffset)
            if case .windows(let stride) = stream.index { put(UInt64(stride), at: streamOffset + 8) }
        }
        let names: [String]
        switch form.targets {
        case .values: return put(UInt32(2), at: 28)
        case .absent: return put(UInt32(3), at: 28)
        case .nextToken: return put(UInt32(4), at: 28)
        case .classes(let classes): names = classes
        }
        put(UInt32(1), at: 28)
        var offset = layout.names.lowerBound
        for name in names {
            put(UInt32(name.utf8.count), at: offset)
            for (index, byte) in name.utf8.enumerated() { bytes[offset + 4 + index] = byte }
            offset += 4 + name.utf8.count
        }
    }

    private static func damaged(_ source: String, _ fault: String) -> DatasetError {
        DatasetError(
            "\(source) is no valid decoded data set: \(fault); remove it, so that it is made or sent again")
    }
}
