import System
import TestSupport
import Testing

@Suite struct LineFollowerTests {
    /// Lines are taken once, and only when they are whole.
    @Test func wholeLinesOnce() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("lines")
        var follower = LineFollower(path)
        #expect(try follower.next() == [])
        let file = try AppendFile(path)
        try file.append("a")
        try file.append("ö")
        try file.append(bytes: Array("unfin".utf8))
        #expect(try follower.next() == ["a", "ö"])
        #expect(try follower.next() == [])
        let copy = follower
        try file.append("ished")
        #expect(try follower.next() == ["unfinished"])
        #expect(try follower.next() == [])
        var again = copy
        #expect(try again.next() == ["unfinished"])
    }

    /// Whatever is read at once, all lines come in their order.
    @Test(arguments: [1, 2, 3, 7, 64, 1 << 20]) func pieces(bytes: Int) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("lines")
        let lines = (1..<200).map { String(repeating: "x", count: $0 % 37 + 1) }
        try File.writeAtomically(lines.map { $0 + "\n" }.joined(), to: path)
        var follower = LineFollower(path)
        var found: [String] = []
        while true {
            let more = try follower.next(bytes: bytes)
            if more.isEmpty { break }
            found += more
        }
        #expect(found == lines)
    }
}
