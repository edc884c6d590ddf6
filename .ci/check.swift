// The checks of the source tree that need more than grep. `.ci/run` compiles this file and calls it:
//
//     check dependencies PACKAGE.json       Package.swift's dependencies point down, and are those imported
//     check width                           no line of code or prose is wider than 110 columns
//     check comments                        no comment begins with "Of", "Who" or "What", unless it asks
//     check skipped LOG ALLOWED             the tests that were skipped are those allowed, with their reasons
//
// It prints what is wrong and ends with status 1, or prints nothing.
import Foundation

func contents(_ path: String) -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
        fail("cannot read `\(path)`")
    }
    return String(decoding: data, as: UTF8.self)
}

func fail(_ text: String) -> Never {
    FileHandle.standardError.write(Data((text + "\n").utf8))
    exit(1)
}

func lines(_ path: String) -> [Substring] {
    contents(path).split(separator: "\n", omittingEmptySubsequences: false)
}

/// Every file below the folders with one of the endings.
func files(_ folders: [String], endings: [String]) -> [String] {
    folders.flatMap { folder -> [String] in
        let found = FileManager.default.subpaths(atPath: folder) ?? []
        return found.filter { name in endings.contains { name.hasSuffix($0) } }.map { folder + "/" + $0 }
    }.filter { !isFolder($0) }.sorted()
}

func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
}

// MARK: - Dependencies

/// The output of `swift package dump-package`, as far as it is needed here.
struct Package: Decodable {
    struct Target: Decodable {
        struct Dependency: Decodable {
            let name: String

            private struct Kind: Decodable { let byName: [String?] }

            init(from decoder: Decoder) throws {
                let container = try decoder.singleValueContainer()
                name = try container.decode(Kind.self).byName.first.flatMap { $0 } ?? ""
            }
        }

        let name: String
        let type: String
        let path: String?
        let dependencies: [Dependency]

        var folder: String { path ?? (type == "test" ? "Tests/" : "Sources/") + name }
        var uses: [String] { dependencies.map(\.name) }
    }

    let targets: [Target]
}

/// The floor of every target. Comments of Package.swift number them: `// 2` stands above the targets of floor
/// 2. The first mention of a name is its declaration, or else a use before the declaration, which is wrong
/// anyway.
func floors(of names: Set<String>) -> [String: Int] {
    var floors: [String: Int] = [:]
    var floor: Int?
    for line in lines("Package.swift").drop(while: { !$0.hasPrefix("    targets: [") }) {
        let text = line.drop(while: \.isWhitespace)
        if text.hasPrefix("// "), let number = Int(text.dropFirst(3).prefix(while: \.isNumber)) {
            floor = number
        }
        guard let floor else { continue }
        for (index, word) in line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        where index % 2 == 1 && names.contains(String(word)) && floors[String(word)] == nil {
            floors[String(word)] = floor
        }
    }
    return floors
}

/// The targets whose modules a target's Swift files import: `dist_train` is the module of `dist-train`.
func imports(in folder: String, of targets: Set<String>) -> Set<String> {
    var found: Set<String> = []
    for file in files([folder], endings: [".swift"]) {
        for line in lines(file) {
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index < words.count - 1 else { continue }
            let modifiers = words[..<index]
            if modifiers.allSatisfy({ $0.hasPrefix("@") || ["package", "public", "internal"].contains($0) }) {
                found.insert(String(words[index + 1]))
            }
        }
    }
    return targets.filter { found.contains($0.replacingOccurrences(of: "-", with: "_")) }
}

func dependencyProblems(_ package: Package) -> [String] {
    let names = Set(package.targets.map(\.name))
    let floors = floors(of: names)
    var problems: [String] = []
    if Set(floors.values).count < 5 { problems.append("the floors in Package.swift cannot be read") }
    for target in package.targets where target.type != "system" {
        if target.folder.hasPrefix("Sources/") {
            let floor = floors[target.name] ?? -1
            for used in target.uses where (floors[used] ?? .max) >= floor {
                problems.append("\(target.name) (floor \(floor)) uses \(used), which is not on a lower floor")
            }
        }
        // Swift finds modules that happen to be built already, listed or not.
        guard !files([target.folder], endings: [".swift"]).isEmpty else { continue }
        let imported = imports(in: target.folder, of: names)
        for name in imported.subtracting(target.uses).sorted() {
            problems.append("\(target.name) imports \(name), which Package.swift does not list")
        }
        for name in target.uses where !imported.contains(name) {
            problems.append("\(target.name) never imports \(name), which Package.swift lists")
        }
    }
    return problems
}

// MARK: - Width and comments

