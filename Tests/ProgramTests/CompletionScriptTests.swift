import System
import TestSupport
import Testing
import dist_train

@Suite struct CompletionScriptTests {
    /// Every command and every option is in every shell's script.
    @Test(arguments: CompletionScript.Shell.allCases) func nothingIsForgotten(shell: CompletionScript.Shell) {
        let script = CompletionScript.text(for: shell)
        for command in Commands.all {
            for word in command.name.split(separator: " ") { #expect(script.contains(word), "\(word)") }
            for option in command.options {
                let name = shell == .fish ? "-l \(option.name.dropFirst(2))" : option.name
                #expect(script.contains(name), "\(command.name) \(option.name)")
            }
        }
    }

    /// Bash completes the words typed so far: some are offered then, and others are not.
    @Test(
        arguments: [
            (["ev"], ["evaluate"], ["predict"]), (["tra"], ["train"], ["run"]),
            (["--ver"], ["--version"], []),
            (["run", "--ep"], ["--epochs"], ["--workers"]), (["bench", "st"], ["step"], ["kernels"]),
            (["worker", "--jo"], ["--join"], ["--workers"]), (["token", "ro"], ["rotate"], ["show"]),
            (["completion", "z"], ["zsh"], ["bash"]), (["help", "pre"], ["predict"], ["run"]),
            (["runs", "rem"], ["remove"], []), (["init", "--ta"], ["--target"], ["--test"]),
        ] as [([String], [String], [String])])
    func bashCompletes(words: [String], offered: [String], others: [String]) throws {
        let directory = try TemporaryDirectory()
        try directory.write("script", CompletionScript.text(for: .bash))
        let typed = (["dist-train"] + words).joined(separator: " ")
        let shell = try ChildProcess(
            "/bin/bash",
            [
                "-c",
                "cd \(directory.path) && . ./script && COMP_WORDS=(\(typed)) COMP_CWORD=\(words.count)"
                    + " && _dist_train && printf '%s\\n' \"${COMPREPLY[@]}\"",
            ], standardOutput: .capture, standardError: .capture)
        while shell.wait(seconds: 10) == nil {}
        let found = shell.standardOutput().split(separator: "\n").map(String.init)
        #expect(offered.allSatisfy(found.contains), "\(found) \(shell.standardError())")
        #expect(!others.contains(where: found.contains), "\(found)")
    }
}
