import Cluster
import Kernels
import Platform
import System
import Training
import Transport

/// The abilities of this machine: processor, memory, arithmetic, disk, limits.
enum MachineFindings {
    static func all() throws -> [Finding] {
        [
            Finding("program", .fact, Version.program),
            processor, cores, memory, openBLAS,
            Finding("arithmetic", .fact, try Fingerprint.ofMachine()),
            Finding("TLS", .good, "1.3 by \(TLS.libraryVersion)"),
            home, disk, clock, files,
        ]
    }

    private static var processor: Finding {
        // Without AVX2 and FMA the program does not come so far.
        let wide = Processor.hasAVX512 ? "AVX2, FMA, AVX-512" : "AVX2, FMA"
        return Finding("processor", .good, "\(Fingerprint.architecture) (\(wide))")
    }

    private static var cores: Finding {
        let (used, available) = (Processor.cores, Processor.available)
        guard let limit = ControlGroup.ofThisProcess().cores, limit < Double(available) else {
            return Finding("cores", .good, "\(TextFormat.count(available, "core")) for this process")
        }
        return Finding(
            "cores", .warning,
            "the control group allows \(TextFormat.fixed(limit, 2)) of"
                + " \(TextFormat.count(available, "core")); lanes by default: \(used)",
            cure: "raise the processor limit of the container or service to use more")
    }

    private static var memory: Finding {
        let limit = MemoryLimit.ofThisProcess()
        return Finding(
            "memory", limit.source == .machine ? .good : .warning, limit.clause,
            cure: limit.source == .machine ? nil : "if a job is refused: \(limit.cure)")
    }

    private static var openBLAS: Finding {
        let origin =
            Environment.value("OPENBLAS_CORETYPE").map {
                "OPENBLAS_CORETYPE=\($0), which comes before a job's"
            }
            ?? "chosen for this processor; `numerics.blas_core` of a job changes it"
        return Finding("OpenBLAS", .good, "core \(BLAS.coreName) (\(origin)); \(BLAS.configuration)")
    }

    private static var home: Finding {
        guard let cache = UserDirectory.cache else {
            return Finding(
                "home", .warning,
                "no home directory: the token is kept in run directories, data in"
                    + " \(UserDirectory.temporary)",
                cure: "set HOME, or XDG_CONFIG_HOME and XDG_CACHE_HOME, to directories of this user")
        }
        let isWritable = (try? Directory.create(cache, mode: 0o700)) != nil && access(cache, W_OK) == 0
        return isWritable
            ? Finding("home", .good, "fetched data are kept in \(cache)")
            : Finding(
                "home", .warning, "\(cache) cannot be written: data are kept in \(UserDirectory.temporary)",
                cure: "set HOME or XDG_CACHE_HOME to a directory of this user")
    }

    private static var disk: Finding {
        var system = statvfs()
        guard statvfs(".", &system) == 0 else {
            return Finding(
                "disk", .bad, "the current directory cannot be examined", cure: "change to another")
        }
        let free = Int(clamping: UInt64(system.f_bavail) * UInt64(system.f_frsize))
        guard access(".", W_OK) == 0 else {
            return Finding(
                "disk", .bad, "the current directory cannot be written, so runs cannot be kept in it",
                cure: "change to another directory, or name one with --run-dir")
        }
        return Finding(
            "disk", free > 256 << 20, "\(TextFormat.bytes(free)) are free in the current directory",
            cure: "free some space, or name a directory on another disk with --run-dir")
    }

    private static var clock: Finding {
        let now = time(nil)
        let text = Clock.timestamp()
        return Finding(
            "clock", now > 1_735_689_600, text,
            cure: "set the clock of this machine: names of runs and times in logs follow it")
    }

    private static var files: Finding {
        var limit = rlimit()
        #if canImport(Glibc)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        let most = Int(clamping: UInt64(limit.rlim_cur))
        return Finding(
            "open files", most >= 512, "at most \(TextFormat.grouped(most))",
            cure: "raise the limit: `ulimit -n 4096`")
    }
}
