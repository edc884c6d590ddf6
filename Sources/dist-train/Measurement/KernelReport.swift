import Configuration
import Kernels
import System

/// The measurements of `bench kernels`, as JSON and for people.
struct KernelReport {
    let machine: [KernelBenchmark.Rate]
    let functions: [KernelBenchmark.Rate]
    let layers: [KernelBenchmark.LayerRates]

    var value: ConfigValue {
        func object(_ rates: [KernelBenchmark.Rate]) -> ConfigValue {
            .object(rates.map { ($0.name, .measured($0.value)) })
        }
        return .object([
            ("cores", .int(Processor.cores)), ("blas_core", .string(BLAS.coreName)),
            ("machine", object(machine)), ("functions_gb_per_s", object(functions)),
            ("layers", .array(layers.map(Self.value))),
        ])
    }

    private static func value(_ rates: KernelBenchmark.LayerRates) -> ConfigValue {
        .object([
            ("model", .string(rates.layer.model)), ("layer", .string(rates.layer.name)),
            ("samples", .int(rates.layer.rows)), ("forward_gflops", .measured(rates.forward)),
            ("backward_data_gflops", .measured(rates.backwardData)),
            ("backward_weights_gflops", .measured(rates.backwardWeights)),
        ])
    }

    private static let titles = [
        "fma_gflops_one_core": "multiply-adds, one core, GFLOP/s",
        "fma_gflops_all_cores": "multiply-adds, all cores, GFLOP/s",
        "triad_gb_per_s_one_core": "memory (triad), one core, GB/s",
        "triad_gb_per_s_all_cores": "memory (triad), all cores, GB/s",
    ]

    var text: String {
        func row(_ title: String, _ width: Int, _ values: [Double]) -> String {
            let numbers = values.map { TextFormat.right(TextFormat.fixed($0, 1), 10) }
            return "  \(TextFormat.left(title, width))\(numbers.joined())"
        }
        let cores = TextFormat.count(Processor.cores, "core")
        var lines = ["this machine: \(cores), OpenBLAS core \(BLAS.coreName)"]
        lines += machine.map { row(Self.titles[$0.name] ?? $0.name, 38, [$0.value]) }
        lines += ["", "one lane, GB/s read and written"]
        lines += functions.map { row($0.name, 38, [$0.value]) }
        lines += ["", "one lane, GFLOP/s of the direct algorithm      forward      data   weights"]
        lines += layers.map {
            let title = "\($0.layer.model), \($0.layer.name)"
            return row(title, 42, [$0.forward, $0.backwardData, $0.backwardWeights])
        }
        return lines.joined(separator: "\n")
    }
}
