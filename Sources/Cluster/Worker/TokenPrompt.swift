import Platform
import System
import Transport

/// Asks for the token on the terminal.
enum TokenPrompt {
    static var hasTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks until a line holds a token.
    ///
    /// - Throws: `SystemError` if the terminal is closed.
    static func token() throws -> SharedToken {
        while true {
            do { return try TokenStore.parse(line(), from: "the line") } catch let error as TokenError {
                say("\(error)")
            }
        }
    }

    static func say(_ text: String) { write(STDERR_FILENO, text + "\n", text.utf8.count + 1) }

    /// Reads a line without showing it. A signal restores the terminal before it ends the process.
    private static func line() throws -> String {
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        let shown = before
        try Signals.deliver([SIGINT, SIGTERM, SIGHUP]) { signal in
            var shown = shown
            tcsetattr(STDIN_FILENO, TCSANOW, &shown)
            _exit(128 + signal)
        }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
        let question = "token (as the coordinator shows it): "
        write(STDERR_FILENO, question, question.utf8.count)
        let line = readLine()
        say("")
        guard let line else { throw SystemError("the terminal was closed before a token was given") }
        return line
    }
}
