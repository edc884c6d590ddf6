import FuzzTargets
import Platform
import System

// The program that libFuzzer drives (see deploy/fuzz). libFuzzer brings `main`.

/// The target that `DIST_TRAIN_FUZZ_TARGET` names.
private let target: FuzzTarget = {
    let name = Environment.value("DIST_TRAIN_FUZZ_TARGET") ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        end("DIST_TRAIN_FUZZ_TARGET must be one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
    }
    return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    do throws(Finding) {
        try target.run(UnsafeRawBufferPointer(start: bytes, count: count))
    } catch {
        end("finding in \(target.name): \(error)")
    }
    return 0
}

/// Ends by a signal while the input is still known, as libFuzzer expects.
private func end(_ sentence: String) -> Never {
    (sentence + "\n").withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
    abort()
}
