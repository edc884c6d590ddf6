/// The program's version, as handshakes and `--version` say it.
package enum Version {
    package static let number = "0.2.0"
    package static let program = "dist-train \(number)"
}
