import System

/// Returns `count` random bytes as hexadecimal digits: for names that no other process takes, and for tokens.
package func randomHex(bytes count: Int) -> String {
    TextFormat.hex((0..<count).map { _ in UInt8.random(in: .min ... .max) })
}
