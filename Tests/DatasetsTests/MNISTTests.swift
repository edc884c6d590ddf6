import Datasets
import System
import TestSupport
import Testing

@Suite struct MNISTTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Writes images of one pixel, and their labels.
    private func write(_ images: String, _ labels: String, _ values: [UInt8]) throws {
        let count = UInt8(values.count)
        for (name, bytes) in [
            (images, [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 1] + values),
            (labels, [0, 0, 8, 1, 0, 0, 0, count] + values),
        ] {
            let path = directory.file(name)
            try Directory.create(Path.directory(of: path))
            try File.writeAtomically(bytes, to: path)
        }
    }

    /// The names that the authors, their mirrors, torchvision and Kaggle use.
    @Test(
        arguments: [
            ("", "-images-idx3-ubyte", "-labels-idx1-ubyte"),
            ("", "-images.idx3-ubyte", "-labels.idx1-ubyte"),
            ("", "-images-idx3-ubyte.gz", "-labels-idx1-ubyte.gz"),
            ("", "-images.idx3-ubyte.gz", "-labels-idx1-ubyte"),
            ("MNIST/raw/", "-images-idx3-ubyte", "-labels-idx1-ubyte.gz"),
            ("raw/", "-images-idx3-ubyte", "-labels-idx1-ubyte"),
        ]) func everyNameIsFound(folder: String, images: String, labels: String) throws
    {
        try write("\(folder)train\(images)", "\(folder)train\(labels)", [3, 1, 4])
        try write("\(folder)t10k\(images)", "\(folder)t10k\(labels)", [9, 2])
        let (train, notes) = try MNIST.digits.read(directory.path, part: .train)
        #expect(
            Array(train.labels) == [3, 1, 4] && train.sampleShape == [1, 1, 1] && train.rows == [3, 1, 4])
        #expect(train.classNames == (0..<10).map { "\($0)" } && notes.isEmpty)
        #expect(Array(try MNIST.fashion.read(directory.path, part: .test).dataset.labels) == [9, 2])
        #expect(try MNIST.fashion.read(directory.path, part: .test).dataset.classNames?[9] == "Ankle boot")
    }

    /// A folder may have the name of the file in it.
    @Test func kagglesFolders() throws {
        for name in ["images-idx3-ubyte", "labels-idx1-ubyte"] {
            try Directory.create(directory.file("train-\(name)"))
        }
        try write(
            "train-images-idx3-ubyte/train-images-idx3-ubyte",
            "train-labels-idx1-ubyte/train-labels-idx1-ubyte", [7])
        #expect(Array(try MNIST.digits.read(directory.path, part: .train).dataset.labels) == [7])
    }

    @Test func whatIsMissingIsNamed() throws {
        #expect(
            complaint(in: directory) { _ = try MNIST.digits.read(directory.file("data"), part: .train) }
                == "there is no directory `data` with the files of MNIST; get them with `dist-train data"
                + " get mnist"
                + " --to data`")
        try write("train-images-idx3-ubyte", "labels", [1])
        #expect(
            complaint(in: directory) { _ = try MNIST.fashion.read(directory.path, part: .train) }.contains(
                "has no file `train-labels-idx1-ubyte` (also `train-labels.idx1-ubyte`, plain or .gz) of"
                    + " Fashion-MNIST; get it with `dist-train data get fashion-mnist --to "))
        try write("train-images-idx3-ubyte", "train-labels-idx1-ubyte", [10])
        #expect(
            complaint(in: directory) { _ = try MNIST.digits.read(directory.path, part: .train) }.hasPrefix(
                "`train-labels-idx1-ubyte` has the class 10 for sample 0, outside 0…9;"))
    }

    /// Both data sets have files of the same names.
    @Test func theOtherDataSetIsNoticed() throws {
        try write("train-images-idx3-ubyte", "train-labels-idx1-ubyte", [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3])
        #expect(try MNIST.digits.read(directory.path, part: .train).notes.isEmpty)
        let notes = try MNIST.fashion.read(directory.path, part: .train).notes
        #expect(notes.map(\.kind) == ["other_data_set"])
        #expect(notes.first?.cure == "`mnist: \"\(directory.path)\"`, if they are")
    }
}
