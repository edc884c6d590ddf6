import Configuration
import Datasets

// The sources of samples: `{csv: {path: "data.csv", target: "price"}, limit: 1000}`.

/// A source and the fields beside it.
private struct SourceFields: Sendable {
    var source = DataSpec.Source.digits
    var limit: Int?
}

extension Codec where Value == DataSpec.Source {
    /// - Parameter train: the training data: others of the same kind have its settings unless they say
    ///   otherwise
    static func dataSource(like train: DataSpec.Source?) -> Self {
        var train = train
        if case .limited(let source, _)? = train { train = source }
        let codec = Codec<SourceFields>.choice(
            "a data set", blank: SourceFields(), \.source, DataSpec.Source.kinds(like: train)
        ) {
            Field(
                "limit", \.limit, .int(1...), "Takes the first samples alone.", example: "1000",
                default: "all samples")
        }.map(
            to: { fields in fields.limit.map { .limited(fields.source, count: $0) } ?? fields.source },
            from: { source -> SourceFields? in
                guard case .limited(let source, let count) = source else {
                    return SourceFields(source: source)
                }
                return SourceFields(source: source, limit: count)
            })
        return train == nil ? codec.named("data_set") : codec
    }
}

extension DataSpec.Source {
    /// Reads a source as a config has it: `{csv: {path: "x.csv", target: "y"}}`.
    /// - Throws: `ConfigurationError` if it is none.
    package init(parsing text: String) throws(ConfigurationError) {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(SourceFile(name: "the source", text: text), diagnostics: diagnostics)
        try diagnostics.check()
        let source = value.flatMap { Codec<Self>.dataSource(like: nil).read($0, diagnostics) }
        try diagnostics.check()
        guard let source else { preconditionFailure("what cannot be read has a diagnostic") }
        self = source
    }

    fileprivate static func kinds(like train: Self?) -> [Choice<Self>] {
        [
            Choice(
                "builtin", .oneOf(EmbeddedDataset.self),
                "A set inside the program: `digits`, 8×8 handwritten digits, 1,437 for training and 360 for"
                    + " everything else; `wine`, 178 wines of 3 cultivars with 13 measurements;"
                    + " `breast_cancer`, 569 tumours, malignant or benign, with 30 measurements. The last two"
                    + " are divided by `split`.",
                example: "\"digits\"", to: { .builtin($0) },
                from: { if case .builtin(let set) = $0 { set } else { nil } }),
            idx(like: train),
            mnist("mnist", .digits, "MNIST's four files: handwritten digits."),
            mnist("fashion_mnist", .fashion, "Fashion-MNIST's four files: articles of clothing."),
            csv(like: train),
            Choice(
                "cifar10", .oneOrMore(.path),
                "CIFAR-10's binary version: its directory, a file, or a list of files.",
                example: "\"data/cifar-10-batches-bin\"", to: { .cifar10($0) },
                from: { if case .cifar10(let paths) = $0 { paths } else { nil } }),
            cifar100(like: train), npy(like: train), imageFolder(like: train),
            text(like: train), madeUp(like: train),
        ]
    }

    private static func mnist(_ key: String, _ kind: MNIST, _ about: String) -> Choice<Self> {
        Choice(
            key, .path, about + " Its directory, which `dist-train data get` fills.",
            example: "\"data/\(key.replacing("_", with: "-"))\"", to: { .mnist(kind, directory: $0) },
            from: { source in
                guard case .mnist(kind, let directory) = source else { return nil }
                return directory
            })
    }

    private static func idx(like train: Self?) -> Choice<Self> {
        struct Files: Sendable { var images = "", labels = "", firstClass = 0 }
        var blank = Files()
        if case .idx(_, _, let firstClass)? = train { blank.firstClass = firstClass }
        let codec = Codec<Files>.object(blank) {
            Field(
                required: "images", \.images, .path, "The file of the images.",
                example: "\"data/train-images-idx3-ubyte.gz\"")
            Field(
                required: "labels", \.labels, .path, "The file of their labels.",
                example: "\"data/train-labels-idx1-ubyte.gz\"")
            Field(
                "first_class", \.firstClass, .int(-1_000_000...1_000_000), "The label of the first class.",
                example: "1")
        }
        return Choice(
            "idx", codec, "MNIST's format.", example: "{images: \"FILE\", labels: \"FILE\"}",
            to: { .idx(images: $0.images, labels: $0.labels, firstClass: $0.firstClass) },
            from: {
                if case .idx(let images, let labels, let firstClass) = $0 {
                    Files(images: images, labels: labels, firstClass: firstClass)
                } else {
                    nil
                }
            })
    }

    private static func cifar100(like train: Self?) -> Choice<Self> {
        struct Files: Sendable { var path = "", labels = CIFAR.Labels.fine }
        var blank = Files()
        if case .cifar100(_, let labels)? = train { blank.labels = labels }
        let codec = Codec<Files>.object(blank) {
            Field(
                required: "path", \.path, .path, "The directory, or the file.",
                example: "\"data/cifar-100-binary\"")
            Field(
                "labels", \.labels, .oneOf(CIFAR.Labels.self),
                "The 100 fine classes or the 20 coarse ones.", example: "\"coarse\"")
        }
        return Choice(
            "cifar100", codec, "CIFAR-100's binary version.", example: "{path: \"DIRECTORY\"}",
            to: { .cifar100(path: $0.path, labels: $0.labels) },
            from: {
                if case .cifar100(let path, let labels) = $0 {
                    Files(path: path, labels: labels)
                } else {
                    nil
                }
            })
    }

