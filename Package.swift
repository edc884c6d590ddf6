// swift-tools-version: 6.2
import PackageDescription

// Fused multiply-add only where the source says so, and the same vector width in debug and release:
// the bits of a result depend on neither (see "Exactness" in Sources/README.md).
#if arch(x86_64)
    let processor: [String] = ["-march=x86-64-v3", "-ffp-contract=off"]
#else
    let processor: [String] = ["-ffp-contract=off"]
#endif

let cFlags: [CSetting] = [.unsafeFlags(processor + ["-std=c2x"])]
let swiftFlags: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .unsafeFlags(processor.flatMap { ["-Xcc", $0] }),
]
// The hot loops: their callers have validated every range.
let kernelFlags: [SwiftSetting] = swiftFlags + [.unsafeFlags(["-Ounchecked"], .when(configuration: .release))]

/// A floor of the house: a target may use targets on lower floors only.
func room(_ name: String, uses dependencies: [Target.Dependency], _ flags: [SwiftSetting] = swiftFlags)
    -> Target
{
    .target(name: name, dependencies: dependencies, swiftSettings: flags)
}

/// Tests of a room. The code that they call is always optimized; they themselves are only where they compute
/// much, because optimizing them takes longer than running them.
func tests(_ name: String, uses dependencies: [Target.Dependency], areOptimized: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: dependencies,
        swiftSettings: swiftFlags
            + (areOptimized ? [] : [.unsafeFlags(["-Onone"], .when(configuration: .release))]))
}

