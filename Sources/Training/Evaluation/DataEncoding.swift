import Datasets

/// The way from data to samples that a training learned. Data that are read later get the same form.
package struct DataEncoding: Equatable, Sendable {
    /// The encoding of a table's columns; nil for data of other kinds.
    package var table: TableEncoding?
    /// The numbers that are subtracted from those of arrays; nil: nothing.
    package var offsets: ArrayOffsets?
    /// The names of the classes; nil where targets are values or absent.
    package var classNames: [String]?
    /// The tokenizer of texts; nil for data of other kinds.
    package var tokenizer: Tokenizer?

    package init(
        table: TableEncoding? = nil, offsets: ArrayOffsets? = nil, classNames: [String]? = nil,
        tokenizer: Tokenizer? = nil
    ) {
        self.table = table
        self.offsets = offsets
        self.classNames = classNames
        self.tokenizer = tokenizer
    }

    /// The number that was subtracted from each column of a table, or each channel of images; empty: nothing.
    package var featureOffsets: [Double] { table?.featureOffsets ?? offsets?.features ?? [] }

    /// The number that was subtracted from each target value; empty: nothing.
    package var targetOffsets: [Double] { table?.target.offsets ?? offsets?.targets ?? [] }
}
