/// The path from the top of a configuration to one of its values, like `optimizer.adam.learning_rate` or
/// `model.2.dropout`.
package indirect enum ConfigPath: Sendable, Hashable, CustomStringConvertible {
    case root
    case member(of: ConfigPath, key: String)
    case element(of: ConfigPath, index: Int)

    /// The path of the value under `key` in the object at this path.
    package func appending(_ key: String) -> ConfigPath { .member(of: self, key: key) }

    /// The path of element `index` in the array at this path.
    package func appending(_ index: Int) -> ConfigPath { .element(of: self, index: index) }

    package var isRoot: Bool { self == .root }

    /// The path of the object or array that holds the value; the root's parent is the root.
    package var parent: ConfigPath {
        switch self {
        case .root: .root
        case .member(let parent, _), .element(let parent, _): parent
        }
    }

    /// Keys and indices, from the top.
    package var components: [String] {
        switch self {
        case .root: []
        case .member(let parent, let key): parent.components + [key]
        case .element(let parent, let index): parent.components + ["\(index)"]
        }
    }

    package var description: String { components.joined(separator: ".") }

    /// The name of the value in a sentence: its key, or for an element the array's key and the index.
    package var name: String {
        switch self {
        case .root: "the configuration"
        case .member(_, let key): ForPeople.code(key)
        case .element(.root, let index): "element \(index)"
        case .element(let parent, let index): ForPeople.code("\(parent.lastNames).\(index)")
        }
    }

    /// The last key and the indices after it, joined by dots.
    private var lastNames: String {
        switch self {
        case .root: ""
        case .member(_, let key): key
        case .element(.root, let index): "\(index)"
        case .element(let parent, let index): "\(parent.lastNames).\(index)"
        }
    }
}
