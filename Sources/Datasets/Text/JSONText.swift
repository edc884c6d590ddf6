/// Parts of JSON texts that are written: strings that are given as UTF-8 bytes.
enum JSONText {
    /// A string in quotes, with the escapes that `serde_json` writes.
    static func quoted(_ text: some Sequence<UInt8>) -> [UInt8] {
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""): quoted += Array("\\\"".utf8)
            case UInt8(ascii: "\\"): quoted += Array("\\\\".utf8)
            case 0x08: quoted += Array("\\b".utf8)
            case 0x09: quoted += Array("\\t".utf8)
            case 0x0A: quoted += Array("\\n".utf8)
            case 0x0C: quoted += Array("\\f".utf8)
            case 0x0D: quoted += Array("\\r".utf8)
            case 0..<0x20:
                quoted += Array("\\u00\(byte < 16 ? "0" : "1")\(String(byte & 15, radix: 16))".utf8)
            default: quoted.append(byte)
            }
        }
        quoted.append(UInt8(ascii: "\""))
        return quoted
    }

    static func quoted(_ text: String) -> String { String(decoding: quoted(text.utf8), as: UTF8.self) }
}
