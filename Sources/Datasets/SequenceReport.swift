/// The findings about the tokens of a data set of texts.
package struct SequenceReport: Sendable {
    /// Documents, and samples, which are windows of a stream or documents themselves.
    package let documents: Int
    package let samples: Int
    /// Tokens of the whole stream, and the number of different ones that the vocabulary has.
    package let tokens: Int
    package let vocabulary: Int
    /// Tokens that are targets of the samples; 0 for texts with classes.
    package let targets: Int
    /// Tokens of a document.
    package let lengths: NumberRange?
    /// The most positions of a sample.
    package let context: Int
    /// Tokens that are not in the vocabulary; nil without a token for them.
    package let unknown: Int?
    /// The share of padding that batches in a random order would have if each were filled up to its longest
    /// sample. This program computes no padding.
    package let padding: Double
    package let batchSize: Int
    /// The most frequent tokens, as a tokenizer spells them.
    package let frequent: [NamedCount]
    /// The beginning of the first sample, as text; nil without a tokenizer.
    package let first: String?

    private static let mostShown = 10
    private static let longestFirst = 200

    /// Nil for data that are no tokens.
    /// - Parameters:
    ///   - isStream: whether samples are windows of a stream, not documents.
    ///   - batchSize: that of the job.
    package init?(_ dataset: Dataset, _ tokenizer: Tokenizer?, isStream: Bool, batchSize: Int) {
        guard let stream = dataset.form.stream, let vocabulary = stream.vocabulary else { return nil }
        let all = dataset.form.stream?.positions ?? 0
        var counts = [Int](repeating: 0, count: vocabulary)
        var lengths = NumberRange.Measurement()
        var length = 0
        let end = tokenizer?.endOfText.map { Int($0) }
        for position in 0..<all {
            let token = dataset.token(position)
            counts[token] += 1
            length += 1
            if isStream, token == end || position == all - 1 {
                lengths.add(Double(length))
                length = 0
            }
        }
        // The position behind a sample's last one is read as a target, too.
        let behind = dataset.form.targets == .nextToken ? 1 : 0
        let sizes = (0..<dataset.count).map { dataset.length(ofSample: $0) }
        if !isStream { for size in sizes { lengths.add(Double(size + behind)) } }
        (documents, samples) = (lengths.count, dataset.count)
        (tokens, self.vocabulary) = (all, vocabulary)
        targets =
            behind == 0
            ? 0 : (0..<dataset.count).reduce(0) { $0 + dataset.countedTargets(ofSample: $1) }
        self.lengths = lengths.range()
        context = dataset.sampleShape[0]
        unknown = tokenizer?.unknown.map { counts[Int($0)] }
        (padding, self.batchSize) = (Self.padding(sizes, batchSize), batchSize)
        let order = counts.indices.filter { counts[$0] > 0 }.sorted {
            counts[$0] == counts[$1] ? $0 < $1 : counts[$0] > counts[$1]
        }
        frequent = order.prefix(Self.mostShown).map { token in
            NamedCount(name: tokenizer?.text(of: Int32(token)) ?? "\(token)", count: counts[token])
        }
        let sample = dataset.streamSample(0)
        first = tokenizer.map { tokenizer in
            let ids = (sample.start..<sample.start + sample.length + behind).map { Int32(dataset.token($0)) }
            let text = String(
                decoding: tokenizer.decode(ids.prefix(Self.longestFirst), keepingSpecial: true),
                as: UTF8.self)
            return text.count > Self.longestFirst ? text.prefix(Self.longestFirst) + "…" : text
        }
    }

    private static func padding(_ sizes: [Int], _ batchSize: Int) -> Double {
        let order = SampleOrder.ofEpoch(0, count: sizes.count, seed: 0)
        var (filled, real) = (0, 0)
        for start in stride(from: 0, to: order.count, by: batchSize) {
            let batch = order[start..<min(order.count, start + batchSize)].map { sizes[$0] }
            filled += batch.count * (batch.max() ?? 0)
            real += batch.reduce(0, +)
        }
        return filled == 0 ? 0 : 1 - Double(real) / Double(filled)
    }
}
