import CPages
import HTTP
import System

/// The page on which a person tries a model: one file, whose style and script may run because their hashes
/// stand in the policy.
enum TryPage {
    static let response: HTTPResponse = {
        let style = text(cpages_try_css(), cpages_try_css_count())
        let script = text(cpages_try_js(), cpages_try_js_count())
        let html = text(cpages_try_html(), cpages_try_html_count())
            .replacing("{{style}}", with: style).replacing("{{script}}", with: script)
        let policy =
            "default-src 'none'; style-src '\(hash(style))'; script-src '\(hash(script))';"
            + " connect-src 'self'; img-src blob:; base-uri 'none'; form-action 'none';"
            + " frame-ancestors 'none'"
        return .html(html, contentSecurityPolicy: policy)
    }()

    private static func text(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> String {
        String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private static func hash(_ text: String) -> String {
        "sha256-" + Base64.encode(SHA256.digest(of: Array(text.utf8)))
    }
}
