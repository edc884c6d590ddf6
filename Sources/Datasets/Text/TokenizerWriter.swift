/// Writes tokenizers as JSON: a BPE as `tokenizer.json` of Hugging Face, the other kinds as an object with a
/// field `tokenizer`.
enum TokenizerWriter {
    static func json(_ content: Tokenizer.Content) -> [UInt8] {
        switch content {
        case .characters(let tokens):
            var text: [UInt8] = []
            for scalar in tokens.scalars { UTF8Scalars.append(scalar, to: &text) }
            return Array(#"{"tokenizer":"characters","end":\#(tokens.hasEnd),"characters":"#.utf8)
                + JSONText.quoted(text) + Array("}".utf8)
        case .bytes(let hasEnd): return Array(#"{"tokenizer":"bytes","end":\#(hasEnd)}"#.utf8)
        case .words(let tokens):
            let words = tokens.words.map { JSONText.quoted($0) }.joined(separator: ",".utf8)
            return Array(#"{"tokenizer":"words","words":["#.utf8) + Array(words) + Array("]}".utf8)
        case .bpe(let bpe): return json(bpe)
        }
    }

    private static func json(_ bpe: BPETokenizer) -> [UInt8] {
        var text: [UInt8] = []
        func add(_ part: String) { text += part.utf8 }
        add(#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":["#)
        add(bpe.added.map(addedToken).joined(separator: ","))
        add(#"],"normalizer":"#)
        add(sequence(bpe.normalizer.steps.map(normalizer), "normalizers"))
        add(#","pre_tokenizer":"#)
        add(sequence(bpe.preTokenizer.steps.map(preTokenizer), "pretokenizers"))
        add(#","post_processor":"#)
        add(template(bpe))
        add(#","decoder":"#)
        add(sequence((bpe.decoder.steps ?? []).map(decoder), "decoders"))
        add(#","model":"#)
        text += model(bpe.model)
        add("}")
        return text
    }

    private static func quoted(_ text: [UInt8]) -> String {
        String(decoding: JSONText.quoted(text), as: UTF8.self)
    }

    private static func quoted(_ scalar: UInt32) -> String { quoted(UTF8Scalars.bytes(scalar)) }

    private static func sequence(_ steps: [String], _ field: String) -> String {
        switch steps.count {
        case 0: "null"
        case 1: steps[0]
        default: #"{"type":"Sequence","\#(field)":[\#(steps.joined(separator: ","))]}"#
        }
    }

    private static func addedToken(_ token: AddedToken) -> String {
        #"{"id":\#(token.id),"content":\#(quoted(token.content)),"single_word":false"#
            + #","lstrip":\#(token.takesSpaceBefore),"rstrip":\#(token.takesSpaceBehind)"#
            + #","normalized":\#(token.isNormalized),"special":\#(token.isSpecial)}"#
    }

    private static func replace(_ replacement: TextReplacement) -> String {
        #"{"type":"Replace","pattern":{"String":\#(quoted(replacement.pattern))}"#
            + #","content":\#(quoted(replacement.content))}"#
    }

    private static func normalizer(_ step: TextNormalizer.Step) -> String {
        switch step {
        case .nfc: #"{"type":"NFC"}"#
        case .prepend(let text): #"{"type":"Prepend","prepend":\#(quoted(text))}"#
        case .replace(let replacement): replace(replacement)
        }
    }

    private static func preTokenizer(_ step: PreTokenizer.Step) -> String {
        switch step {
        case .split(let pattern):
            #"{"type":"Split","pattern":{"Regex":\#(JSONText.quoted(pattern.expression))}"#
                + #","behavior":"Isolated","invert":false}"#
        case .digits(let individual): #"{"type":"Digits","individual_digits":\#(individual)}"#
        case .byteLevel(let addsSpace, let splits): byteLevel(addsSpace: addsSpace, splits: splits)
        case .metaspace(let metaspace):
            #"{"type":"Metaspace","replacement":\#(quoted(metaspace.replacement))"#
                + #","prepend_scheme":"\#(metaspace.scheme.rawValue)","split":\#(metaspace.splits)}"#
        }
    }

    private static func byteLevel(addsSpace: Bool, splits: Bool) -> String {
        #"{"type":"ByteLevel","add_prefix_space":\#(addsSpace),"trim_offsets":true,"use_regex":\#(splits)}"#
    }

    private static func decoder(_ step: TokenDecoder.Step) -> String {
        switch step {
        case .byteLevel: byteLevel(addsSpace: true, splits: true)
        case .replace(let replacement): replace(replacement)
        case .byteFallback: #"{"type":"ByteFallback"}"#
        case .fuse: #"{"type":"Fuse"}"#
        case .strip(let scalar, let count):
            #"{"type":"Strip","content":\#(quoted(scalar)),"start":\#(count),"stop":0}"#
        case .metaspace(let scalar, let dropsFirst):
            #"{"type":"Metaspace","replacement":\#(quoted(scalar))"#
                + #","prepend_scheme":"\#(dropsFirst ? "always" : "never")","split":true}"#
        }
    }

    private static func template(_ bpe: BPETokenizer) -> String {
        let template = bpe.template
        guard template != .init() else { return "null" }
        func name(_ id: Int32) -> String {
            quoted(bpe.added.last { $0.id == id }?.content ?? bpe.spelling(of: id) ?? [])
        }
        func pieces(_ ids: [Int32]) -> [String] {
            ids.map { #"{"SpecialToken":{"id":\#(name($0)),"type_id":0}}"# }
        }
        let first = #"{"Sequence":{"id":"A","type_id":0}}"#
        let single = pieces(template.before) + [first] + pieces(template.behind)
        let pair = single + [#"{"Sequence":{"id":"B","type_id":1}}"#]
        let special = Set(template.before + template.behind).sorted().map {
            #"\#(name($0)):{"id":\#(name($0)),"ids":[\#($0)],"tokens":[\#(name($0))]}"#
        }.joined(separator: ",")
        return #"{"type":"TemplateProcessing","single":[\#(single.joined(separator: ","))]"#
            + #","pair":[\#(pair.joined(separator: ","))],"special_tokens":{\#(special)}}"#
    }

    private static func model(_ model: BPEModel) -> [UInt8] {
        let options = model.options
        var text = Array(#"{"type":"BPE","dropout":null,"unk_token":"#.utf8)
        text += options.unknown.map { JSONText.quoted($0) } ?? Array("null".utf8)
        text += Array(#","continuing_subword_prefix":null,"end_of_word_suffix":null"#.utf8)
        text += Array(
            #","fuse_unk":\#(options.fusesUnknown),"byte_fallback":\#(options.fallsBackToBytes)"#.utf8)
        text += Array(#","ignore_merges":\#(options.ignoresMerges),"vocab":{"#.utf8)
        var isFirst = true
        for (id, token) in model.tokens.enumerated() {
            guard let token else { continue }
            if !isFirst { text.append(UInt8(ascii: ",")) }
            isFirst = false
            text += JSONText.quoted(token) + Array(":\(id)".utf8)
        }
        text += Array(#"},"merges":["#.utf8)
        for (rank, merge) in model.merges.enumerated() {
            if rank > 0 { text.append(UInt8(ascii: ",")) }
            text.append(UInt8(ascii: "["))
            text += JSONText.quoted(model.tokens[Int(merge.left)] ?? [])
            text.append(UInt8(ascii: ","))
            text += JSONText.quoted(model.tokens[Int(merge.right)] ?? []) + Array("]".utf8)
        }
        return text + Array("]}".utf8)
    }
}
