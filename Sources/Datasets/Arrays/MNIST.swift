import System

/// Data sets in the four files of MNIST: images and labels for training (60,000) and for testing (10,000).
package enum MNIST: String, CaseIterable, Sendable {
    /// Handwritten digits (http://yann.lecun.com/exdb/mnist).
    case digits
    /// Zalando's articles of clothing (https://github.com/zalandoresearch/fashion-mnist).
    case fashion

    /// The classes in the order of their labels.
    package var classNames: [String] {
        switch self {
        case .digits: (0..<10).map { String($0) }
        case .fashion:
            [
                "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
                "Ankle boot",
            ]
        }
    }

    /// Reads a part from the directory that holds the files, plain or gzip, under one of their usual names,
    /// such as `train-images-idx3-ubyte.gz` or `train-images.idx3-ubyte`.
    /// - Throws: `DatasetError` or `SystemError`.
    package func read(_ directory: String, part: CIFAR.Part) throws -> (dataset: Dataset, notes: [DataNote]) {
        let name = part == .train ? "train" : "t10k"
        let (dataset, _, notes) = try Dataset.idx(
            images: file(directory, "\(name)-images", "idx3-ubyte"),
            labels: file(directory, "\(name)-labels", "idx1-ubyte"), classNames: classNames)
        let other: MNIST = self == .digits ? .fashion : .digits
        guard dataset.labels.starts(with: other.firstLabels(part)) else { return (dataset, notes) }
        let note = DataNote(
            "other_data_set",
            "the labels in `\(directory)` begin like those of \(other.title), not of"
                + " \(title)",
            cure: "`\(other.key): \"\(directory)\"`, if they are")
        return (dataset, notes + [note])
    }

    private var title: String { self == .digits ? "MNIST" : "Fashion-MNIST" }
    private var key: String { self == .digits ? "mnist" : "fashion_mnist" }

    /// The first labels of the published files.
    private func firstLabels(_ part: CIFAR.Part) -> [Int32] {
        switch (self, part) {
        case (.digits, .train): [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
        case (.digits, .test): [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
        case (.fashion, .train): [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
        case (.fashion, .test): [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
        }
    }

    /// Finds a file in the directory, or where torchvision and Kaggle put it below.
    private func file(_ directory: String, _ name: String, _ ending: String) throws -> String {
        guard Directory.isDirectory(directory) else {
            throw DatasetError(
                "there is no directory `\(directory)` with the files of \(title); get them with"
                    + " `dist-train data get \(download) --to \(directory)`")
        }
        let usual = "\(name)-\(ending)"
        let names = [usual, "\(name).\(ending)"]
        for folder in ["", "raw", "MNIST/raw", "FashionMNIST/raw", usual, "\(name).\(ending)"] {
            for file in names.flatMap({ [$0, $0 + ".gz"] }) {
                let path = Path.join(Path.join(directory, folder), file)
                if File.exists(path), !Directory.isDirectory(path) { return path }
            }
        }
        throw DatasetError(
            "`\(directory)` has no file `\(usual)` (also `\(names[1])`, plain or .gz) of \(title); get it"
                + " with `dist-train data get \(download) --to \(directory)`")
    }

    private var download: String { self == .digits ? "mnist" : "fashion-mnist" }
}
