import Telemetry
import Testing

@Suite struct LogFormatTests {
    private func record(
        _ level: LogLevel, _ message: String, source: String = "worker 2",
        _ fields: [(name: String, value: LogValue)] = []
    )
        -> LogRecord
    {
        LogRecord(time: 1_000_000_000.25, level: level, source: source, message: message, fields: fields)  // 2001-09-09T01:46:40.250Z
    }

    @Test func linesForPeople() {
        #expect(LogFormat.human(record(.info, "joined")) == "01:46:40 worker 2: joined")
        #expect(LogFormat.human(record(.warning, "slow", source: "")) == "01:46:40 warning: slow")
        #expect(
            LogFormat.human(record(.error, "gone"), utcOffset: -2 * 3600) == "23:46:40 worker 2: error: gone")
        #expect(LogFormat.human(record(.info, "x"), utcOffset: 23 * 3600) == "00:46:40 worker 2: x")
        #expect(
            LogFormat.human(record(.info, "a\u{1b}[2Jb\rc\nd")) == "01:46:40 worker 2: a?[2Jb?c\n         d")
        #expect(
            LogFormat.printable("error: \u{1b}]0;x\u{7}\u{9b}1m\nsee", lineBreak: "\n")
                == "error: ?]0;x??1m\nsee")
    }

    @Test func linesForPrograms() {
        #expect(
            LogFormat.json(
                record(
                    .info, "said \"hi\" \\ \n\t\u{1} ü",
                    [("step", 12), ("loss", 0.5), ("nan", .number(.nan)), ("exact", true), ("a\"b", "c")]))
                == #"{"time":"2001-09-09T01:46:40.250Z","level":"info","source":"worker 2","message":"said \"hi\" \\ \n\t\u0001 ü","#
                + #""step":12,"loss":0.5,"nan":null,"exact":true,"a\"b":"c"}"#)
        #expect(
            LogFormat.json(record(.debug, "", source: ""))
                == #"{"time":"2001-09-09T01:46:40.250Z","level":"debug","message":""}"#)
    }

    @Test func levelsAreOrdered() {
        #expect(LogLevel.allCases.sorted() == [.debug, .info, .warning, .error])
    }
}
