/// How the columns of a training table become features and targets.
package struct TableRules: Equatable, Sendable {
    /// The rule for missing cells.
    package enum MissingCells: String, CaseIterable, Sendable {
        /// A missing cell is an error.
        case error
        /// The sample is left out.
        case drop
        /// The training column's mean replaces it; in a categorical column the most frequent category (the
        /// first of equally frequent ones). A missing target is still an error.
        case mean
    }

    package enum Task: String, CaseIterable, Sendable {
        case classification
        case regression
    }

    /// The columns to predict: none for unsupervised learning, several to predict several values at once.
    package var targets: [String]
    /// Nil decides from the target's cells: classification if one is no number, or if all are whole numbers
    /// of which at most `TableRules.mostNumberedClasses` differ; regression otherwise.
    package var task: Task?
    /// The task of the job's loss, where `task` is nil: classification makes classes of a
    /// target unless it has many different numbers, regression makes values of a target whose cells are all
    /// numbers.
    package var usualTask: Task?
    /// Columns that are categorical although their cells are numbers.
    package var categorical: [String]
    /// Columns that are not read.
    package var ignored: [String]
    package var missingCells: MissingCells

    var effectiveTask: Task? { task ?? usualTask }

    /// Whole numbers that a target may have to be taken as classes.
    package static let mostNumberedClasses = 20
    /// Categories of a column; more of them are an error, because the column is probably free text.
    package static let mostCategories = 1_000
    /// Classes of a target; more of them are an error.
    package static let mostClasses = 10_000
    /// Bytes of the longest name of a category or class.
    package static let longestName = 1_000

    package init(
        targets: [String] = [], task: Task? = nil, categorical: [String] = [], ignored: [String] = [],
        missingCells: MissingCells = .error
    ) {
        self.targets = targets
        self.task = task
        self.categorical = categorical
        self.ignored = ignored
        self.missingCells = missingCells
    }
}
