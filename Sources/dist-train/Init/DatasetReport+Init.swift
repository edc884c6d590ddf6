import Datasets

// The facts from which a first config follows.
extension DatasetReport {
    package var isClassification: Bool { !classes.isEmpty }
    package var isImage: Bool { form.sampleShape.count == 3 }
    package var outputs: Int { isClassification ? classes.count : max(1, form.targets.width) }
    /// The range of the only target value; nil for classes, and for several values.
    package var target: NumberRange? { targets.count == 1 ? targets[0] : nil }
}
