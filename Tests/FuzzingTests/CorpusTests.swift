import Cluster
import FuzzTargets
import System
import TestSupport
import Testing

/// Runs the fuzzer's targets without a fuzzer: on their corpus, and on a fixed number of fixed changes of it.
@Suite(.serialized) struct CorpusTests {
    private static let mutations = 1_000

    private func corpus(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let directory = ProjectFiles.path("Tests/Fuzzing/Corpus/\(target.name)")
        return try Directory.list(directory).map {
            ($0, try File.read(Path.join(directory, $0), limit: 1 << 20))
        }
    }

    /// Seeds whose names begin with `read-` are valid, and all others are not.
    @Test(arguments: FuzzTarget.all.map(\.name))
    func seeds(name: String) async throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let seeds = try corpus(of: target)
        #expect(seeds.contains { $0.name.hasPrefix("read-") })
        for (name, bytes) in seeds {
            let refusal = try await onThread { try bytes.withUnsafeBytes { try target.run($0) } }
            #expect(
                (refusal == nil) == name.hasPrefix("read-"),
                "\(target.name)/\(name): \(refusal ?? "was read")")
        }
    }

    /// The second byte of a seed of these is the message's kind.
    @Test(arguments: [
        ("to-coordinator", ToCoordinator.Kind.allCases.map(\.rawValue)),
        ("to-worker", ToWorker.Kind.allCases.map(\.rawValue)),
        ("probe", ProbeMessage.Kind.allCases.map(\.rawValue)),
    ])
    func everyMessageHasASeed(direction: String, kinds: [UInt8]) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == "messages" })
        let seeds = try corpus(of: target).filter { $0.name.hasPrefix("read-\(direction)-") }
        #expect(Set(seeds.map { $0.bytes[1] }) == Set(kinds))
    }

    @Test(arguments: FuzzTarget.all.map(\.name))
    func mutations(name: String) async throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let seeds = try corpus(of: target).map(\.bytes)
        try await onThread {
            for number in 0..<Self.mutations {
                var mutator = Mutator(seed: UInt64(number))
                let input = mutator.mutated(
                    seeds[number % seeds.count], others: seeds, longest: target.longestInput)
                do {
                    try input.withUnsafeBytes { _ = try target.run($0) }
                } catch {
                    Issue.record("\(target.name), mutation \(number), \(input.count) bytes: \(error)")
                }
            }
        }
    }
}
