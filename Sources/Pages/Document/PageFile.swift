import CPages
import Configuration
import System

/// The HTML file that shows runs: one file with its style, its script and the document that the script draws.
///
/// The live page and the report are the same file with another document (see `deploy/README.md` for what it
/// holds). Nothing in it refers to another file, and its content security policy allows none.
package enum PageFile {
    /// - Parameters:
    ///   - title: plain text.
    ///   - document: see `PageDocument`.
    ///   - connects: true for the live page, whose script listens to the server that it came from.
    package static func html(title: String, document: ConfigValue, connects: Bool) -> String {
        let values = [
            "policy": policy(connects: connects), "title": escaped(title), "style": style, "script": script,
            "document": embedded(document),
        ]
        // One pass, so that nothing that a value holds is taken for a place.
        var html = ""
        var rest = text(cpages_html(), cpages_html_count())[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}")
        {
            html += rest[..<open.lowerBound]
            html += values[String(rest[open.upperBound..<close.lowerBound])] ?? ""
            rest = rest[close.upperBound...]
        }
        return html + rest
    }

    private static let style = text(cpages_css(), cpages_css_count())
    private static let script = text(cpages_js(), cpages_js_count())
    private static let hashes = (style: hash(style), script: hash(script))

    /// Text for the content or an attribute of an element.
    package static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// JSON inside a script element, in which `<` would begin markup.
    private static func embedded(_ document: ConfigValue) -> String {
        var bytes: [UInt8] = []
        for byte in document.compactJSON().utf8 {
            if byte == UInt8(ascii: "<") { bytes += "\\u003c".utf8 } else { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The content security policy of the file. A server sends it too.
    package static func policy(connects: Bool) -> String {
        "default-src 'none'; script-src '\(hashes.script)'; style-src '\(hashes.style)'; img-src data:;"
            + " connect-src \(connects ? "'self'" : "'none'"); base-uri 'none'; form-action 'none'"
    }

    private static func hash(_ text: String) -> String {
        let digest = SHA256()
        digest.update(text)
        return "sha256-\(Base64.encode(digest.digest()))"
    }

    private static func text(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> String {
        String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