let package = Package(
    name: "dist-train",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "dist-train", targets: ["dist-train"])],
    targets: [
        // 0: system libraries and small C headers
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(
            name: "CPNG", pkgConfig: "libpng",
            providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(
            name: "CJPEG", pkgConfig: "libjpeg",
            providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
        .target(name: "CSIMD", cSettings: cFlags),
        .target(name: "CKernels", cSettings: cFlags),
        .target(name: "CSystem", cSettings: cFlags),
        .target(
            name: "CDatasets",
            exclude: [
                "digits.csv.gz", "wine.csv.gz", "breast_cancer.csv.gz", "ATTRIBUTION.md", "unicode.bin",
                "make_unicode.py",
            ],
            cSettings: cFlags),
        .target(
            name: "CPages", exclude: ["page", "try"], cSettings: cFlags),
        room("Platform", uses: []),
        // 1
        room("Threads", uses: ["CSystem", "Platform"]),
        room("Configuration", uses: ["Platform"]),
        .target(name: "CImages", dependencies: ["CPNG", "CJPEG"], cSettings: cFlags),
        // 2
        room(
            "Kernels", uses: ["COpenBLAS", "CKernels", "CSIMD", "CSystem", "Platform", "Threads"], kernelFlags
        ),
        room("Transport", uses: ["COpenSSL", "CSIMD", "CSystem", "Platform", "Threads"]),
        room("System", uses: ["COpenSSL", "CSystem", "Platform", "Threads"]),
        // 3
        room("NeuralNetwork", uses: ["Kernels"]),
        room("Datasets", uses: ["Kernels", "System", "CDatasets", "CZlib", "CImages", "Platform"]),
        room("Collectives", uses: ["Kernels", "CSystem", "Threads"]),
        room("Telemetry", uses: ["System", "Configuration", "Platform"]),
        room("HTTP", uses: ["Transport", "System", "Platform"]),
        room("Launch", uses: ["System", "Transport"]),
        room("Metrics", uses: ["Kernels", "Platform"]),
        // 4
        room("Checkpoints", uses: ["System", "Configuration", "NeuralNetwork", "Platform"]),
        room("Jobs", uses: ["Configuration", "System", "NeuralNetwork", "Datasets"]),
        room(
            "Pages",
            uses: ["CPages", "HTTP", "Transport", "System", "Configuration", "Telemetry", "Threads"]),
        // 5
        room(
            "Training",
            uses: [
                "Kernels", "System", "NeuralNetwork", "Datasets", "Collectives", "Checkpoints", "Jobs",
                "Threads",
            ]),
        // 6
        room(
            "Runs",
            uses: [
                "System", "Kernels", "Configuration", "NeuralNetwork", "Datasets", "Telemetry", "Checkpoints",
                "Jobs", "Training", "Metrics", "Platform",
            ]),
        // 7
        room(
            "Cluster",
            uses: [
                "Transport", "System", "Kernels", "Configuration", "NeuralNetwork", "Datasets", "Collectives",
                "Telemetry", "Checkpoints", "Jobs", "Training", "Runs", "Platform", "Threads",
            ]),
        room(
            "Export",
            uses: [
                "Checkpoints", "Configuration", "Datasets", "Jobs", "Kernels", "NeuralNetwork", "Runs",
                "System", "Training",
            ]),
        room(
            "TensorBoard",
            uses: [
                "CSIMD", "System", "Configuration", "Datasets", "Telemetry", "Checkpoints", "Platform",
                "Threads",
            ]),
        room(
            "Reports",
            uses: [
                "Pages", "System", "Kernels", "Configuration", "NeuralNetwork", "Datasets", "Telemetry",
                "Checkpoints", "Jobs", "Training", "Metrics", "Runs",
            ]),
        room(
            "Serving",
            uses: [
                "CPages", "HTTP", "Transport", "System", "Kernels", "Configuration", "Datasets",
                "Checkpoints", "Training", "Runs", "Threads",
            ]),
        // 8
        .executableTarget(
            name: "dist-train",
            dependencies: [
                "Configuration", "System", "Kernels", "NeuralNetwork", "Datasets", "Telemetry", "Checkpoints",
                "Jobs", "Training", "Runs", "Cluster", "Export", "Transport", "Platform", "Threads",
                "Launch", "Metrics", "HTTP", "Pages", "Reports", "TensorBoard", "Serving",
            ],
            swiftSettings: swiftFlags),

        tests("ThreadsTests", uses: ["TestSupport", "Platform", "Threads"]),
        tests("KernelsTests", uses: ["TestSupport", "Kernels", "Platform"], areOptimized: true),
        tests("ConfigurationTests", uses: ["TestSupport", "Configuration"]),
        tests(
            "TransportTests",
            uses: ["TestSupport", "Transport", "CSIMD", "CSystem", "System", "Platform", "Threads"],
            areOptimized: true),
        tests("SystemTests", uses: ["TestSupport", "System", "Platform", "Threads"]),
        tests("NeuralNetworkTests", uses: ["NeuralNetwork", "Kernels", "Platform"], areOptimized: true),
        tests(
            "DatasetsTests",
            uses: ["TestSupport", "Configuration", "Datasets", "Kernels", "System", "Platform", "Threads"]),
        tests("CollectivesTests", uses: ["TestSupport", "Collectives", "Kernels", "Threads"]),
        tests("TelemetryTests", uses: ["TestSupport", "Telemetry", "Configuration", "System", "Platform"]),
        tests("HTTPTests", uses: ["TestSupport", "HTTP", "Transport", "System", "Platform", "Threads"]),
        tests("ServingTests", uses: ["TestSupport", "Serving", "Configuration", "Datasets"]),
        tests(
            "PagesTests",
            uses: [
                "TestSupport", "Pages", "Telemetry", "Transport", "Configuration", "System",
            ]),
        tests("LaunchTests", uses: ["Launch"]),
        tests("MetricsTests", uses: ["TestSupport", "Metrics"]),
        tests("CheckpointsTests", uses: ["TestSupport", "Checkpoints", "System", "Platform"]),
        tests(
            "JobsTests",
            uses: [
                "TestSupport", "Jobs", "Training", "Configuration", "NeuralNetwork", "Datasets", "Kernels",
                "System",
            ]),
        tests(
            "TrainingTests",
            uses: [
                "TestSupport", "Training", "Jobs", "Checkpoints", "Configuration", "NeuralNetwork",
                "Datasets",
                "Kernels", "Collectives", "System", "Platform", "Threads",
            ]),
        tests(
            "ClusterTests",
            uses: [
                "TestSupport", "Cluster", "Runs", "Jobs", "Training", "Transport", "Collectives",
                "Configuration",
                "Checkpoints", "Datasets", "Kernels", "NeuralNetwork", "Platform", "System", "Telemetry",
                "Threads",
            ]),
        tests(
            "ExportTests",
            uses: [
                "TestSupport", "Export", "dist-train", "Checkpoints", "Configuration", "Datasets", "Jobs",
                "Kernels", "NeuralNetwork", "Runs", "System", "Training",
            ]),
        tests(
            "ReportsTests",
            uses: ["TestSupport", "Reports", "Configuration", "Metrics", "Checkpoints", "Kernels", "System"]),
        tests(
            "ProgramTests",
            uses: [
                "TestSupport", "dist-train", "Reports", "Configuration", "Datasets", "Jobs", "NeuralNetwork",
                "Runs",
                "System", "Telemetry", "Training", "Platform", "Threads", "Metrics",
            ]),
        tests(
            "EndToEndTests",
            uses: [
                "TestSupport", "System", "Transport", "Launch", "Datasets", "Configuration", "Pages",
                "TensorBoard",
                "Platform", "Threads",
            ]),
        tests(
            "TensorBoardTests",
            uses: [
                "TestSupport", "TensorBoard", "Checkpoints", "Datasets", "System", "Telemetry", "Platform",
            ]),
        tests("DocumentsTests", uses: ["TestSupport", "Configuration", "Jobs", "System"]),
        // Readers of outside bytes, for a fuzzer (deploy/fuzz) and for tests.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Transport", "System", "Configuration", "Datasets", "Checkpoints", "Jobs", "Training", "Runs",
                "Cluster", "HTTP", "Launch", "Serving", "TensorBoard", "Platform", "Kernels",
            ],
            path: "Tests/Fuzzing/Targets", swiftSettings: swiftFlags),
        tests("FuzzingTests", uses: ["TestSupport", "FuzzTargets", "Cluster", "System"]),
        // Helpers that several test targets use.
        .target(
            name: "TestSupport",
            dependencies: [
                "System", "Configuration", "Kernels", "Collectives", "Jobs", "Platform", "Threads",
            ],
            path: "Tests/TestSupport",
            swiftSettings: swiftFlags),
    ]
)

// libFuzzer brings `main`, so nothing else can be linked in such a build.
if Context.environment["DIST_TRAIN_FUZZING"] != nil {
    package.targets.append(
        .executableTarget(
            name: "dist-train-fuzz", dependencies: ["FuzzTargets", "System", "Platform"],
            path: "Tests/Fuzzing/Fuzzer",
            swiftSettings: swiftFlags + [.unsafeFlags(["-parse-as-library"])]))
}
