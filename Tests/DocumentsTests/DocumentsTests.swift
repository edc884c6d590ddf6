import Jobs
import System
import TestSupport
import Testing

/// The documents for people agree with the project: links lead somewhere, named code exists, examples are
/// valid.
@Suite struct DocumentsTests {
    static let all = ["README.md", "config/README.md", "deploy/README.md", "Sources/README.md"]

    @Test func readmeIsShort() throws {
        let lines = try Document("README.md").text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 170, "a newcomer reads two screens: README.md has \(lines.count) lines")
    }

    @Test(arguments: all) func linksLeadSomewhere(_ name: String) throws {
        let document = try Document(name)
        for link in document.links where !link.contains("://") {
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let path = parts[0].isEmpty ? name : Path.join(Path.directory(of: name), String(parts[0]))
            let target = ProjectFiles.path(path)
            #expect(File.exists(target) || Directory.isDirectory(target), "\(name) links to \(link)")
            if parts.count > 1 {
                #expect(try Document(path).anchors.contains(String(parts[1])), "\(name) links to \(link)")
            }
        }
    }

    /// Every type and function that `Sources/README.md` names exists in the sources.
    @Test func namedCodeExists() throws {
        let words = try SourceWords()
        for span in try Document("Sources/README.md").codeSpans {
            for identifier in SourceWords.identifiers(in: span) {
                #expect(
                    words.contains(identifier), "Sources/README.md names `\(span)`: there is no \(identifier)"
                )
            }
        }
    }

    @Test(arguments: ["README.md", "config/README.md"]) func configExamplesAreValid(_ name: String) throws {
        let jobs = try Document(name).codeBlocks(of: "json5").filter {
            $0.contains("data:") && $0.hasPrefix("{")
        }
        let count = jobs.count
        #expect(count > 0, "\(name) shows no whole config")
        for text in jobs { _ = try JobFile.load(text: text, named: name) }
    }
}
