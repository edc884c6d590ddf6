import Datasets

// JSON: `{"inputs": [sample, …]}`. A sample is a list of numbers, an image as lists in lists, or for tables
// an object with the columns' names. A text is a string.
extension RequestDecoder {
    func json(_ body: [UInt8]) throws(RequestFault) -> ServedSamples {
        let result = body.withUnsafeBufferPointer { bytes in
            Result<ServedSamples, RequestFault> { () throws(RequestFault) in
                var reader = JSONReader(bytes)
                return try read(&reader)
            }
        }
        return try result.get()
    }

    private func read(_ reader: inout JSONReader) throws(RequestFault) -> ServedSamples {
        try reader.require("{", "of {\"inputs\": […]}")
        guard !reader.take("}"), try reader.string() == "inputs" else {
            throw reader.fault("the samples are missing; send {\"inputs\": [sample, …]}")
        }
        try reader.require(":", "behind a name")
        let samples =
            if let table = form.table {
                try rows(&reader, table)
            } else if form.tokenizer != nil {
                try texts(&reader)
            } else {
                try arrays(&reader)
            }
        guard try !reader.another(or: "}") else {
            throw reader.fault("there is more than \"inputs\"; send that alone")
        }
        try reader.requireEnd()
        return samples
    }

    private func texts(_ reader: inout JSONReader) throws(RequestFault) -> ServedSamples {
        var samples = ServedSamples(features: [], count: 0)
        try reader.require("[", "of the list of texts")
        if reader.take("]") { return samples }
        repeat {
            guard samples.count < form.mostSamples else { throw form.tooMany() }
            let text = try reader.string()
            samples.append(try tokens(of: Array(text.utf8), named: "inputs[\(samples.count)]"))
        } while try reader.another(or: "]")
        return samples
    }

    private func arrays(_ reader: inout JSONReader) throws(RequestFault) -> ServedSamples {
        var samples = ArraySamples(form)
        try reader.require("[", "of the list of samples")
        if reader.take("]") { return samples.samples }
        repeat { try samples.read(&reader) } while try reader.another(or: "]")
        return samples.samples
    }

    /// Reads the rows of a table. They become a table in text, so that each cell is read as in a file.
    private func rows(_ reader: inout JSONReader, _ table: TableEncoding) throws(RequestFault)
        -> ServedSamples
    {
        var text = TableText(table)
        try reader.require("[", "of the list of samples")
        if reader.take("]") { return ServedSamples(features: [], count: 0) }
        repeat {
            guard text.count < form.mostSamples else { throw form.tooMany() }
            try text.read(&reader)
        } while try reader.another(or: "]")
        return try rows(text.bytes, table, format: text.format, name: "inputs", hasLines: false)
    }
}
