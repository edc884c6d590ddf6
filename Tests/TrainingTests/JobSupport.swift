import Configuration
import System
import Training

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A directory for one test, removed with its contents at the end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = "/tmp/dist-train-test-\(getpid())-\(TextFormat.hex(secureRandomBytes(8)))"
        try Directory.createNew(path)
    }

    deinit { try? Directory.remove(path) }

    func file(_ name: String) -> String { Path.join(path, name) }
}

/// The text of a config, read as a file of this name.
func load(_ text: String, as name: String = "job.json5", overrides: [String] = []) throws -> JobFile {
    let directory = try TemporaryDirectory()
    let path = directory.file(name)
    try File.writeAtomically(text, to: path)
    return try JobFile.load(path: path, overrides: overrides)
}

/// What is said about a config that must be wrong, with the directory cut off its name; nil if nothing is.
func complaint(_ text: String, overrides: [String] = []) throws -> String? {
    let directory = try TemporaryDirectory()
    let path = directory.file("job.json5")
    try File.writeAtomically(text, to: path)
    do {
        _ = try JobFile.load(path: path, overrides: overrides)
        return nil
    } catch let error as ConfigurationError {
        return error.description.split(separator: directory.path + "/", omittingEmptySubsequences: false).joined()
    }
}

/// A job of the fewest words, with this model and with other fields.
func minimal(model: String = "[\"flatten\", {dense: 10}]", optimizer: String = "\"adam\"", _ more: String = "") -> String {
    """
    {
      data: {train: {builtin: "digits"}},
      model: \(model),
      loss: "cross_entropy",
      optimizer: \(optimizer),
      batch: {size: 64},
      epochs: 2,
      \(more)
    }
    """
}
