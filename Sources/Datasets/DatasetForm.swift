import System

/// The type in which features are stored.
package enum ElementType: UInt32, Sendable {
    case uint8 = 1
    case float32 = 2
    case uint16 = 3
    case uint32 = 4

    package var byteCount: Int {
        switch self {
        case .uint8: 1
        case .uint16: 2
        case .float32, .uint32: 4
        }
    }

    /// The smallest type that holds every token below `vocabulary`.
    package static func ofTokens(_ vocabulary: Int) -> ElementType {
        vocabulary <= 1 << 8 ? .uint8 : vocabulary <= 1 << 16 ? .uint16 : .uint32
    }
}

/// The kind of a sample's target.
package enum Targets: Equatable, Sendable {
    /// One of the named classes; stored as its index in Int32.
    case classes([String])
    /// `width` numbers; stored as Float.
    case values(width: Int)
    /// At every position of a sequence the token behind it. They are in the stream of tokens already.
    case nextToken
    /// No target: data for unsupervised learning or for prediction.
    case absent

    /// The number of classes, or of values per sample; 0 where no targets are stored.
    package var width: Int {
        switch self {
        case .classes(let names): names.count
        case .values(let width): width
        case .nextToken, .absent: 0
        }
    }

    /// True if each sample has a target of its own in memory.
    var areStored: Bool { self != .absent && self != .nextToken }

    /// Classes that are named by their numbers, from 0.
    package static func numbered(_ count: Int) -> Targets { .classes((0..<count).map { String($0) }) }
}

/// The description of a data set: everything but its contents.
package struct DatasetForm: Equatable, Sendable {
    package var elementType: ElementType
    /// The shape of one sample: `[height, width, channels]` for images, `[columns]` for tables, `[most
    /// positions, channels]` for sequences.
    package var sampleShape: [Int]
    /// Number of samples.
    package var count: Int
    package var targets: Targets
    /// The stream of which samples are pieces; nil where each sample has features of its own.
    package var stream: StreamForm?

    package static let maximalRank = 8

    package init(
        elementType: ElementType, sampleShape: [Int], count: Int, targets: Targets,
        stream: StreamForm? = nil
    ) {
        self.elementType = elementType
        self.sampleShape = sampleShape
        self.count = count
        self.targets = targets
        self.stream = stream
    }

    /// Features per sample.
    package var sampleSize: Int { sampleShape.reduce(1, *) }

    /// The channels of images or the columns of tables. Normalization has one pair of numbers for each.
    package var channelCount: Int { sampleShape.last ?? 1 }

    /// The byte ranges of the parts.
    /// - Throws: `DatasetError` if a size is not positive or no memory can hold it.
    func layout() throws -> DatasetLayout { try DatasetLayout(self) }
}

/// Byte ranges of the canonical form's parts (see `Dataset`).
struct DatasetLayout: Equatable {
    static let headerSize = 128
    static let alignment = 64

    let names: Range<Int>
    let features: Range<Int>
    /// The table of a stream's samples; empty where there is none.
    let samples: Range<Int>
    let targets: Range<Int>
    let total: Int

    init(_ form: DatasetForm) throws {
        var nameBytes = 0
        if case .classes(let names) = form.targets { nameBytes = names.reduce(0) { $0 + 4 + $1.utf8.count } }
        let perTarget =
            switch form.targets {
            case .classes: 1
            case .values(let width): width
            case .nextToken, .absent: 0
            }
        let shapeIsSound =
            (1...DatasetForm.maximalRank).contains(form.sampleShape.count)
            && form.sampleShape.allSatisfy { $0 > 0 }
        guard shapeIsSound, form.count > 0, form.count <= Int(Int32.max),
            !form.targets.areStored || form.targets.width > 0, form.stream?.fits(form) ?? true,
            let features = Self.product(
                form.stream.map { [$0.positions, form.channelCount, form.elementType.byteCount] }
                    ?? form.sampleShape + [form.count, form.elementType.byteCount]),
            let samples = Self.product([
                form.stream?.index == .table ? form.count : 0, StreamSample.byteCount,
            ]),
            let targets = Self.product([form.count, perTarget, 4])
        else {
            throw DatasetError(
                "a data set of \(form.count) samples of shape \(form.sampleShape) cannot be held;"
                    + " check its header"
            )
        }
        names = Self.headerSize..<Self.headerSize + nameBytes
        let featureStart = Self.aligned(names.upperBound)
        self.features = featureStart..<featureStart + features
        let sampleStart = Self.aligned(self.features.upperBound)
        self.samples = sampleStart..<sampleStart + samples
        let targetStart = Self.aligned(self.samples.upperBound)
        self.targets = targetStart..<targetStart + targets
        total = Self.aligned(self.targets.upperBound)
    }

    private static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }

    /// Multiplies; nil if the product is 2⁴⁷ or more, which no address space holds.
    static func product(_ factors: [Int]) -> Int? {
        var product = 1
        for factor in factors {
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            guard !overflow, next >= 0, next < 1 << 47 else { return nil }
            product = next
        }
        return product
    }
}
