/// Eigenvalues and eigenvectors of a real symmetric matrix, in doubles and in one fixed order of operations,
/// so that every machine computes the same bits: Householder's reduction to a tridiagonal matrix, then the QL
/// algorithm with implicit shifts (Bowdler, Martin, Reinsch and Wilkinson 1968,
/// https://doi.org/10.1007/BF02162166; EISPACK's `tred2` and `tql2`).
///
/// Eigenvalues descend. Eigenvectors have length 1, and their component of largest magnitude (the first of
/// equals) is positive.
package struct SymmetricEigen {
    /// All eigenvalues, descending.
    package let values: [Double]
    /// `[vectorCount, size]`: row i belongs to `values[i]`.
    package let vectors: DoubleBuffer
    package let vectorCount: Int

    /// - Parameters:
    ///   - matrix: `[size, size]`, row-major; its lower triangle is read, and overwritten.
    ///   - vectorCount: how many eigenvectors are wanted, those of the largest eigenvalues.
    /// Nil if the iteration does not end, which it always does for finite numbers.
    package init?(_ matrix: DoubleBuffer, size: Int, vectorCount: Int, lanes: LanePool) {
        precondition(size > 0 && matrix.count >= size * size, "an eigenproblem has a square matrix")
        precondition((0...size).contains(vectorCount), "a matrix has as many eigenvectors as rows")
        var householder = Tridiagonal(reducing: matrix, size: size)
        let basis = DoubleBuffer(count: size * size)
        for i in 0..<size { basis.pointer[i * size + i] = 1 }
        guard householder.diagonalize(rotating: basis, lanes: lanes) else { return nil }
        let diagonal = householder.diagonal
        let order = diagonal.indices.sorted {
            diagonal[$0] != diagonal[$1] ? diagonal[$0] > diagonal[$1] : $0 < $1
        }
        values = order.map { diagonal[$0] }
        self.vectorCount = vectorCount
        vectors = DoubleBuffer(count: vectorCount * size)
        for (row, from) in order.prefix(vectorCount).enumerated() {
            (vectors.pointer + row * size).update(from: basis.pointer + from * size, count: size)
        }
        householder.transformBack(vectors, count: vectorCount, lanes: lanes)
        for row in 0..<vectorCount { Self.orient(vectors.pointer + row * size, size) }
    }

    /// V diag(factor(λ)) Vᵀ `[size, size]`, rounded to float, if all eigenvectors were wanted: a function of
    /// the matrix.
    package func matrixFunction(
        _ factor: (Double) -> Double, into result: UnsafeMutablePointer<Float>, lanes: LanePool
    ) {
        let n = values.count
        precondition(vectorCount == n, "a function of a matrix needs all its eigenvectors")
        let factors = values.map(factor)
        let rows = (0..<lanes.lanes).map { _ in DoubleBuffer(count: n) }
        lanes.run(n) { i, lane in
            let row = rows[lane].pointer
            row.update(repeating: 0, count: n)
            for k in 0..<n {
                let vector = vectors.pointer + k * n
                DoubleVectors.addMultiple(factors[k] * vector[i], vector, to: row, n)
            }
            for j in 0..<n { result[i * n + j] = Float(row[j]) }
        }
    }

    private static func orient(_ vector: UnsafeMutablePointer<Double>, _ count: Int) {
        var largest = 0
        for i in 0..<count where vector[i].magnitude > vector[largest].magnitude { largest = i }
        if vector[largest] < 0 {
            for i in 0..<count { vector[i] = -vector[i] }
        }
    }
}

/// A symmetric matrix reduced to a tridiagonal one, with the reflections that did it.
///
/// With `Pᵢ = I − uᵢuᵢᵀ/hᵢ`, A = Pₙ₋₁ ⋯ P₂ T P₂ ⋯ Pₙ₋₁; uᵢ has i components and stays in the matrix's row i.
private struct Tridiagonal {
    let size: Int
    var diagonal: [Double]
    /// `beside[i]` lies between the diagonal's i−1 and i.
    private var beside: [Double]
    private var scales: [Double]
    private let matrix: DoubleBuffer

    init(reducing matrix: DoubleBuffer, size n: Int) {
        (self.matrix, size) = (matrix, n)
        diagonal = Array(repeating: 0, count: n)
        beside = diagonal
        scales = diagonal
        let a = matrix.pointer
        let work = DoubleBuffer(count: n)
        withExtendedLifetime(work) {
            let p = work.pointer
            for i in stride(from: n - 1, through: 1, by: -1) {
                let u = a + i * n
                let (off, h) = Self.reflection(u, i)
                (beside[i], scales[i]) = (off, h)
                guard h != 0 else { continue }
                Self.product(a, n, u, i, into: p)
                for k in 0..<i { p[k] /= h }
                let half = DoubleVectors.dot(p, u, i) / (h + h)
                DoubleVectors.addMultiple(-half, u, to: p, i)
                for j in 0..<i { DoubleVectors.addMultiples(-u[j], p, -p[j], u, to: a + j * n, j + 1) }
            }
        }
        for i in 0..<n { diagonal[i] = a[i * n + i] }
    }

