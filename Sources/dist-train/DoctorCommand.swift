import Cluster
import Kernels
import System
import Threads
import Training
import Transport

extension Commands {
    static let doctor = Command(
        name: "doctor", arguments: "",
        summary: "Show what this machine can do: cores, OpenBLAS core, numeric platform, network.",
        options: [], example: "dist-train doctor"
    ) { arguments in
        if let extra = arguments.positionals.first {
            throw UsageError("`dist-train doctor` takes no arguments, found `\(extra)`")
        }
        establishFloatingPointMode()
        let core =
            Environment.value("OPENBLAS_CORETYPE").map { "set by OPENBLAS_CORETYPE=\($0)" }
            ?? "chosen for this processor"
        let addresses = SocketAddress.localInterfaces().map(\.host)
        let lines = [
            ("program", Version.program),
            ("processor", "\(Fingerprint.architecture), \(TextFormat.count(Processor.cores, "core"))"),
            ("memory", TextFormat.bytes(PhysicalMemory.byteCount)),
            ("AVX-512", Processor.hasAVX512 ? "yes" : "no"),
            ("TLS", "1.3 by \(TLS.libraryVersion)"),
            ("OpenBLAS", BLAS.configuration),
            ("OpenBLAS core", "\(BLAS.coreName) (\(core))"), ("fingerprint", try Fingerprint.ofMachine()),
            ("addresses", addresses.isEmpty ? "loopback only" : addresses.joined(separator: ", ")),
            ("loopback", try loopback()),
            (
                "token file",
                TokenStore.defaultPath.map { "\($0)\(File.exists($0) ? "" : " (none yet)")" }
                    ?? "no home directory"
            ),
        ]
        for (name, value) in lines { print("\(TextFormat.left(name, 14)) \(value)") }
        print("fault points, for tests: DIST_TRAIN_FAULT=ROLE:PHASE:STEP:kill|stop|hang[:GENERATION],…")
        for (role, phases) in FaultPoints.phases {
            for (name, meaning) in phases {
                print("  \(TextFormat.left(role, 12)) \(TextFormat.left(name, 18)) \(meaning)")
            }
        }
        return 0
    }

    private static func loopback() throws -> String {
        let loopback = try LoopbackMeasurement.run()
        return
            "\(TextFormat.fixed(1e-9 * loopback.bytesPerSecond, 1)) GB/s, \(TextFormat.fixed(1e6 * loopback.handover, 0)) µs from thread to thread"
    }
}
