/// Several branches of the same input, concatenated along the channels (https://arxiv.org/abs/1409.4842).
struct BranchesDefinition: CompositeDefinition {
    let branches: [[NamedLayer]]

    func append(_ block: CompositeContext, to builder: inout NetworkBuilder) throws(ShapeMismatch) -> Int {
        var ends: [Int] = []
        for branch in branches {
            ends.append(try builder.append(branch, after: block.input, scope: block.scope))
        }
        return try builder.append(block.name, .concatenate, ConcatenateDefinition(), reading: ends)
    }
}
