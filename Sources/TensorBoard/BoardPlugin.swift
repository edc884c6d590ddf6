import System

/// The part of TensorBoard that shows a value. The raw value is its name in the files.
enum BoardPlugin: String {
    case scalars, histograms, text, images

    /// `DataClass`: a scalar 1, a tensor 2, pictures 3.
    private var dataClass: Int {
        switch self {
        case .scalars: 1
        case .histograms, .text: 2
        case .images: 3
        }
    }

    /// A `SummaryMetadata`. It stands beside every value: a file can then be read from any record on.
    var metadata: ProtobufMessage {
        var data = ProtobufMessage()
        data.add(1, rawValue)
        var message = ProtobufMessage()
        message.add(1, data)
        message.add(4, dataClass)
        return message
    }

    /// Reads a `SummaryMetadata`; nil for other plugins.
    init?(metadata: ArraySlice<UInt8>) throws {
        var name: String?
        var fields = ProtobufFields(metadata)
        while let field = try fields.next() {
            guard field.number == 1, case .bytes(let data) = field.value else { continue }
            var parts = ProtobufFields(data)
            while let part = try parts.next() {
                if part.number == 1, case .bytes(let text) = part.value {
                    name = String(decoding: text, as: UTF8.self)
                }
            }
        }
        guard let name else { return nil }
        self.init(rawValue: name)
    }
}
