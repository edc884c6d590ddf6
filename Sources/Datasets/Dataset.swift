import Synchronization
import System

/// A decoded data set, read-only.
///
///     let (train, validation) = try Digits.load()
///     train.count                                        // 1437
///     train.sampleShape                                  // [8, 8, 1]: height, width, channels
///     let normalization = Normalization(.zScore, of: train)
///     train.gather([0, 5, 9], normalization: normalization, into: rows)    // a mini-batch [3, 64]
///     train.gatherLabels([0, 5, 9], into: labels)
///
/// In memory it *is* its canonical form, so that the same bytes are hashed, sent to workers, mapped from
/// their caches and read by the training loop without a copy. Numbers are little-endian, every part begins at
/// a multiple of 64 bytes, and gaps are zero:
///
///       0  "DTRAINDS"                     24  u32 rank of a sample (1…8)   40  u64 bytes of class names
///       8  u32 version = 1, 2 of streams  28  u32 targets: 1 classes,      48  u64 total bytes
///      12  u32 features: 1 UInt8,             2 values, 3 none,            56  u64 positions of the stream,
///          2 Float32, 3 UInt16,               4 the next token                 0 without one
///          4 UInt32                       32  u64 classes, or values       64  8 × u64 shape (unused: 0)
///      16  u64 samples                        per sample
///     128  class names (u32 length, UTF-8, each)
///          features [count, shape…], or the stream [positions, channels]
///          a stream's table of samples (`StreamSample`), if it has one
///          Int32 labels [count], or Float values [count, width]
///
/// A stream's samples have two dimensions; behind their shape, from byte 96 on, come u64 the vocabulary (0:
/// values), the stride of windows (0: there is a table).
package final class Dataset: @unchecked Sendable {  // nothing is written after `init`
    package let form: DatasetForm
    let bytes: UnsafeRawBufferPointer
    let features: UnsafeRawBufferPointer
    /// The table of a stream's samples; empty where there is none.
    let samples: UnsafeRawBufferPointer
    let targets: UnsafeRawBufferPointer
    /// Keeps `bytes` valid.
    private let owner: AnyObject
    private let hash = Mutex<[UInt8]?>(nil)
    private let texts = Mutex<[UInt64]?>(nil)

    /// - Parameter owner: an object that keeps `bytes`, the canonical form, valid.
    init(checked form: DatasetForm, layout: DatasetLayout, bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        self.form = form
        self.bytes = bytes
        self.owner = owner
        features = UnsafeRawBufferPointer(rebasing: bytes[layout.features])
        samples = UnsafeRawBufferPointer(rebasing: bytes[layout.samples])
        targets = UnsafeRawBufferPointer(rebasing: bytes[layout.targets])
    }

    /// Number of samples.
    package var count: Int { form.count }
    /// Shape of one sample: `[height, width, channels]` for images, `[columns]` for tables.
    package var sampleShape: [Int] { form.sampleShape }
    /// Features per sample.
    package var sampleSize: Int { form.sampleSize }

    /// The names of the classes; nil where the targets are values or absent.
    package var classNames: [String]? { if case .classes(let names) = form.targets { names } else { nil } }

    /// The class index of every sample; empty where the targets are values or absent.
    package var labels: DatasetElements<Int32> {
        guard case .classes = form.targets else {
            return DatasetElements(UnsafeBufferPointer(start: nil, count: 0), owner: self)
        }
        return DatasetElements(targets.bindMemory(to: Int32.self), owner: self)
    }

    /// The targets `[count, width]`; empty where they are classes or absent.
    package var values: DatasetElements<Float> {
        guard case .values = form.targets else {
            return DatasetElements(UnsafeBufferPointer(start: nil, count: 0), owner: self)
        }
        return DatasetElements(targets.bindMemory(to: Float.self), owner: self)
    }

    /// The canonical form.
    package var serialized: DatasetElements<UInt8> {
        DatasetElements(bytes.bindMemory(to: UInt8.self), owner: self)
    }

    /// A part of the canonical form, valid while this object lives.
    package func borrowed(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    /// SHA-256 of the canonical form. It is the same on every machine for the same samples in the same order.
    package func contentHash() -> [UInt8] {
        hash.withLock { hash in
            if let hash { return hash }
            let digest = SHA256.digest(of: bytes)
            hash = digest
            return digest
        }
    }

    /// Keeps the hash of the canonical form, which has been computed already.
    func remember(hash known: [UInt8]) { hash.withLock { $0 = known } }

    /// A hash of each sample's text; nil where they are not known. Different texts may have the same tokens:
    /// those of words that are not in the vocabulary.
    var textHashes: [UInt64]? {
        get { texts.withLock { $0 } }
        set { texts.withLock { $0 = newValue } }
    }

    /// True if the canonical form is a file that is mapped: it needs no memory of its own.
    package var isMapped: Bool { owner is MappedFile }

    /// Gives back the memory of the canonical form's first bytes if that is a file; they stay readable.
    func release(_ count: Int) { (owner as? MappedFile)?.release(count) }

    /// Checks that a model of this data set can be fed with `other`.
    /// - Parameters:
    ///   - otherName: what messages call `other`, like "validation".
    ///   - name: what messages call this data set, like "train".
    /// - Throws: `DatasetError` if shapes or targets differ.
    package func requireSameForm(of other: Dataset, named otherName: String, as name: String) throws {
        let agree =
            form.stream == nil
            ? other.sampleShape == sampleShape
            : other.form.stream != nil && other.form.channelCount == form.channelCount
                && other.sampleShape[0] <= sampleShape[0]
        guard agree else {
            throw DatasetError(
                "samples of `\(otherName)` have shape \(other.sampleShape),"
                    + " those of `\(name)` \(sampleShape); give data sets of one kind"
            )
        }
        switch (form.targets, other.form.targets) {
        case (.classes(let names), .classes(let others)) where names != others:
            throw DatasetError(
                "`\(otherName)` has \(TextFormat.count(others.count, "class", plural: "classes")) and"
                    + " `\(name)` \(names.count), or their names"
                    + " differ; give data sets with the same classes")
        case (.values(let width), .values(let other)) where width != other:
            throw DatasetError(
                "`\(otherName)` has \(other) target columns, `\(name)` \(width);"
                    + " give data sets with the same targets"
            )
        case (.classes, .values), (.values, .classes):
            throw DatasetError(
                "one of `\(name)` and `\(otherName)` has classes as targets, the other values;"
                    + " give data sets of one kind"
            )
        case (.nextToken, .nextToken) where form.stream?.vocabulary != other.form.stream?.vocabulary:
            throw DatasetError(
                "`\(name)` and `\(otherName)` have tokens of different vocabularies; give both the same"
                    + " tokenizer")
        case (.nextToken, .classes), (.nextToken, .values), (.classes, .nextToken), (.values, .nextToken):
            throw DatasetError(
                "one of `\(name)` and `\(otherName)` is text without labels, the other is not;"
                    + " give data sets of one kind")
        case (.absent, .classes), (.absent, .values), (.absent, .nextToken), (.classes, .absent),
            (.values, .absent), (.nextToken, .absent):
            throw DatasetError(
                "one of `\(name)` and `\(otherName)` has targets, the other none; give data sets of one kind")
        default: return
        }
    }
}
