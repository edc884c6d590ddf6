/// Values as source text of Python, whatever is in them.
enum Python {
    /// A string in double quotes. Letters, digits and signs stay as they are; everything that could end the
    /// string, break the line or turn the direction of reading is escaped.
    static func text(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default: text += isPlain(scalar) ? String(scalar) : escape(scalar)
            }
        }
        return text + "\""
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            false
        default: scalar.value < 0x80 || scalar.properties.generalCategory != .spaceSeparator
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (letter, width) =
            scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x1_0000 ? ("u", 4) : ("U", 8)
        return "\\\(letter)\(String(repeating: "0", count: width - digits.count))\(digits)"
    }

    /// A list or a tuple; over several lines where it is long.
    static func list(_ elements: [String], brackets: (String, String) = ("[", "]")) -> String {
        let line = brackets.0 + elements.joined(separator: ", ") + brackets.1
        guard line.count > 90 else { return line }
        var lines: [String] = []
        var current = "   "
        for element in elements {
            if current.count + element.count > 100, current.count > 3 {
                lines.append(current)
                current = "   "
            }
            current += " \(element),"
        }
        return ([brackets.0] + lines + [current, brackets.1]).joined(separator: "\n")
    }

    static func numbers(_ values: [Float]) -> String {
        list(values.map { number(Double($0), $0.description) })
    }
    static func numbers(_ values: [Double]) -> String { list(values.map(number)) }
    static func number(_ value: Double) -> String { number(value, value.description) }

    private static func number(_ value: Double, _ description: String) -> String {
        value.isFinite ? description : "float(\"\(value)\")"
    }

    /// A size of two axes: `3`, or `(3, 5)`.
    static func pair(_ first: Int, _ second: Int) -> String {
        first == second ? "\(first)" : "(\(first), \(second))"
    }

    /// Tells whether a layer may be an attribute of a module under this name.
    static func isAttribute(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first), first != UInt8(ascii: "_") else {
            return false
        }
        return name.utf8.allSatisfy { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ".") }
            && !taken.contains(name)
    }

    /// Python's keywords, and what modules of PyTorch call their own.
    private static let taken = Set(
        """
        False None True and as assert async await break class continue def del elif else except finally for \
        from global if import in is lambda nonlocal not or pass raise return try while with yield \
        T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double \
        dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule \
        half ipu load_state_dict modules mtia named_buffers named_children named_modules named_parameters \
        parameters register_backward_hook register_buffer register_forward_hook register_forward_pre_hook \
        register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook \
        register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook \
        register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to \
        to_empty train training type xpu zero_grad \
        weight bias in_features out_features in_channels out_channels kernel_size stride padding dilation \
        groups padding_mode output_padding transposed eps momentum affine track_running_stats num_features \
        running_mean running_var num_batches_tracked mean matrix shape reset_parameters reset_running_stats \
        shift factor
        """.split(separator: " ").map(String.init))
}