let sources = files(["Sources", "Tests"], endings: [".swift", ".c", ".h"])
let prose = ["README.md", "config/README.md", "deploy/README.md", "Sources/README.md"]
    .filter(FileManager.default.fileExists(atPath:))

/// The scripts of a folder: what begins with `#!`, and files of a few languages.
func scripts(_ folder: String) -> [String] {
    files([folder], endings: [""]).filter { file in
        [".py", ".c", ".swift"].contains { file.hasSuffix($0) } || contents(file).hasPrefix("#!")
    }
}

let widest = 110

/// A line of one word, an address for example, cannot be broken.
func isUnbreakable(_ line: Substring) -> Bool {
    let marks = CharacterSet(charactersIn: "/#*->").union(.whitespaces)
    return !line.trimmingCharacters(in: marks).contains(" ")
}

func widthProblems() -> [String] {
    (["Package.swift"] + sources + prose + scripts("deploy") + scripts(".ci")).flatMap { file in
        lines(file).enumerated().filter { $1.count > widest && !isUnbreakable($1) }.map { index, line in
            "\(file):\(index + 1): \(line.count) columns, more than \(widest)"
        }
    }
}

/// The text of the comment at a line's end; nil where there is none.
func comment(_ line: Substring) -> Substring? {
    let text = line.drop(while: \.isWhitespace)
    if text.hasPrefix("//") { return text.drop(while: { $0 == "/" }).drop(while: \.isWhitespace) }
    guard let start = text.range(of: " // ") else { return nil }
    return text[start.upperBound...].drop(while: \.isWhitespace)
}

/// "Of what …", "Who has …" and "What …" name no subject: they are riddles, unless they ask.
func commentProblems() -> [String] {
    sources.flatMap { file -> [String] in
        let comments = lines(file).map(comment)
        return comments.indices.compactMap { index in
            guard let text = comments[index], ["Of ", "Who ", "What "].contains(where: text.hasPrefix)
            else { return nil }
            let following = comments[index...].prefix { $0?.isEmpty == false }.compactMap { $0 }
            let end = following.joined(separator: " ").first { ".?!:;".contains($0) }
            return end == "?" ? nil : "\(file):\(index + 1): \(text)"
        }
    }
}

// MARK: - Skipped tests

/// A line such as `➜ Test slowLinks() skipped: "it takes long"`, without the sign and the quotation marks.
func skipped(_ line: Substring) -> String? {
    guard let middle = line.range(of: " skipped"),
        let start = line.range(of: "Test ") ?? line.range(of: "Suite "), start.lowerBound < middle.lowerBound
    else { return nil }
    let name = line[start.lowerBound..<middle.lowerBound]
    let reason = line[middle.upperBound...].drop { ": ".contains($0) }
    return reason.isEmpty ? "\(name): no reason" : "\(name): \(reason.filter { $0 != "\"" })"
}

/// Prints what was skipped. `allowed` holds lines such as `always Test slowLinks()`: `without-root` in
/// place of `always` allows it where the tests are not run by root, `unless-full` where not all are run.
func skippedProblems(log: String, allowed: String) -> [String] {
    let skipped = lines(log).compactMap(skipped).sorted()
    for test in skipped { print("skipped: \(test)") }
    print("\(skipped.count) tests or suites were skipped")
    let isFull = ProcessInfo.processInfo.environment["DIST_TRAIN_FULL_TESTS"] == "1"
    let words =
        ["always"] + (getuid() == 0 ? [] : ["without-root"]) + (isFull ? [] : ["unless-full"])
    let names = Set(
        lines(allowed).flatMap { line in
            words.filter { line.hasPrefix($0 + " ") }.map { String(line.dropFirst($0.count + 1)) }
        })
    return skipped.filter { test in !names.contains { test.hasPrefix($0 + ": ") } }
        .map { "not allowed to be skipped by \(allowed): \($0)" }
}

// MARK: -

let arguments = CommandLine.arguments.dropFirst()
let problems: [String]
switch (arguments.first, arguments.dropFirst().map { $0 }) {
case ("dependencies", let rest) where rest.count == 1:
    let json = Data(contents(rest[0]).utf8)
    do { problems = dependencyProblems(try JSONDecoder().decode(Package.self, from: json)) } catch {
        fail("`\(rest[0])` is not what `swift package dump-package` prints: \(error)")
    }
case ("width", []): problems = widthProblems()
case ("comments", []): problems = commentProblems()
case ("skipped", let rest) where rest.count == 2: problems = skippedProblems(log: rest[0], allowed: rest[1])
default: fail("usage: see the first lines of .ci/check.swift")
}
if !problems.isEmpty { fail(problems.joined(separator: "\n")) }
