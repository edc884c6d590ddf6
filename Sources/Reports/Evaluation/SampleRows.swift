import Datasets
import Training

/// The features of samples as the data's author knows them: columns of a table, or numbers, in the unit of
/// the data.
struct SampleRows {
    private let dataset: Dataset
    /// The first feature of each column, and the categories that its features stand for.
    private let columns: [(name: String, first: Int, categories: [String]?)]
    private let offsets: [Double]

    /// The most columns that are shown.
    static let most = 12

    /// Nil unless a sample is a row of numbers.
    init?(_ dataset: Dataset, _ encoding: DataEncoding) {
        guard dataset.sampleShape.count == 1 else { return nil }
        self.dataset = dataset
        offsets = encoding.featureOffsets
        var first = 0
        let table = encoding.table.map { table in
            table.columns.map { column in
                defer { first += column.kind.width }
                var categories: [String]?
                if case .categories(let names, _) = column.kind { categories = names }
                return (name: column.name, first: first, categories: categories)
            }
        }
        columns = table ?? (0..<dataset.sampleSize).map { ("column \($0)", $0, nil) }
    }

    /// The first columns, as many as are shown.
    var shown: [Plot.Column] {
        columns.prefix(Self.most).map { Plot.Column($0.name, isNumber: $0.categories == nil) }
    }

    var omitted: Int { max(0, columns.count - Self.most) }

    func cells(_ sample: Int) -> [Plot.Cell] {
        let values = values(sample)
        return columns.prefix(Self.most).map { column in
            guard let categories = column.categories else {
                return .number(Double(values[column.first]) + offset(column.first))
            }
            let own = values[column.first..<column.first + categories.count]
            return own.firstIndex(where: { $0 > 0.5 }).map { .text(categories[$0 - column.first]) } ?? .none
        }
    }

    private func values(_ sample: Int) -> [Float] {
        var values = [Float](repeating: 0, count: dataset.sampleSize)
        dataset.gather([sample][...], normalization: Normalization(.none, of: dataset), into: &values)
        return values
    }

    private func offset(_ feature: Int) -> Double { offsets.indices.contains(feature) ? offsets[feature] : 0 }
}
