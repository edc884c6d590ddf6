import System

/// An event of TensorBoard: values of one step, or the first record of a file, which names the format.
///
/// The numbers of fields are those of event.proto, summary.proto and tensor.proto
/// (https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto).
package struct BoardEvent: Sendable {
    /// Seconds since 1970-01-01 UTC.
    package var time: Double
    package var step: Int
    package var values: [BoardValue]
    /// The name of the format in a file's first record; nil in others.
    package var version: String?

    package init(time: Double, step: Int, values: [BoardValue]) {
        (self.time, self.step, self.values) = (time, step, values)
    }

    /// The first record of a file.
    package static func first(time: Double) -> BoardEvent {
        var event = BoardEvent(time: time, step: 0, values: [])
        event.version = "brain.Event:2"
        return event
    }

    /// The content of the record.
    package var encoded: [UInt8] {
        var message = ProtobufMessage()
        message.add(1, time)
        message.add(2, step)
        if let version { message.add(3, version) }
        guard !values.isEmpty else { return message.bytes }
        var summary = ProtobufMessage()
        for value in values { summary.add(1, value.message) }
        message.add(5, summary)
        return message.bytes
    }

    /// The whole record.
    package var record: [UInt8] { EventRecord.framed(encoded) }

    /// Reads the content of a record. Fields that are not known are passed over.
    /// - Throws: `SystemError` if it is none.
    package init(_ content: ArraySlice<UInt8>) throws {
        self.init(time: 0, step: 0, values: [])
        var fields = ProtobufFields(content)
        while let field = try fields.next() {
            switch (field.number, field.value) {
            case (1, .fixed64(let bits)): time = Double(bitPattern: bits)
            case (2, .varint(let number)): step = Int(truncatingIfNeeded: number)
            case (3, .bytes(let text)): version = String(decoding: text, as: UTF8.self)
            case (5, .bytes(let summary)): values += try Self.values(summary)
            default: break
            }
        }
    }

    private static func values(_ summary: ArraySlice<UInt8>) throws -> [BoardValue] {
        var values: [BoardValue] = []
        var fields = ProtobufFields(summary)
        while let field = try fields.next() {
            guard field.number == 1, case .bytes(let content) = field.value else { continue }
            if let value = try BoardValue(content) { values.append(value) }
        }
        return values
    }
}
