/// A first look at texts, before anybody says what they are.
package enum TextSurvey {
    /// The names of the members of the first JSON line that are texts, in their order; nil if the first line
    /// that is not blank holds no JSON object.
    /// - Throws: `DatasetError` or `SystemError` if the file cannot be read.
    package static func members(ofFirstLineOf path: String) throws -> [String]? {
        let file = try TextFile(path)
        return withExtendedLifetime(file) { members(ofFirstLineOf: file.bytes) }
    }

    private static func members(ofFirstLineOf bytes: UnsafeBufferPointer<UInt8>) -> [String]? {
        let blank: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        guard let start = bytes.firstIndex(where: { !blank.contains($0) }) else { return nil }
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        let line = UnsafeBufferPointer(rebasing: bytes[start..<end])
        guard let members = (try? JSONTree(line, name: ""))?.members else { return nil }
        return members.compactMap { member in
            member.value.bytes.map { _ in String(decoding: member.name, as: UTF8.self) }
        }
    }
}
