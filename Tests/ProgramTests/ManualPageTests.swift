import System
import TestSupport
import Testing
import dist_train

@Suite struct ManualPageTests {
    /// A page for the program, and one for each command with all its options.
    @Test func nothingIsForgotten() throws {
        let pages = Dictionary(ManualPage.all) { first, _ in first }
        #expect(pages.count == Commands.all.count + 1)
        let program = try #require(pages["dist-train.1"])
        for command in Commands.all {
            let title = "dist-train-" + command.name.replacing(" ", with: "-")
            let page = try #require(pages["\(title).1"])
            #expect(program.contains(title.replacing("-", with: "\\-")), "\(title)")
            for option in command.options {
                #expect(page.contains("\\fB\(option.name.replacing("-", with: "\\-"))\\fR"), "\(option.name)")
            }
        }
    }

    /// Text cannot become a macro or an escape of roff.
    @Test func textStaysText() throws {
        for (name, text) in ManualPage.all {
            #expect(text.utf8.allSatisfy { $0 < 128 }, "\(name) is ASCII")
            for line in text.split(separator: "\n") where line.hasPrefix(".") {
                let macro = line.dropFirst().prefix { $0 != " " }
                #expect(
                    ["\\\"", "TH", "SH", "SS", "TP", "PP", "BR", "B", "I", "EX", "EE"].contains(macro),
                    "\(name): \(line)")
            }
        }
        let join = try #require(ManualPage.all.first { $0.name == "dist-train-token-show.1" }).text
        #expect(join.contains("\\(aqumask 077; mkdir \\-p .config/dist\\-train; cat > .config/"))
    }

    private static let mandoc = ["/usr/bin/mandoc", "/usr/local/bin/mandoc"].first(where: File.exists)

    /// mandoc finds no fault in them, and prints what they say.
    @Test(.enabled(if: mandoc != nil, "mandoc is missing")) func mandocReadsThem() throws {
        let program = try #require(Self.mandoc)
        let directory = try TemporaryDirectory()
        for (name, text) in ManualPage.all { try directory.write(name, text) }
        let files = ManualPage.all.map { directory.file($0.name) }
        let lint = try finished(program, ["-T", "lint", "-W", "style"] + files)
        #expect(lint.output == "" && lint.errors == "", "\(lint.output)\(lint.errors)")
        let text = try finished(program, ["-T", "ascii", directory.file("dist-train-run.1")]).output
            .replacing("\u{8}", with: "")
        #expect(text.contains("dist-train run config/digits-mlp.json5 --workers 2 epochs=10"))
    }

    private func finished(_ program: String, _ arguments: [String]) throws -> (output: String, errors: String)
    {
        let process = try ChildProcess(
            program, arguments, standardOutput: .capture, standardError: .capture)
        _ = try #require(process.wait(seconds: 120))
        return (process.standardOutput(), process.standardError())
    }
}
