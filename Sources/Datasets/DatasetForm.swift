import System

/// How a feature is stored.
package enum ElementType: UInt32, Sendable {
    case uint8 = 1
    case float32 = 2

    package var byteCount: Int { self == .uint8 ? 1 : 4 }
}

/// What a sample's target is.
package enum Targets: Equatable, Sendable {
    /// One of the named classes; stored as its index, Int32.
    case classes([String])
    /// So many numbers; stored as Float.
    case values(width: Int)
    /// There is none: data for unsupervised learning, or for prediction.
    case absent

    /// The number of classes, or of values; 0 without targets.
    package var width: Int {
        switch self {
        case .classes(let names): names.count
        case .values(let width): width
        case .absent: 0
        }
    }

    /// Classes that are called by their numbers.
    package static func numbered(_ count: Int) -> Targets { .classes((0..<count).map { String($0) }) }
}

/// Everything about a data set but its contents.
package struct DatasetForm: Equatable, Sendable {
    package var elementType: ElementType
    /// The shape of one sample: `[height, width, channels]` for images, `[columns]` for tables.
    package var sampleShape: [Int]
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

    /// Images' channels or tables' columns: what is normalised together.
    package var channelCount: Int { sampleShape.last ?? 1 }

    /// Where the parts lie; throws for numbers that no memory holds.
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
                "a data set of \(form.count) samples of shape \(form.sampleShape) cannot be held; check its header"
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

    /// The product, or nil beyond 2⁴⁷ (an address space).
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
