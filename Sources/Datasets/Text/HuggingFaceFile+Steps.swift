// Normalizer, pre-tokenizer, decoder and template of `tokenizer.json`.
extension HuggingFaceFile {
    func normalizerSteps(_ value: JSONTree?) throws -> [TextNormalizer.Step] {
        guard let value, !value.isNull else { return [] }
        switch try kind(value, "normalizer") {
        case "NFC": return [.nfc]
        case "Prepend":
            return [.prepend(try require(value["prepend"]?.bytes, "normalizer.prepend", "a text"))]
        case "Replace": return [.replace(try replacement(value, "normalizer"))]
        case "Sequence":
            return try require(value["normalizers"]?.elements, "normalizer.normalizers", "a list").flatMap {
                try normalizerSteps($0)
            }
        case let other:
            throw unsupported("normalizer.type", "\"\(other)\"", "NFC, Prepend, Replace, Sequence and null")
        }
    }

    private func replacement(_ value: JSONTree, _ field: String) throws -> TextReplacement {
        guard let pattern = value["pattern"]?["String"]?.bytes, !pattern.isEmpty else {
            throw unsupported(
                "\(field).pattern", "\(value["pattern"]?.shown ?? "missing")", "{\"String\": text}")
        }
        return TextReplacement(
            pattern: pattern, content: try require(value["content"]?.bytes, "\(field).content", "a text"))
    }

    func preTokenizerSteps(_ value: JSONTree?, isLast: Bool) throws -> [PreTokenizer.Step] {
        guard let value, !value.isNull else { return [] }
        let field = "pre_tokenizer"
        switch try kind(value, field) {
        case "Sequence":
            let steps = try require(value["pretokenizers"]?.elements, "\(field).pretokenizers", "a list")
            return try steps.enumerated().flatMap { index, step in
                try preTokenizerSteps(step, isLast: isLast && index == steps.count - 1)
            }
        case "Split": return [.split(try pattern(value))]
        case "Digits":
            return [
                .digits(
                    individual: try flag(
                        value["individual_digits"], "\(field).individual_digits", otherwise: false))
            ]
        case "ByteLevel":
            guard isLast else {
                throw unsupported(field, "ByteLevel before other steps", "ByteLevel at the end")
            }
            return [
                .byteLevel(
                    addsSpace: try flag(
                        value["add_prefix_space"], "\(field).add_prefix_space", otherwise: true),
                    splits: try flag(value["use_regex"], "\(field).use_regex", otherwise: true))
            ]
        case "Metaspace": return [.metaspace(try metaspace(value, field))]
        case let other:
            throw unsupported(
                "\(field).type", "\"\(other)\"", "ByteLevel, Metaspace, Split, Digits, Sequence and null")
        }
    }

    private func pattern(_ value: JSONTree) throws -> SplitPattern {
        let found = value["pattern"]?["Regex"]?.string
        guard let pattern = SplitPattern.allCases.first(where: { $0.expression == found }) else {
            throw unsupported(
                "pre_tokenizer.pattern", value["pattern"]?["Regex"]?.shown ?? "no regular expression",
                "the expressions of GPT-2, Llama 3 and Qwen2")
        }
        let inverts = try flag(value["invert"], "pre_tokenizer.invert", otherwise: false)
        let behavior = value["behavior"]?.string ?? "missing"
        // The patterns match everywhere, so that nothing lies between their matches.
        guard behavior == "Isolated" && !inverts || behavior == "Removed" && inverts else {
            throw unsupported(
                "pre_tokenizer.behavior", "\"\(behavior)\"", "\"Isolated\", or \"Removed\" with `invert`")
        }
        return pattern
    }

    private func metaspace(_ value: JSONTree, _ field: String) throws -> PreTokenizer.Metaspace {
        let scheme = value["prepend_scheme"]?.string ?? "always"
        let addsSpace = try flag(value["add_prefix_space"], "\(field).add_prefix_space", otherwise: true)
        guard let known = PreTokenizer.Metaspace.Scheme(rawValue: scheme) else {
            throw unsupported("\(field).prepend_scheme", "\"\(scheme)\"", "first, never and always")
        }
        return PreTokenizer.Metaspace(
            replacement: try scalar(value["replacement"], "\(field).replacement"),
            scheme: addsSpace ? known : .never,
            splits: try flag(value["split"], "\(field).split", otherwise: true))
    }

    private func scalar(_ value: JSONTree?, _ field: String) throws -> UInt32 {
        let scalars = value?.bytes.map { $0.withUnsafeBufferPointer { UTF8Scalars.scalars(of: $0) } } ?? []
        return try require(scalars.count == 1 ? scalars[0] : nil, field, "one character")
    }

    func decoder(_ value: JSONTree?) throws -> [TokenDecoder.Step]? {
        guard let value, !value.isNull else { return nil }
        switch try kind(value, "decoder") {
        case "Sequence":
            return try require(value["decoders"]?.elements, "decoder.decoders", "a list").flatMap {
                try decoder($0) ?? []
            }
        case "ByteLevel": return [.byteLevel]
        case "Replace": return [.replace(try replacement(value, "decoder"))]
        case "ByteFallback": return [.byteFallback]
        case "Fuse": return [.fuse]
        case "Strip":
            guard value["stop"]?.id == 0 else {
                throw unsupported("decoder.stop", value["stop"]?.shown ?? "missing", "0")
            }
            return [
                .strip(
                    try scalar(value["content"], "decoder.content"),
                    count: Int(try require(value["start"]?.id, "decoder.start", "a whole number")))
            ]
        case "Metaspace":
            let metaspace = try metaspace(value, "decoder")
            return [.metaspace(metaspace.replacement, dropsFirst: metaspace.scheme != .never)]
        case let other:
            throw unsupported(
                "decoder.type", "\"\(other)\"",
                "ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip, Sequence and null")
        }
    }

    // MARK: - The template

    func template(_ value: JSONTree?) throws -> BPETokenizer.Template {
        guard let value, !value.isNull else { return .init() }
        switch try kind(value, "post_processor") {
        case "ByteLevel": return .init()
        case "TemplateProcessing": return try template(pieces: value)
        case "Sequence":
            let processors = try require(value["processors"]?.elements, "post_processor.processors", "a list")
            return try processors.reduce(into: BPETokenizer.Template()) { whole, processor in
                let part = try template(processor)
                whole.before = part.before + whole.before
                whole.behind += part.behind
            }
        case let other:
            throw unsupported(
                "post_processor.type", "\"\(other)\"", "ByteLevel, TemplateProcessing, Sequence and null")
        }
    }

    private func template(pieces value: JSONTree) throws -> BPETokenizer.Template {
        var template = BPETokenizer.Template()
        var texts = 0
        for piece in try require(value["single"]?.elements, "post_processor.single", "a list") {
            if piece["Sequence"] != nil {
                texts += 1
                continue
            }
            let name = try require(piece["SpecialToken"]?["id"]?.string, "post_processor.single", "of tokens")
            let token = value["special_tokens"]?.members?.last { $0.name.elementsEqual(name.utf8) }?.value
            let ids = try require(token?["ids"]?.elements, "post_processor.special_tokens", "complete").map {
                try require($0.id.flatMap { $0 <= Self.largestID ? $0 : nil }, "post_processor.ids", "ids")
            }
            if texts == 0 { template.before += ids } else { template.behind += ids }
        }
        guard texts == 1 else {
            throw unsupported("post_processor.single", "a template of \(texts) texts", "a template of one")
        }
        return template
    }
}
