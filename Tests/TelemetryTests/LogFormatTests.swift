import Telemetry
import Testing

@Suite struct LogFormatTests {
    private let time = 1_000_000_000.25  // 2001-09-09T01:46:40.250Z

    private func human(_ event: RunEvent, source: String = "worker 2", utcOffset: Int = 0) -> String {
        LogFormat.human(event.facts, time: time, source: source, utcOffset: utcOffset)
    }

    @Test func linesForPeople() {
        let info = RunEvent.session(.finished(reason: "done"))
        let error = RunEvent.session(.failed(reason: "gone"))
        #expect(human(info) == "01:46:40 worker 2: done")
        #expect(human(.audit(.impossible), source: "").hasPrefix("01:46:40 warning: audit: with one worker"))
        #expect(human(error, utcOffset: -2 * 3600) == "23:46:40 worker 2: error: gone")
        #expect(human(info, utcOffset: 23 * 3600) == "00:46:40 worker 2: done")
    }

    /// A sentence may quote what a stranger wrote: nothing of it moves the terminal's cursor.
    @Test func controlCharactersAreNotShown() {
        #expect(
            human(.session(.finished(reason: "a\u{1b}[2Jb\rc\nd")))
                == "01:46:40 worker 2: a?[2Jb?c\n         d")
        #expect(
            LogFormat.printable("error: \u{1b}]0;x\u{7}\u{9b}1m\nsee", lineBreak: "\n")
                == "error: ?]0;x??1m\nsee")
    }

    @Test func linesForPrograms() {
        let event = RunEvent.session(.finished(reason: "said \"hi\" \\ \n\t\u{1} ü"))
        let text = #""said \"hi\" \\ \n\t\u0001 ü""#
        #expect(
            LogFormat.json(event.facts, time: time, source: "worker 2")
                == #"{"time":"2001-09-09T01:46:40.250Z","level":"info","source":"worker 2","#
                + #""event":"session_finished","reason":\#(text),"message":\#(text)}"#)
    }

    @Test func levelsAreOrdered() {
        #expect(LogLevel.allCases.sorted() == [.debug, .info, .warning, .error])
    }
}
