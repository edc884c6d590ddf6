/// A data set that `dist-train data get` downloads: its files, where they are, and their checksums.
package struct PublishedDataset: Sendable {
    package struct RemoteFile: Sendable {
        package var name: String
        /// MD5 in hexadecimal digits.
        package var checksum: String

        package init(name: String, checksum: String) {
            self.name = name
            self.checksum = checksum
        }
    }

    package var name: String
    /// The address of the directory that holds the files.
    package var address: String
    /// The directory that they go to unless another one is named.
    package var usualDirectory: String
    package var files: [RemoteFile]
    /// The publisher of the checksums.
    package var checksumSource: String
    /// The directory that the archive unpacks to; nil if the files are used as they are.
    package var unpacked: String?
    /// The key of the source in a config.
    package var source: String

    package init(
        name: String, address: String, usualDirectory: String, files: [RemoteFile], checksumSource: String,
        unpacked: String? = nil, source: String
    ) {
        self.name = name
        self.address = address
        self.usualDirectory = usualDirectory
        self.files = files
        self.checksumSource = checksumSource
        self.unpacked = unpacked
        self.source = source
    }

    package static let all = [mnist, fashionMNIST, cifar10]

    private static let mnist = PublishedDataset(
        name: "mnist", address: "https://ossci-datasets.s3.amazonaws.com/mnist", usualDirectory: "data/mnist",
        files: [
            RemoteFile(name: "train-images-idx3-ubyte.gz", checksum: "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            RemoteFile(name: "train-labels-idx1-ubyte.gz", checksum: "d53e105ee54ea40749a09fcbcd1e9432"),
            RemoteFile(name: "t10k-images-idx3-ubyte.gz", checksum: "9fb629c4189551a2d022fa330f9573f3"),
            RemoteFile(name: "t10k-labels-idx1-ubyte.gz", checksum: "ec29112dd5afa0611ce80d1b7f02629c"),
        ], checksumSource: "torchvision (torchvision/datasets/mnist.py)", source: "mnist")

    private static let fashionMNIST = PublishedDataset(
        name: "fashion-mnist",
        address: "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        usualDirectory: "data/fashion-mnist",
        files: [
            RemoteFile(name: "train-images-idx3-ubyte.gz", checksum: "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            RemoteFile(name: "train-labels-idx1-ubyte.gz", checksum: "25c81989df183df01b3e8a0aad5dffbe"),
            RemoteFile(name: "t10k-images-idx3-ubyte.gz", checksum: "bef4ecab320f06d8554ea6380940ec79"),
            RemoteFile(name: "t10k-labels-idx1-ubyte.gz", checksum: "bb300cfdad3c16e7a12a480ee83cd310"),
        ], checksumSource: "torchvision (torchvision/datasets/mnist.py)", source: "fashion_mnist")

    private static let cifar10 = PublishedDataset(
        name: "cifar10", address: "https://www.cs.toronto.edu/~kriz", usualDirectory: "data",
        files: [RemoteFile(name: "cifar-10-binary.tar.gz", checksum: "c32a1d4ab5d03f1284b67883e8d87530")],
        checksumSource: "the authors' page (https://www.cs.toronto.edu/~kriz/cifar.html)",
        unpacked: "cifar-10-batches-bin", source: "cifar10")
}
