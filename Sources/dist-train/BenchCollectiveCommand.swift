import Cluster
import Configuration
import System

extension Commands {
    static let benchCollective = Command(
        name: "bench collective", arguments: "",
        summary:
            "Measure averaging: a reduce-scatter and an all-gather between worker processes on this machine.\nEach worker has as many bytes of gradient, and everyone gets the sum; one call follows the other.\nThere is nothing to compute; the time is that of the connections between workers.",
        options: [
            Option(name: "--workers", value: "N", help: "worker processes to start (default 2)"),
            Option(
                name: "--bytes", value: "B",
                help: "bytes of gradient (default: one size after the other, from 1 KB to 100 MB)"), .json,
            .plaintext,
        ],
        example: "dist-train bench collective --workers 4 --bytes 4000000"
    ) { arguments in
        if let extra = arguments.positionals.first {
            throw UsageError("`dist-train bench collective` takes options only, found `\(extra)`")
        }
        let workers = try arguments.integer("--workers", 1...64) ?? 2
        let bytes = try arguments.integer("--bytes", 4...4_000_000_000)
        let isJSON = arguments.has("--json")
        if !isJSON { print("     bytes     ms best   ms median") }
        try CollectiveBenchmark(
            workers: workers, sizes: bytes.map { [$0] } ?? CollectiveBenchmark.usualSizes,
            protection: arguments.protection
        ).run { result in
            print(isJSON ? result.value.compactJSON() : result.line)
        }
        return 0
    }

    /// A worker process of `bench collective`.
    static let benchMember = Command(
        name: "bench member", arguments: "", summary: "A process that `bench collective` starts.",
        options: [
            Option(name: "--rank", value: "R", help: "its rank"),
            Option(name: "--workers", value: "N", help: "members"),
            Option(name: "--bytes", value: "B,…", help: "sizes"), .plaintext,
        ],
        example: "dist-train bench collective"
    ) { arguments in
        let sizes = (arguments.string("--bytes") ?? "").split(separator: ",").compactMap { Int($0) }
        let workers = try arguments.integer("--workers", 1...64) ?? 1
        let rank = try arguments.integer("--rank", 0...(workers - 1)) ?? 0
        try CollectiveBenchmark(workers: workers, sizes: sizes, protection: arguments.protection).takePart(
            rank: rank)
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
