/// Names of tensors and layers by their beginnings, as `freeze` and `skip` give them.
package enum TensorNames {
    /// True if one of the entries is the name or a layer around it: `layer1` and `layer1.` cover `layer1.0.conv1.weight`, `conv1` does not cover `conv10.weight`.
    package static func isCovered(_ name: String, by entries: [String]) -> Bool {
        entries.contains { entry in
            let outer = entry.hasSuffix(".") ? String(entry.dropLast()) : entry
            return name == outer || name.hasPrefix(outer + ".")
        }
    }
}
