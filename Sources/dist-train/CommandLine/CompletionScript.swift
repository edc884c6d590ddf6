/// The scripts by which shells complete commands and options, made of the table of commands.
package enum CompletionScript {
    package enum Shell: String, CaseIterable, Sendable { case bash, zsh, fish }

    package static func text(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    /// All names of commands, their aliases included, with the command.
    private static var named: [(name: String, command: Command)] {
        Commands.all.flatMap { command in ([command.name] + command.aliases).map { ($0, command) } }
    }

    private static func firstWord(_ name: String) -> String { String(name.prefix { $0 != " " }) }

    /// The first words of commands, each once.
    private static var firstWords: [String] {
        var words: [String] = []
        for (name, _) in named where !words.contains(firstWord(name)) { words.append(firstWord(name)) }
        return words + ["help"]
    }

    /// The words that may follow a command's first word: `step` behind `bench`.
    private static func secondWords(_ word: String) -> [String] {
        switch word {
        case "checkpoint": ["list", "verify", "hash"]
        case "completion": Shell.allCases.map(\.rawValue) + ["man"]
        case "help": firstWords.filter { $0 != "help" }
        case "runs": ["list", "remove"]
        default:
            named.map(\.name).filter { $0.hasPrefix(word + " ") }.map {
                String($0.dropFirst(word.count + 1))
            }
        }
    }

    /// The options of the commands that begin with a word.
    private static func options(_ word: String) -> [Option] {
        var options: [Option] = []
        for (name, command) in named where firstWord(name) == word {
            options += command.options.filter { option in !options.contains { $0.name == option.name } }
        }
        return options + GlobalOptions.all
    }

    private static func names(_ option: Option) -> [String] { [option.name] + option.aliases }

    /// Text in single quotes, for any of the shells.
    private static func quoted(_ text: String) -> String {
        "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
    }

    private static func headline(_ option: Option) -> String {
        option.help.split(separator: "\n").joined(separator: " ")
    }

    // MARK: Shells

    private static var bash: String {
        let cases = firstWords.map { word in
            let words = secondWords(word) + options(word).flatMap(names)
            return "    \(word)) words=\(quoted(words.joined(separator: " "))) ;;"
        }
        return """
            # Completion of dist-train for bash; made by `dist-train completion bash`.
            _dist_train() {
              local current=${COMP_WORDS[COMP_CWORD]} words=
              if ((COMP_CWORD == 1)); then
                words=\(quoted((firstWords + ["--help", "--version"]).joined(separator: " ")))
              else
                case ${COMP_WORDS[1]} in
            \(cases.joined(separator: "\n"))
                esac
              fi
              COMPREPLY=($(compgen -W "$words" -- "$current"))
              if [[ $current != -* ]] && ((COMP_CWORD > 1)); then
                COMPREPLY+=($(compgen -f -- "$current"))
                if [[ -d runs ]]; then COMPREPLY+=($(compgen -W "latest $(ls runs)" -- "$current")); fi
              fi
            }
            complete -o filenames -o bashdefault -F _dist_train dist-train

            """
    }

    private static var zsh: String {
        let commands = firstWords.map { word in
            let command = named.first { $0.name == word || $0.name.hasPrefix(word + " ") }?.command
            return "    \(quoted("\(word):\(command?.headline ?? "Explain a command.")"))"
        }
        let cases = firstWords.map { word in
            let seconds = secondWords(word)
            let options = options(word).flatMap { option in
                names(option).map { "\($0):\(headline(option))" }
            }
            let described = options.map(quoted).joined(separator: " ")
            let words = seconds.isEmpty ? "" : "compadd -- \(seconds.joined(separator: " ")); "
            return "    \(word)) \(words)options=(\(described)) ;;"
        }
        return """
            #compdef dist-train
            # Completion of dist-train for zsh; made by `dist-train completion zsh`.
            _dist_train() {
              local -a commands options
              commands=(
            \(commands.joined(separator: "\n"))
              )
              if ((CURRENT == 2)); then
                _describe command commands
                return
              fi
              case $words[2] in
            \(cases.joined(separator: "\n"))
              esac
              if [[ $PREFIX == -* ]]; then
                _describe option options
              else
                _files
                [[ -d runs ]] && compadd -- latest runs/*(N:t)
              fi
            }
            if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
              _dist_train "$@"
            else
              compdef _dist_train dist-train
            fi

            """
    }

    private static var fish: String {
        var lines = ["# Completion of dist-train for fish; made by `dist-train completion fish`."]
        for word in firstWords {
            let command = named.first { $0.name == word || $0.name.hasPrefix(word + " ") }?.command
            let text = quoted(command?.headline ?? "Explain a command.")
            lines.append("complete -c dist-train -n __fish_use_subcommand -a \(word) -d \(text)")
            let condition = "-n '__fish_seen_subcommand_from \(word)'"
            for second in secondWords(word) {
                lines.append("complete -c dist-train \(condition) -a \(second)")
            }
            for option in options(word) {
                let long = names(option).filter { $0.hasPrefix("--") }.map { "-l \($0.dropFirst(2))" }
                let short = names(option).filter { !$0.hasPrefix("--") }.map { "-s \($0.dropFirst(1))" }
                let value = option.isAttached ? "" : " -r"
                lines.append(
                    "complete -c dist-train \(condition) \((long + short).joined(separator: " "))\(value)"
                        + " -d \(quoted(headline(option)))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