    private static func npy(like train: Self?) -> Choice<Self> {
        var blank = DataSpec.NPYFiles(features: "")
        if case .npy(let files)? = train {
            blank.layout = files.layout
            blank.classes = files.classes
            blank.firstClass = files.firstClass
        }
        let codec = Codec<DataSpec.NPYFiles>.object(
            blank,
            check: { files, decoder in
                guard decoder.contains("classes"), files.targets == nil else { return }
                decoder.error(
                    "`classes` says what the targets are", atValueOf: "classes", label: "give `targets` too")
            }
        ) {
            Field(
                required: "features", \.features, .path,
                "Tables `[N, columns]`, images `[N, height, width]` or `[N, height, width, channels]`.",
                example: "\"data/x.npy\"")
            Field(
                "targets", \.targets, .path,
                "Classes `[N]` (numbers or texts), or values `[N]` or `[N,"
                    + " outputs]`.",
                example: "\"data/y.npy\"")
            Field(
                "layout", \.layout, .oneOf(Dataset.ImageLayout.self),
                "Order of an image array's axes: `nchw` is `[N, channels, height, width]`.",
                example: "\"nchw\"")
            Field(
                "classes", \.classes, .bool, "Whether the targets are classes: numbers, or one-hot rows.",
                example: "true", default: "true for whole numbers `[N]` and for texts")
            Field(
                "first_class", \.firstClass, .int(-1_000_000...1_000_000), "The number of the first class.",
                example: "1")
        }
        return Choice(
            "npy", codec, "NumPy's files.", example: "{features: \"FILE\", targets: \"FILE\"}",
            to: { files in
                var files = files
                if files.targets == nil { files.classes = nil }
                return .npy(files)
            }, from: { if case .npy(let files) = $0 { files } else { nil } })
    }

    private static func imageFolder(like train: Self?) -> Choice<Self> {
        var blank = ImageFolder(path: "")
        if case .imageFolder(let folder)? = train {
            blank = folder
            blank.path = ""
        }
        let side = Codec<Int>.int(1...16_384)
        let size = side.shorthand { ImageFolder.Size(height: $0, width: $0) }
            .or(
                Codec<[Int]>.array(of: side, count: 2...2)
                    .map(
                        to: { ImageFolder.Size(height: $0[0], width: $0[1]) },
                        from: { [$0.height, $0.width] }))
        let codec = Codec<ImageFolder>.object(blank) {
            Field(
                required: "path", \.path, .path, "The folder; each of its subfolders is a class.",
                example: "\"data/images\"")
            Field(
                "size", \.size, size, "Resizes every image to `[height, width]`, or to one number for both.",
                example: "[64, 64]", default: "images must have one size")
            Field("channels", \.channels, channels, "1 for grey images, 3 for colour.", example: "1")
            Field(
                "damaged", \.damaged, .oneOf(ImageFolder.Damaged.self),
                "Whether images that cannot be read are an error, or left out with a note.",
                example: "\"skip\"")
        }
        return Choice(
            "image_folder", codec,
            "PNG and JPEG files, read as viewers show them: upright, transparent pixels on white, CMYK as"
                + " RGB, 16 bits as 8. Files are told by their content.", example: "{path: \"DIRECTORY\"}",
            to: { .imageFolder($0) }, from: { if case .imageFolder(let folder) = $0 { folder } else { nil } })
    }

    private static var channels: Codec<Int> {
        Codec(
            .special("1 (grey) or 3 (red, green, blue)", schema: ["enum": [1, 3]], samples: [1, 3]),
            accept: { value in
                guard case .number(let number) = value.kind else { return nil }
                return number.integer == 1 || number.integer == 3 ? number.integer : nil
            }, write: { .int($0) })
    }

    private static func madeUp(like train: Self?) -> Choice<Self> {
        var blank = MadeUpData(shape: [1], classes: nil, samples: 1)
        var isKnown = false
        if case .madeUp(let data)? = train { (blank, isKnown) = (data, true) }
        let shape = Codec<[Int]>.array(of: Codec<Int>.int(1...65_536), count: 1...3)
        let about =
            "Shape of a sample: `[columns]`, `[height, width, channels]`, `[positions, channels]` of a "
            + "sequence, or `[positions]` of tokens."
        let codec = Codec<MadeUpData>.object(blank) {
            if isKnown {
                Field("shape", \.shape, shape, about)
            } else {
                Field(required: "shape", \.shape, shape, about, example: "[28, 28, 1]")
            }
            Field(
                "classes", \.classes, .int(2...65_536), "Number of classes.", example: "10",
                default: "10; none with `tokens`")
            Field(
                "tokens", \.tokens, .int(2...StreamForm.mostTokens),
                "Makes samples of tokens below this number; without `classes` the next token is the target.",
                example: "65")
            Field(
                required: "samples", \.samples, .int(1...16_777_216), "Number of samples.", example: "2048")
        }
        return Choice(
            "made_up", codec,
            "For measurements: random bytes with random classes, the same on every machine.",
            example: "{shape: [28, 28, 1], classes: 10, samples: 2048}", to: { .madeUp($0) },
            from: { if case .madeUp(let data) = $0 { data } else { nil } })
    }
}
