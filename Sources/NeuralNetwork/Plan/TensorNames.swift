/// The test whether `freeze` and `skip` name a tensor or layer.
package enum TensorNames {
    /// True if one of the entries is the name, or that of a block around it: `layer1` and `layer1.` cover
    /// `layer1.0.conv1.weight`, `conv1` does not cover `conv10.weight`.
    package static func isCovered(_ name: String, by entries: [String]) -> Bool {
        entries.contains { entry in
            let outer = entry.hasSuffix(".") ? String(entry.dropLast()) : entry
            return name == outer || name.hasPrefix(outer + ".")
        }
    }
}
