import Cluster
import Kernels
import System
import Training
import Transport

enum DoctorCommand {
    static let command = Command(
        name: "doctor", arguments: "",
        summary: """
            Show what this machine can do.
            Cores, OpenBLAS core, numeric platform, network.
            """,
        options: [], example: "dist-train doctor", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        try arguments.requireNoPositionals()
        for (name, value) in try facts() { print("\(TextFormat.left(name, 14)) \(value)") }
        print("fault points, for tests: DIST_TRAIN_FAULT=ROLE:PHASE:STEP:kill|stop|hang[:GENERATION],…")
        for (role, phases) in FaultPoints.phases {
            for (name, meaning) in phases {
                print("  \(TextFormat.left(role, 12)) \(TextFormat.left(name, 18)) \(meaning)")
            }
        }
        return 0
    }

    private static func facts() throws -> [(name: String, value: String)] {
        let coreOrigin =
            Environment.value("OPENBLAS_CORETYPE").map { "set by OPENBLAS_CORETYPE=\($0)" }
            ?? "chosen for this processor"
        let addresses = SocketAddress.localInterfaces().map(\.host)
        let tokenFile = TokenStore.defaultPath.map { "\($0)\(File.exists($0) ? "" : " (none yet)")" }
        return [
            ("program", Version.program),
            ("processor", "\(Fingerprint.architecture), \(TextFormat.count(Processor.cores, "core"))"),
            ("memory", TextFormat.bytes(PhysicalMemory.byteCount)),
            ("AVX-512", Processor.hasAVX512 ? "yes" : "no"),
            ("TLS", "1.3 by \(TLS.libraryVersion)"),
            ("OpenBLAS", BLAS.configuration),
            ("OpenBLAS core", "\(BLAS.coreName) (\(coreOrigin))"),
            ("fingerprint", try Fingerprint.ofMachine()),
            ("addresses", addresses.isEmpty ? "loopback only" : addresses.joined(separator: ", ")),
            ("loopback", try loopback()),
            ("token file", tokenFile ?? "no home directory"),
        ]
    }

    private static func loopback() throws -> String {
        let loopback = try LoopbackMeasurement.run()
        let rate = TextFormat.fixed(1e-9 * loopback.bytesPerSecond, 1)
        let handover = TextFormat.fixed(1e6 * loopback.handover, 0)
        return "\(rate) GB/s, \(handover) µs from thread to thread"
    }
}