    /// Turns row `u` into the vector whose reflection leaves only its last component; returns that component
    /// and h = |u|²/2.
    private static func reflection(_ u: UnsafeMutablePointer<Double>, _ count: Int) -> (
        beside: Double, h: Double
    ) {
        let last = u[count - 1]
        var scale = 0.0
        for k in 0..<(count - 1) { scale += u[k].magnitude }
        if scale == 0 { return (last, 0) }
        scale += last.magnitude
        for k in 0..<count { u[k] /= scale }
        let (f, h) = (u[count - 1], DoubleVectors.dot(u, u, count))
        let g = f >= 0 ? -ScalarMath.sqrt(h) : ScalarMath.sqrt(h)
        u[count - 1] = f - g
        return (scale * g, h - f * g)
    }

    /// `p = A u` for the leading `count` rows and columns, from the lower triangle, row by row.
    private static func product(
        _ a: UnsafePointer<Double>, _ n: Int, _ u: UnsafePointer<Double>, _ count: Int,
        into p: UnsafeMutablePointer<Double>
    ) {
        for j in 0..<count {
            let row = a + j * n
            p[j] = DoubleVectors.dotAndAdd(row, u, u[j], to: p, j) + row[j] * u[j]
        }
    }

    /// The QL algorithm; every rotation is applied to rows of `basis` as well. False if it does not end.
    mutating func diagonalize(rotating basis: DoubleBuffer, lanes: LanePool) -> Bool {
        let n = size
        var rotations = Rotations(basis, size: n, lanes: lanes)
        var e = Array(beside.dropFirst()) + [0]
        var largest = 0.0
        for i in 0..<n { largest = max(largest, diagonal[i].magnitude + e[i].magnitude) }
        let negligible = largest * 0x1p-53
        for l in 0..<n {
            var sweeps = 0
            while true {
                var m = l
                while m < n - 1, e[m].magnitude > negligible { m += 1 }
                if m == l { break }
                sweeps += 1
                if sweeps > 100 { return false }
                sweep(l, m, &e, &rotations)
            }
        }
        rotations.apply()
        return true
    }

    private mutating func sweep(_ l: Int, _ m: Int, _ e: inout [Double], _ rotations: inout Rotations) {
        var g = (diagonal[l + 1] - diagonal[l]) / (2 * e[l])
        var r = Self.length(g, 1)
        g = diagonal[m] - diagonal[l] + e[l] / (g + (g >= 0 ? r : -r))
        var (s, c, p) = (1.0, 1.0, 0.0)
        for i in stride(from: m - 1, through: l, by: -1) {
            let (f, b) = (s * e[i], c * e[i])
            r = Self.length(f, g)
            e[i + 1] = r
            if r == 0 {  // the matrix falls into two
                diagonal[i + 1] -= p
                e[m] = 0
                return
            }
            (s, c) = (f / r, g / r)
            g = diagonal[i + 1] - p
            r = (diagonal[i] - g) * s + 2 * c * b
            p = s * r
            diagonal[i + 1] = g + p
            g = c * r - b
            rotations.add(row: i, c, s)
        }
        diagonal[l] -= p
        e[l] = g
        e[m] = 0
    }

    /// √(a² + b²) without overflow.
    private static func length(_ a: Double, _ b: Double) -> Double {
        let (large, small) = (max(a.magnitude, b.magnitude), min(a.magnitude, b.magnitude))
        if large == 0 { return 0 }
        let ratio = small / large
        return large * ScalarMath.sqrt(1 + ratio * ratio)
    }

    /// Turns eigenvectors of the tridiagonal matrix (rows) into those of the original one.
    func transformBack(_ vectors: DoubleBuffer, count: Int, lanes: LanePool) {
        let (a, n, block) = (matrix.pointer, size, 8)
        lanes.run((count + block - 1) / block) { task, _ in
            for i in stride(from: 2, to: n, by: 1) where scales[i] != 0 {
                let u = a + i * n
                for row in (task * block)..<min(count, (task + 1) * block) {
                    let x = vectors.pointer + row * n
                    DoubleVectors.addMultiple(-(DoubleVectors.dot(u, x, i) / scales[i]), u, to: x, i)
                }
            }
        }
    }
}

/// Plane rotations of neighbouring rows, collected and then applied to one strip of columns after another,
/// which stays in the cache meanwhile.
private struct Rotations {
    private static let strip = 64
    private static let most = 1 << 15

    private let basis: DoubleBuffer
    private let size: Int
    private let lanes: LanePool
    private var pending: [(row: Int, c: Double, s: Double)] = []

    init(_ basis: DoubleBuffer, size: Int, lanes: LanePool) {
        self.basis = basis
        self.size = size
        self.lanes = lanes
        pending.reserveCapacity(Self.most)
    }

    mutating func add(row: Int, _ c: Double, _ s: Double) {
        if pending.count == Self.most { apply() }
        pending.append((row, c, s))
    }

    mutating func apply() {
        pending.withUnsafeBufferPointer { pending in
            lanes.run((size + Self.strip - 1) / Self.strip) { task, _ in
                let first = task * Self.strip
                let count = min(Self.strip, size - first)
                for rotation in pending {
                    let upper = basis.pointer + rotation.row * size + first
                    DoubleVectors.rotate(upper, upper + size, rotation.c, rotation.s, count)
                }
            }
        }
        pending.removeAll(keepingCapacity: true)
    }
}
