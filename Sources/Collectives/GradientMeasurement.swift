/// The measurement of a step's gradient, the same on every member: the sums of `VectorNorms` over fixed
/// cells.
///
/// Each owner measures the cells of its pieces once their sums are finished, and sends them to everyone.
/// Every member therefore has the same values and adds them up in the same order,
/// however the pieces are owned.
package struct GradientMeasurement: Sendable {
    /// The cells: ascending runs of the flat vector, none of which crosses a multiple of 1,024.
    package let cells: [Range<Int>]
    /// Doubles per cell: see `VectorNorms.measure`.
    package let width: Int
    /// True if no update may begin before the cells of all members have arrived.
    package let delaysUpdates: Bool
    /// Tells whether a step is measured.
    package let isMeasured: @Sendable (Int) -> Bool

    package init(
        cells: [Range<Int>], width: Int, delaysUpdates: Bool, isMeasured: @escaping @Sendable (Int) -> Bool
    ) {
        self.cells = cells
        self.width = width
        self.delaysUpdates = delaysUpdates
        self.isMeasured = isMeasured
    }
}
