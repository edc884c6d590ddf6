/// Brings the input's features to variance 1 and correlation 0, by the covariance of the training set: `y =
/// (x − mean) W`.
///
/// With eigenvalues λ and eigenvectors V (columns) of the covariance, the principal components are W = V (λ +
/// ε)^(−½), and zero-phase whitening, which changes samples as little as it can, is W = V (λ + ε)^(−½) Vᵀ
/// (Kessy, Lewin and Strimmer 2018, https://doi.org/10.1080/00031305.2016.1277159). Images are taken as rows
/// of all their values. ε is added to variances of features as they are (of bytes: 0 to 255).
package struct WhiteningSpec: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case pca = "pca_whitening"
        case zca = "zca_whitening"
    }

    package var kind: Kind
    package var epsilon: Double
    /// The first so many principal components; nil: all.
    package var components: Int?

    package init(kind: Kind, epsilon: Double = 1e-2, components: Int? = nil) {
        self.kind = kind
        self.epsilon = epsilon
        self.components = components
    }

    package static let layerName = "whitening"
}
