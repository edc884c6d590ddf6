import Datasets
import System
import Training

/// Samples of one set that are also in another one.
package struct SampleOverlap: Equatable {
    package let set: String
    package let other: String
    package let samples: Int

    package init(set: String, other: String, samples: Int) {
        self.set = set
        self.other = other
        self.samples = samples
    }

    /// Finds what sets have in common.
    /// - Parameter sets: each set's name and a hash of each of its samples.
    static func all(_ sets: [(name: String, hashes: [UInt64])]) -> [SampleOverlap] {
        sets.indices.flatMap { index in
            sets[..<index].compactMap { other in
                let count = DuplicateSamples.count(of: sets[index].hashes, in: other.hashes)
                guard count > 0 else { return nil }
                return SampleOverlap(set: sets[index].name, other: other.name, samples: count)
            }
        }
    }

    /// "12 samples of test are also in train".
    package var note: DataNote {
        DataNote(
            "samples_in_two_sets",
            "\(TextFormat.count(samples, "sample")) of \(set) \(samples == 1 ? "is" : "are") also in"
                + " \(other), so that the result on \(set) is too good",
            cure: "remove them from one of the two")
    }
}

extension DecodedData {
    /// The notes on the data, and on samples that are in several sets.
    package var allNotes: [DataNote] {
        let sets = [("train", train), ("validation", validation), ("test", test)].compactMap { name, set in
            set.map { (name: name, hashes: $0.sampleHashes()) }
        }
        return notes + SampleOverlap.all(sets).map(\.note)
    }
}
