import COpenBLAS

/// Matrix products by OpenBLAS, each on the calling thread alone: the threaded driver splits K by the number
/// of threads, which would change the order of sums and with it the bits.
package enum BLAS {
    private static let oneThread: Void = openblas_set_num_threads(1)

    /// Makes every product run on its caller's thread. `multiply` does so by itself; calling this early keeps
    /// the cost out of the first step.
    package static func prepare() { _ = oneThread }

    /// The kernels that OpenBLAS chose for this processor, such as "Haswell" or "Zen".
    package static var coreName: String { String(cString: openblas_get_corename()) }

    /// OpenBLAS's version and build options.
    package static var configuration: String { String(cString: openblas_get_config()) }

    /// Computes C = alpha · op(A) · op(B) + beta · C, row-major, op(A) `[m, k]`, op(B) `[k, n]`, C `[m, n]`.
    /// `lda`, `ldb`, `ldc` are the distances between stored rows: A is stored `[m, k]`, or `[k, m]` when
    /// transposed, B `[k, n]` or `[n, k]`. With beta = 0, C is not read. Several threads may multiply at
    /// once; the bits depend on the shape and the data alone.
    package static func multiply(
        transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int,
        alpha: Float = 1, a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int,
        beta: Float = 0, c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        prepare()
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(truncatingIfNeeded: m), blasint(truncatingIfNeeded: n), blasint(truncatingIfNeeded: k),
            alpha, a, blasint(truncatingIfNeeded: lda), b, blasint(truncatingIfNeeded: ldb),
            beta, c, blasint(truncatingIfNeeded: ldc))
    }
}
