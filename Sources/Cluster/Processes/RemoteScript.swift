/// The script that a host's shell runs for a worker, and what the two sides say to each other.
///
/// All of it is constant: what differs from run to run comes over standard input, so that no shell ever sees
/// a word that a user gave.
///
///     here                                      the host
///     version, build, digest, size, port, …  →  looks for the program
///                                            ←  need PLATFORM      if it is missing
///     the program's file                     →  keeps it under its build, if it came as a whole
///                                            ←  ready ADDRESS      or why not
///     the token                              →  the worker, whose lifeline standard input is from now on
package enum RemoteScript {
    /// The beginning of a line that the script says; a shell's startup files may print others.
    private static let mark = "dist-train-host:"

    /// The first line that the script reads.
    ///
    /// - Parameters:
    ///   - address: the coordinator's; nil: this machine as the host sees it.
    ///   - options: further options of `worker`, which have no blanks in their values.
    static func header(_ program: RemoteProgram, address: String?, port: UInt16, options: [String]) -> String
    {
        let size = program.isSelfContained ? program.file.bytes.count : 0
        return
            ([program.version, program.build, program.digest, "\(size)", address ?? "-", "\(port)"] + options)
            .joined(separator: " ") + "\n"
    }

    /// An answer of the script.
    package enum Answer: Equatable, Sendable {
        /// It asks for the program's file; the host has this platform.
        case need(platform: String)
        /// The worker joins the coordinator at this address as soon as it has the token.
        case ready(address: String)
        /// No worker can be started. `reason` is a word of the script, `detail` what it found.
        case refused(reason: String, detail: String)
    }

    /// The answers in what a host has printed so far. An unfinished line is none.
    package static func answers(in output: String) -> [Answer] {
        output.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).dropLast().compactMap {
            line in
            guard line.hasPrefix(mark) else { return nil }
            let words = line.dropFirst(mark.count).split(separator: " ", maxSplits: 1)
            let detail = words.count > 1 ? String(words[1]) : ""
            return switch String(words.first ?? "") {
            case "need": .need(platform: detail)
            case "ready": .ready(address: detail)
            default: .refused(reason: String(words.first ?? ""), detail: detail)
            }
        }
    }

    /// The command that ssh hands to the user's shell, whichever that is: one line without quotes,
    /// backslashes and exclamation marks inside, which shells read differently.
    package static let command =
        "exec /bin/sh -c '" + text.split(separator: "\n").joined(separator: " ") + "'"

    /// The script. It does not become the worker, so that its status tells how a signal ended that one.
    private static let text = """
        set -f; umask 077;
        say() { echo "\(mark) $*"; };
        runs() {
        found=$("$1" --version 2>&1 </dev/null); code=$?;
        [ "$code" = 0 ] && [ "$found" = "dist-train $version" ];
        };
        same() { [ -f "$1" ] && [ "$(sha256sum <"$1" 2>/dev/null)" = "$digest  -" ]; };
        clean() { rm -f "$part"; };
        read -r version build digest size address port options || exit 1;
        if [ "$address" = - ]; then
        address=${SSH_CONNECTION%% *};
        [ "$address" ] || { say no-address; exit 1; };
        fi;
        case $address in *:*) address="[$address]";; esac;
        cache=$XDG_CACHE_HOME;
        case $cache in /*) ;; *) cache=$HOME/.cache;; esac;
        place=$cache/dist-train/bin/$build;
        program=$place/dist-train;
        installed=$(command -v dist-train);
        if [ -x "$program" ] && runs "$program"; then :;
        elif same "$installed"; then program=$installed;
        elif [ "$size" = 0 ]; then
        [ "$installed" ] && runs "$installed" || { say missing; exit 1; };
        program=$installed;
        else
        mkdir -p "$place" && part=$(mktemp "$place/part.XXXXXX") || { say unwritable "$place"; exit 1; };
        trap clean EXIT;
        say need "$(uname -sm)";
        head -c "$size" >"$part";
        [ "$(wc -c <"$part")" -eq "$size" ] || { say incomplete "$place"; exit 1; };
        chmod 700 "$part" && mv -f "$part" "$program" || { say unwritable "$place"; exit 1; };
        fi;
        runs "$program" || { say unfit "$program" "$code" $found; exit 1; };
        say ready "$address:$port";
        DIST_TRAIN_TOKEN_DESCRIPTOR=0 DIST_TRAIN_LIFELINE=0
        "$program" worker --join "$address:$port" $options;
        exit $?;
        """
}
