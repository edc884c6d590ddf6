import Datasets

/// Turns the body of a request into samples, by the rules by which `predict` reads files.
package struct RequestDecoder: Sendable {
    /// Pixels of the largest picture; a larger one is refused before memory is taken.
    package static let pixelLimit = 50_000_000

    enum Kind {
        case json, csv, image, text
    }

    package let form: SampleForm

    package init(_ form: SampleForm) { self.form = form }

    /// - Parameter mediaType: what the request calls its body; nil, or a name that programs send for any
    ///   body, lets its first bytes decide.
    /// - Throws: `RequestFault`.
    package func samples(_ body: [UInt8], mediaType: String?) throws(RequestFault) -> ServedSamples {
        guard !body.isEmpty else {
            let others =
                form.table != nil
                ? " or CSV"
                : form.tokenizer != nil ? " or a text" : form.isImage ? ", or a PNG or JPEG file" : ""
            throw RequestFault("the request has no body; send JSON\(others)")
        }
        let samples =
            switch try kind(of: body, mediaType) {
            case .json: try json(body)
            case .csv: try csv(body)
            case .image: try image(body)
            case .text: try text(body)
            }
        guard samples.count > 0 else { throw RequestFault("the request has no samples; send one or more") }
        return samples
    }

    private func kind(of body: [UInt8], _ mediaType: String?) throws(RequestFault) -> Kind {
        switch mediaType {
        case "application/json", "text/json": return .json
        case "text/csv": return .csv
        case "image/png", "image/jpeg", "image/jpg": return .image
        case nil, "application/octet-stream", "application/x-www-form-urlencoded", "text/plain":
            if body.starts(with: [0x89, 0x50]) || body.starts(with: [0xFF, 0xD8]) { return .image }
            let first = body.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
            if first == UInt8(ascii: "{") { return .json }
            if form.table != nil { return .csv }
            if form.tokenizer != nil { return .text }
        default: break
        }
        throw RequestFault(
            status: 415,
            "the body is of a type that is not read here; send application/json"
                + (form.table != nil
                    ? " or text/csv"
                    : form.tokenizer != nil
                        ? " or text/plain" : form.isImage ? ", image/png or image/jpeg" : ""))
    }

    private func text(_ body: [UInt8]) throws(RequestFault) -> ServedSamples {
        var samples = ServedSamples(features: [], count: 0)
        samples.append(try tokens(of: body, named: "the text"))
        return samples
    }

    /// The tokens of a text, as many as the model reads.
    func tokens(of text: [UInt8], named name: String) throws(RequestFault) -> ArraySlice<Int32> {
        guard let tokenizer = form.tokenizer else { throw RequestFault("this model takes no texts") }
        let tokens = try translated { () throws in
            do { return try tokenizer.encode(text, addsTemplate: true) } catch let error as DatasetError {
                throw DatasetError("\(name): \(error.description)")
            }
        }
        guard !tokens.isEmpty else { throw RequestFault("\(name) has no tokens; send a text with words") }
        return tokens.prefix(form.shape[0])
    }

    private func image(_ body: [UInt8]) throws(RequestFault) -> ServedSamples {
        guard form.isImage else {
            throw RequestFault(
                status: 415,
                "this model takes samples of shape \(form.shape), which no picture has; send JSON")
        }
        let pixels = try translated { () throws in
            try body.withUnsafeBytes {
                try ImageFile.decode($0, name: "the picture", pixelLimit: Self.pixelLimit).fitted(
                    to: form.shape
                )
                .pixels
            }
        }
        return ServedSamples(features: pixels.map { Float($0) }, count: 1)
    }

    private func csv(_ body: [UInt8]) throws(RequestFault) -> ServedSamples {
        guard let table = form.table else {
            throw RequestFault(
                status: 415, "this model was not trained with a table; send application/json")
        }
        return try rows(body, table, format: table.format, name: "the table", hasLines: true)
    }

    /// Encodes the rows of a table.
    func rows(
        _ text: [UInt8], _ table: TableEncoding, format: CSVFormat, name: String, hasLines: Bool
    ) throws(RequestFault) -> ServedSamples {
        // A row that the training would have left out has no answer, so it is a fault.
        let encoding = TableEncoding(
            format: table.format, missingCells: .mean, columns: table.columns, target: .absent)
        let dataset = try translated { () throws -> Dataset? in
            try text.withUnsafeBytes { bytes in
                try TableRows(bytes, named: name, hasLines: hasLines, format: format, encoding: encoding)
                    .next(limit: form.mostSamples + 1)?.dataset
            }
        }
        guard let dataset else { throw RequestFault("`\(name)` has no rows; send one or more") }
        guard dataset.count <= form.mostSamples else { throw form.tooMany() }
        return ServedSamples(features: dataset.floats, count: dataset.count)
    }

    private func translated<Result>(_ body: () throws -> Result) throws(RequestFault) -> Result {
        do { return try body() } catch { throw RequestFault("\(error)") }
    }
}
