import Checkpoints
import Datasets
import Jobs
import NeuralNetwork
import Platform
import System
import TestSupport
import Testing
import Training

/// A snapshot with a different value for every element of its tensors, and zeros in the gaps.
func distinctSnapshot(_ layout: ParameterLayout, moments: Int, step: Int) -> Snapshot {
    var snapshot = Snapshot(
        step: step, parameters: Array(repeating: 0, count: layout.flatCount),
        moments: Array(repeating: Array(repeating: 0, count: layout.flatCount), count: moments),
        statistics: Array(repeating: 0, count: layout.statisticsCount), epochTotals: [1.5, 2, 3])
    for place in layout.tensors.flatMap(\.range) {
        snapshot.parameters[place] = Float(place + 1) / 64 * (place % 2 == 0 ? 1 : -1)
        for moment in 0..<moments {
            snapshot.moments[moment][place] = Float(place + 1) / 1024 + Float(moment + 1)
        }
    }
    for place in layout.statistics.flatMap(\.range) { snapshot.statistics[place] = Float(place + 1) / 16 }
    return snapshot
}
