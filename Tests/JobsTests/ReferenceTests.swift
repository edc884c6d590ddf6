import Configuration
import Jobs
import System
import TestSupport
import Testing

@Suite struct ReferenceTests {
    private static let reference = Reference(Job.form)

    @Test func aFieldIsExplained() {
        let text = Reference.text(Self.reference.entries(under: "optimizer.adam.beta1"))
        #expect(
            text == """
                optimizer.adam.beta1
                  Decay of the running mean of gradients.
                  value    a number of at least 0 and below 1
                  default  0.9
                  example  beta1: 0.95
                """)
    }

    @Test func aPartIsFoundByItsPath() {
        let paths = Self.reference.entries(under: "batch").map(\.path)
        #expect(paths == ["batch", "batch.size", "batch.microbatches"])
        #expect(Self.reference.entries(under: "model[conv]").contains { $0.path == "model[conv].kernel" })
        #expect(Self.reference.entries(under: "bat").isEmpty)
    }

    /// A terminal has 80 columns. Words are never broken.
    @Test func linesFit() {
        let lines = Reference.text(Self.reference.entries).split(separator: "\n")
        #expect(lines.count > 500)
        for line in lines where line.count > 80 {
            #expect(!line.drop { $0 == " " }.dropFirst(9).contains(" "), "\(line)")
        }
    }

    /// Every field says what it is, in a sentence, and those that take a value show one.
    @Test func everyFieldIsExplained() {
        for entry in Self.reference.entries {
            #expect(entry.field.sentence.hasSuffix("."), "\(entry.path): \(entry.field.sentence)")
            if entry.field.choice == nil {
                #expect(entry.field.example != nil, "\(entry.path) has no example")
            }
        }
    }

    /// config/README.md is what `dist-train config --markdown` prints.
    @Test func thePageIsUpToDate() throws {
        #expect(ReferencePage.missingFields == [])
        let page = try ProjectFiles.text("config/README.md")
        #expect(
            page == ReferencePage.markdown,
            "write it anew: swift run -c release dist-train config --markdown > config/README.md")
        let widths = page.split(separator: "\n").map(\.count)
        #expect(widths.max() ?? 0 <= 120)
    }
}
