import CSystem
import Platform

/// The clocks, for people and for measurements. Nothing that influences a model's bits may read them.
package enum Clock {
    /// The monotonic clock, in seconds; only differences have a meaning.
    package static func monotonicSeconds() -> Double { csystem_monotonic_seconds() }

    /// The wall clock: seconds since 1970-01-01 UTC.
    package static func wallSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }

    /// The processor time of all threads of this process, in seconds.
    package static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }

    /// Formats a time as UTC in ISO 8601 with milliseconds: `2026-11-21T03:45:00.123Z`.
    package static func timestamp(_ seconds: Double = wallSeconds()) -> String {
        let milliseconds = Int((seconds * 1_000).rounded(.down))
        var (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
        if rest < 0 { (whole, rest) = (whole - 1, rest + 1_000) }
        var time = time_t(whole)
        var parts = tm()
        gmtime_r(&time, &parts)
        let date = "\(parts.tm_year + 1_900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return "\(date)T\(clock).\(TextFormat.padded(rest, 3, with: "0"))Z"
    }

    /// Reads what `timestamp` writes; nil for any other text.
    package static func seconds(ofTimestamp text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes[10] == 0x54, bytes[19] == 0x2E, bytes[23] == 0x5A else { return nil }
        let ranges = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19, 20..<23]
        let numbers = ranges.compactMap { Int32(String(decoding: bytes[$0], as: UTF8.self)) }
        guard numbers.count == ranges.count else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1_900, numbers[1] - 1, numbers[2])
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
        return Double(timegm(&parts)) + Double(numbers[6]) / 1_000
    }

    /// Formats a local time for names of directories: `20261121-034500`.
    package static func compactLocalStamp(_ seconds: Double = wallSeconds()) -> String {
        var time = time_t(seconds.rounded(.down))
        var parts = tm()
        localtime_r(&time, &parts)
        let date = "\(parts.tm_year + 1_900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
        return "\(date)-\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))"
    }

    /// Suspends the calling thread.
    package static func sleep(seconds: Double) {
        guard seconds > 0 else { return }
        var rest = timespec(tv_sec: time_t(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        var left = timespec()
        while nanosleep(&rest, &left) != 0, errno == EINTR { rest = left }
    }

    private static func two(_ value: Int32) -> String { TextFormat.padded(Int(value), 2, with: "0") }
}
