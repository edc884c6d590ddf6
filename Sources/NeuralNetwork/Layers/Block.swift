/// Layers one after the other, whose names begin with the block's.
struct BlockDefinition: CompositeDefinition {
    let body: [NamedLayer]

    func append(_ block: CompositeContext, to builder: inout NetworkBuilder) throws(ShapeMismatch) -> Int {
        try builder.append(body, after: block.input, scope: block.name + ".")
    }
}
