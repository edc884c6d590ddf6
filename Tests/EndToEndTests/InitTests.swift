import Datasets
import System
import TestSupport
import Testing

/// Three commands without editing: `init` writes a config for some data, `run` trains it, `evaluate` and
/// `predict` use the model. Accuracies are those that the data allow by far.
@Suite(.serialized) struct InitTests {
    private let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func program(_ arguments: [String], seconds: Double = 60) throws -> String {
        let process = try ChildProcess(
            "/bin/sh", ["-c", "cd \"$0\" && exec \"$@\"", home.path, Program.path] + arguments,
            environment: Program.environment(home.path), standardOutput: .capture, standardError: .capture)
        let finished = try Program.finish(process, seconds: seconds)
        #expect(finished.status == .exited(0), "\(arguments): \(finished.errors)")
        return finished.output
    }

    /// The commands that `init` prints, run as they stand. Returns what the last one prints.
    private func printed(
        _ data: [String], last: String = "predict", accuracy least: Double, _ more: [String] = []
    ) throws -> String {
        let printed = try program(["init"] + data).split(separator: "\n")
        let next = printed.filter { $0.hasPrefix("  dist-train ") }.map {
            $0.split(separator: " ").dropFirst().map(String.init)
        }
        #expect(next.map(\.first) == ["run", "evaluate", last], "\(printed)")
        guard next.count == 3 else { return "" }
        _ = try program(next[0] + more)
        let result = try program(next[1] + ["--json"])
        let accuracy = field("accuracy", in: result).flatMap { Double($0) } ?? 0
        #expect(accuracy >= least, "\(result)")
        return try program(next[2])
    }

    /// The lines of `predict`.
    private func train(_ data: [String], accuracy least: Double) throws -> [[String]] {
        try printed(data, accuracy: least).split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// A table with a header, a row number, a text, missing cells and decimal commas.
    @Test func aTable() throws {
        var random = SplitMix(state: 7)
        func number() -> Double { Double(random.next() >> 11) * 0x1p-53 }
        let rows = (0..<300).map { row in
            let (kind, length) = (row % 3, number())
            let size = "\(Double(kind) + 0.4 * length)".replacing(".", with: ",")
            let age = row % 17 == 0 ? "NA" : "\(20 + Int(50 * number()))"
            let colour = ["red", "blue"][row % 2]
            return "\(row);\(size);\(age);\(colour);name \(row);\(["oak", "elm", "ash"][kind])\n"
        }
        try home.write("trees.csv", "id;size;age;colour;note;kind\n" + rows.joined())
        let predicted = try train(["trees.csv", "--target", "kind"], accuracy: 0.9)
        let config = try File.readText(home.file("trees.json5"), limit: 1 << 16)
        #expect(config.contains(#"delimiter: ";", decimal: ",""#))
        #expect(config.contains(#"ignore: ["id", "note"], on_missing: "mean""#), "\(config)")
        #expect(predicted.first == ["class", "p_ash", "p_elm", "p_oak"] && predicted.count == 301)
        let right = zip(predicted.dropFirst(), 0..<300).count { $0[0] == ["oak", "elm", "ash"][$1 % 3] }
        #expect(right >= 270, "\(right)")
    }

    /// Texts with a class: questions about places and about people.
    @Test func aTableOfTexts() throws {
        var random = SplitMix(state: 5)
        let words = ["the", "old", "house", "of", "my", "friend", "and", "river"]
        let rows = (0..<240).map { row in
            let rest = (0..<(2 + Int(random.next() % 6))).map { _ in words[Int(random.next() % 8)] }
            return "\(["place", "person"][row % 2]),\"\(["Where is", "Who saw"][row % 2]) "
                + "\(rest.joined(separator: " ")) no. \(row) ?\"\n"
        }
        try home.write("questions.csv", "label,text\n" + rows.joined())
        let predicted = try train(["questions.csv"], accuracy: 0.9)
        #expect(predicted.first == ["class", "p_person", "p_place"] && predicted.count == 241)
        let right = zip(predicted.dropFirst(), 0..<240).count { $0[0] == ["place", "person"][$1 % 2] }
        #expect(right >= 216, "\(right)")

        try home.write("new.txt", "Where is my house ?\nWho saw the river ?\n")
        let lines = try program(["predict", "runs/questions", "--input", "new.txt", "--top", "1"])
        #expect(lines.split(separator: "\n").map { $0.prefix(5) } == ["class", "place", "perso"], "\(lines)")
        let kept = try program([
            "predict", "runs/questions", "--input", "questions.csv", "--top", "1", "--keep", "label",
        ])
        #expect(kept.hasPrefix("label,class,p_1\nplace,place,"), "\(kept.prefix(60))")
    }

    /// A text, which is continued.
    @Test func aText() throws {
        try home.write("rhyme.txt", String(repeating: "tick tock said the clock, ", count: 300))
        let text = try printed(["rhyme.txt"], last: "generate", accuracy: 0.9, ["epochs=25"])
        #expect(text.contains("tock said the clock"), "\(text)")
    }

    /// Prompts and answers.
    @Test func jsonLines() throws {
        let lines = (0..<200).map { row in
            "{\"question\": \"after \(row % 10)\", \"answer\": \"\((row + 1) % 10)\", \"source\": \"a\"}\n"
        }
        try home.write("numbers.jsonl", lines.joined())
        _ = try program(["init", "numbers.jsonl"])
        _ = try program(["run", "numbers.json5", "--run-dir", "runs/numbers"])
        let text = try program([
            "generate", "runs/numbers", "--prompt", "after 6", "--temperature", "0", "--json",
        ])
        #expect(text.contains("\"text\": \"7\""), "\(text)")
    }

    /// Classes of small images: light and dark ones, upright and lying bars.
    @Test func aFolderOfImages() throws {
        var random = SplitMix(state: 3)
        for kind in ["lying", "upright"] {
            try Directory.create(home.file("bars/\(kind)"))
            for index in 0..<30 {
                let place = 2 + Int(random.next() % 8)
                var pixels = [UInt8](repeating: 40, count: 144)
                for step in 0..<12 {
                    for width in 0..<2 {
                        let (x, y) = kind == "lying" ? (step, place + width) : (place + width, step)
                        pixels[12 * y + x] = UInt8(180 + random.next() % 60)
                    }
                }
                try PNGFile.write(
                    ByteImage(width: 12, height: 12, channels: 1, pixels: pixels),
                    to: home.file("bars/\(kind)/\(index).png"))
            }
        }
        let predicted = try train(["bars"], accuracy: 0.85)
        #expect(predicted.first == ["file", "class", "p_lying", "p_upright"] && predicted.count == 61)
        #expect(predicted.dropFirst().count { $0[0].hasPrefix($0[1]) } >= 52)
    }
}
