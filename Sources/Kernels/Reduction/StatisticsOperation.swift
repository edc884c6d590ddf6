/// The operation that combines two neighbouring nodes of the reduction tree into their parent: small vectors
/// of doubles (batch-norm statistics, losses, metrics), which all workers exchange.
package enum StatisticsOperation: Equatable, Sendable {
    /// Elementwise sums of `width` values.
    case sum(width: Int)
    /// `[count, mean × channels, M2 × channels]`, merged by the formula of Chan, Golub and LeVeque
    /// (https://doi.org/10.1080/00031305.1983.10483115).
    case moments(channels: Int)

    /// Doubles in one node's vector.
    package var width: Int {
        switch self {
        case .sum(let width): width
        case .moments(let channels): 1 + 2 * channels
        }
    }

    /// `left = left ⊕ right`; `left` covers the samples before `right`.
    package func combine(_ left: UnsafeMutablePointer<Double>, _ right: UnsafePointer<Double>) {
        switch self {
        case .sum(let width):
            for i in 0..<width { left[i] += right[i] }
        case .moments(let channels):
            let (na, nb) = (left[0], right[0])
            let n = na + nb
            let (share, weight) = (nb / n, na * nb / n)
            for c in 1...channels {
                let delta = right[c] - left[c]
                left[c] += delta * share
                left[channels + c] += right[channels + c] + delta * delta * weight
            }
            left[0] = n
        }
    }
}
