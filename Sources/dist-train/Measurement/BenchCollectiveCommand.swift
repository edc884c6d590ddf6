import Cluster
import Configuration
import System

enum BenchCollectiveCommand {
    static let command = Command(
        name: "bench collective", arguments: "",
        summary: """
            Measure the averaging of gradients between workers.
            A reduce-scatter and an all-gather between worker processes on this machine.
            Each worker has as many bytes of gradient, and everyone gets the sum; one call follows the other.
            There is nothing to compute; the time is that of the connections between workers.
            """,
        options: [
            Option(name: "--workers", value: "N", help: "worker processes to start (default 2)"),
            Option(
                name: "--bytes", value: "B",
                help: "bytes of gradient (default: one size after the other, from 1 KB to 100 MB)"),
            .json, .plaintext,
        ],
        example: "dist-train bench collective --workers 4 --bytes 4000000", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        try arguments.requireNoPositionals()
        let workers = try arguments.integer("--workers", 1...64) ?? 2
        let bytes = try arguments.integer("--bytes", 4...4_000_000_000)
        let isJSON = arguments.has("--json")
        if !isJSON { print("     bytes     ms best   ms median") }
        let benchmark = CollectiveBenchmark(
            workers: workers, sizes: bytes.map { [$0] } ?? CollectiveBenchmark.usualSizes,
            protection: arguments.protection)
        try benchmark.run { result in print(isJSON ? result.value.compactJSON() : result.line) }
        return 0
    }
}

extension CollectiveBenchmark.Result {
    fileprivate var value: ConfigValue {
        .object([
            ("workers", .int(workers)), ("bytes", .int(bytes)), ("ms_best", .measured(best * 1e3)),
            ("ms_median", .measured(median * 1e3)),
        ])
    }

    fileprivate var line: String {
        TextFormat.right("\(bytes)", 10) + TextFormat.right(TextFormat.fixed(best * 1e3, 4), 12)
            + TextFormat.right(TextFormat.fixed(median * 1e3, 4), 12)
    }
}
