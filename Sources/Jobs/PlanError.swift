/// A job that does not fit its data; said by the coordinator before any worker is asked.
package struct PlanError: Error, Equatable, CustomStringConvertible {
    package let description: String
    /// The name of the layer that is at fault, if one is.
    package let layer: String?
    /// Or the field of the config: `data.augment`.
    package let field: String?

    package init(_ description: String, layer: String? = nil, field: String? = nil) {
        self.description = description
        self.layer = layer
        self.field = field
    }
}
