import System

/// The type in which features are stored.
package enum ElementType: UInt32, Sendable {
    case uint8 = 1
    case float32 = 2

    package var byteCount: Int { self == .uint8 ? 1 : 4 }
}

/// The kind of a sample's target.
package enum Targets: Equatable, Sendable {
    /// One of the named classes; stored as its index in Int32.
    case classes([String])
    /// `width` numbers; stored as Float.
    case values(width: Int)
    /// No target: data for unsupervised learning or for prediction.
    case absent

    /// The number of classes, or of values per sample; 0 without targets.
    package var width: Int {
        switch self {
        case .classes(let names): names.count
        case .values(let width): width
        case .absent: 0
        }
    }

    /// Classes that are named by their numbers, from 0.
    package static func numbered(_ count: Int) -> Targets { .classes((0..<count).map { String($0) }) }
}

/// The description of a data set: everything but its contents.
package struct DatasetForm: Equatable, Sendable {
    package var elementType: ElementType
    /// The shape of one sample: `[height, width, channels]` for images, `[columns]` for tables.
    package var sampleShape: [Int]
    /// Number of samples.
    package var count: Int
    package var targets: Targets

    package static let maximalRank = 8

    package init(elementType: ElementType, sampleShape: [Int], count: Int, targets: Targets) {
        self.elementType = elementType
        self.sampleShape = sampleShape
        self.count = count
        self.targets = targets
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
    let targets: Range<Int>
    let total: Int

    init(_ form: DatasetForm) throws {
        var nameBytes = 0
        if case .classes(let names) = form.targets { nameBytes = names.reduce(0) { $0 + 4 + $1.utf8.count } }
        let perTarget =
            switch form.targets {
            case .classes: 1
            case .values(let width): width
            case .absent: 0
            }
        let shapeIsSound =
            (1...DatasetForm.maximalRank).contains(form.sampleShape.count)
            && form.sampleShape.allSatisfy { $0 > 0 }
        guard shapeIsSound, form.count > 0, form.count <= Int(Int32.max),
            form.targets == .absent || form.targets.width > 0,
            let features = Self.product(form.sampleShape + [form.count, form.elementType.byteCount]),
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
        let targetStart = Self.aligned(self.features.upperBound)
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
