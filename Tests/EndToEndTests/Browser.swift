import Configuration
import Platform
import System
import TestSupport
import Testing

/// Headless Chromium, which `look_at_page.py` drives.
enum Browser {
    static let isAbsent: Comment = "chromium, chromium-driver or python3-selenium is missing"
    static let isThere = python != nil && has("chromium") && has("chromedriver")

    /// A Python that has selenium: Debian's package belongs to the system's own.
    private static let python: String? =
        [Environment.value("PYTHON"), "/usr/bin/python3", "python3"].compactMap { $0 }.first { python in
            let child = try? ChildProcess(
                python, ["-c", "import selenium"], standardOutput: .discard, standardError: .discard)
            return child?.wait(seconds: 60) == .exited(0)
        }

    private static func has(_ program: String) -> Bool {
        (Environment.value("PATH") ?? "/usr/bin").split(separator: ":").contains {
            File.exists(Path.join(String($0), program))
        }
    }

    /// Starts to look at pages; the arguments are those of the script.
    static func start(_ arguments: String...) throws -> ChildProcess {
        try ChildProcess(
            try #require(python), [ProjectFiles.path("Tests/Fixtures/page/look_at_page.py")] + arguments,
            standardOutput: .capture, standardError: .capture)
    }

    struct Failed: Error { let said: String }

    /// Waits until the script has printed a line.
    static func wait(for line: String, from browser: ChildProcess, seconds: Double = 120) throws {
        let deadline = Clock.monotonicSeconds() + seconds
        while !browser.standardOutput().split(separator: "\n").contains(Substring(line)) {
            guard Clock.monotonicSeconds() < deadline, browser.exitStatus() == nil else {
                throw Failed(said: browser.standardOutput() + browser.standardError())
            }
            Clock.sleep(seconds: 0.05)
        }
    }

    /// Returns the JSON of the script's last line, which says what it has seen.
    static func seen(by browser: ChildProcess, seconds: Double = 200) throws -> ConfigValue {
        let status = browser.wait(seconds: seconds)
        if status == nil { _ = browser.terminate() }
        let said = browser.standardOutput()
        guard status == .exited(0), let last = said.split(separator: "\n").last else {
            let end = status.map { "\($0)" } ?? "it did not end"
            throw Failed(said: "\(said)\(browser.standardError())\(end)")
        }
        return try json(String(last))
    }

    static func json(_ text: String) throws -> ConfigValue {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(text, name: "the browser's answer", diagnostics: diagnostics)
        try diagnostics.check()
        return try #require(value)
    }
}
