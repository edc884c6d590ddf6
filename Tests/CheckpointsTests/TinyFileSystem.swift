import System

/// A file system of a few pages, mounted for one test; nil (and a printed reason) where that is not allowed.
final class TinyFileSystem {
    let path: String
    private let directory: TemporaryDirectory

    init?(options: String) throws {
        directory = try TemporaryDirectory()
        path = directory.path
        let mount = try ChildProcess(
            "mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], standardOutput: .discard, standardError: .discard)
        guard mount.wait(seconds: 10)?.isSuccess == true else {
            print("no tmpfs can be mounted here (root only): this test checks nothing")
            return nil
        }
    }

    deinit {
        let unmount = try? ChildProcess("umount", ["-l", path], standardOutput: .discard, standardError: .discard)
        _ = unmount?.wait(seconds: 10)
    }
}
