import System

/// A value under its tag, as the plugins of TensorBoard 2 read it: a tensor with the name of its plugin.
package struct BoardValue: Sendable {
    package enum Content: Sendable {
        /// A curve's point.
        case scalar(Double)
        case histogram([HistogramBucket])
        /// Markdown.
        case text(String)
        /// A picture as a PNG file.
        case picture(Picture)
    }

    package struct Picture: Equatable, Sendable {
        package var width: Int
        package var height: Int
        package var png: [UInt8]

        package init(width: Int, height: Int, png: [UInt8]) {
            (self.width, self.height, self.png) = (width, height, png)
        }
    }

    package var tag: String
    package var content: Content

    package init(_ tag: String, _ content: Content) { (self.tag, self.content) = (tag, content) }

    private var plugin: BoardPlugin {
        switch content {
        case .scalar: .scalars
        case .histogram: .histograms
        case .text: .text
        case .picture: .images
        }
    }

    private var tensor: BoardTensor {
        switch content {
        case .scalar(let value): .scalar(value)
        case .histogram(let buckets):
            .doubles(buckets.flatMap { [$0.left, $0.right, $0.count] }, shape: [buckets.count, 3])
        case .text(let text): .strings([Array(text.utf8)], shape: [])
        case .picture(let picture):
            .strings(
                [Array("\(picture.width)".utf8), Array("\(picture.height)".utf8), picture.png], shape: [3])
        }
    }

    /// A `Summary.Value`.
    var message: ProtobufMessage {
        var message = ProtobufMessage()
        message.add(1, tag)
        message.add(8, tensor.message)
        message.add(9, plugin.metadata)
        return message
    }

    /// Reads a `Summary.Value`; nil if it is none that this program writes.
    init?(_ bytes: ArraySlice<UInt8>) throws {
        var (tag, tensor, plugin): (String?, BoardTensor?, BoardPlugin?)
        var fields = ProtobufFields(bytes)
        while let field = try fields.next() {
            guard case .bytes(let content) = field.value else { continue }
            switch field.number {
            case 1: tag = String(decoding: content, as: UTF8.self)
            case 8: tensor = try BoardTensor(content)
            case 9: plugin = try BoardPlugin(metadata: content)
            default: break
            }
        }
        guard let tag, let tensor, let plugin, let content = Self.content(plugin, tensor) else { return nil }
        self.init(tag, content)
    }

    private static func content(_ plugin: BoardPlugin, _ tensor: BoardTensor) -> Content? {
        switch (plugin, tensor) {
        case (.scalars, .scalar(let value)): .scalar(value)
        case (.histograms, .doubles(let values, let shape)) where shape.count == 2 && shape[1] == 3:
            .histogram(
                stride(from: 0, to: values.count, by: 3).map {
                    HistogramBucket(left: values[$0], right: values[$0 + 1], count: values[$0 + 2])
                })
        case (.text, .strings(let texts, [])): texts.first.map { .text(String(decoding: $0, as: UTF8.self)) }
        case (.images, .strings(let parts, [3])): picture(parts).map { .picture($0) }
        default: nil
        }
    }

    private static func picture(_ parts: [[UInt8]]) -> Picture? {
        guard let width = Int(String(decoding: parts[0], as: UTF8.self)),
            let height = Int(String(decoding: parts[1], as: UTF8.self))
        else { return nil }
        return Picture(width: width, height: height, png: parts[2])
    }
}
