import Launch
import Testing

/// The lists that Slurm writes into its variables.
@Suite struct SlurmTests {
    /// The first names are those of `scontrol show hostnames LIST | head -1`, of Slurm 22.05.
    @Test(arguments: [
        ("n1", "n1"), ("n[001-003,7],x", "n001"), ("a[1-2]b[3-4]", "a1b3"), ("x,n[1-2]", "x"),
        ("rack0[08-10]-gpu[2,4]", "rack008-gpu2"), ("a.b.example.org", "a.b.example.org"),
        ("n[9-11]", "n9"), ("n[0]", "n0"),
    ])
    func theFirstNode(list: String, first: String) throws {
        #expect(try SlurmNodeList(list).first == first)
    }

    @Test(arguments: [
        "", ",", "n1,", ",n1", "n[", "n[]", "n[1", "n[1-]", "n[-1]", "n[1,]", "n[1]]", "n]", "n[a]", "n 1",
        "n/1",
        "n[[1]]", "größe", "n[1234567890123456789]", String(repeating: "a", count: 254), "n\u{0}",
    ])
    func noList(text: String) {
        #expect(throws: LaunchError.self) { try SlurmNodeList(text) }
    }

    @Test(
        arguments: [
            ("2(x3),1", [2, 2, 2, 1, nil]), ("4", [4, nil]), ("1,2,3", [1, 2, 3, nil]), ("1(x1000000)", [1]),
        ] as [(String, [Int?])])
    func theTasksOfANode(text: String, counts: [Int?]) throws {
        let tasks = try #require(SlurmTaskCounts(text))
        #expect(counts.indices.map { tasks[$0] } == counts)
        #expect(tasks[-1] == nil)
    }

    @Test(arguments: [
        "", "0", "2(x", "2(x)", "2(x0)", "2(x3", "2(3)", "a", "1,", "-1", "2(x3)(x4)", "99999999999",
    ])
    func noTasks(text: String) {
        #expect(SlurmTaskCounts(text) == nil)
    }
}
