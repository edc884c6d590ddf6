import Cluster

/// A worker process of `bench collective`, which starts it.
enum BenchMemberCommand {
    static let command = Command(
        name: "bench member", arguments: "", summary: "A process that `bench collective` starts.",
        options: [
            Option(name: "--rank", value: "R", help: "its rank"),
            Option(name: "--workers", value: "N", help: "members"),
            Option(name: "--bytes", value: "B,…", help: "sizes"),
            .plaintext,
        ],
        example: "dist-train bench collective", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let sizes = (arguments.string("--bytes") ?? "").split(separator: ",").compactMap { Int($0) }
        let workers = try arguments.integer("--workers", 1...64) ?? 1
        let rank = try arguments.integer("--rank", 0...(workers - 1)) ?? 0
        try CollectiveBenchmark(workers: workers, sizes: sizes, protection: arguments.protection)
            .takePart(rank: rank)
        return 0
    }
}
