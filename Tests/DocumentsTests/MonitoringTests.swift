import Configuration
import System
import TestSupport
import Testing

/// The alert rules of `deploy/prometheus` and the dashboard of `deploy/grafana`.
@Suite struct MonitoringTests {
    private static let rules = ProjectFiles.path("deploy/prometheus/alerts.yml")
    private static let dashboard = "deploy/grafana/dashboard.json"
    /// Debian has it in the package `prometheus`.
    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first(where: File.exists)

    private static func panels() throws -> [ConfigValue] {
        let diagnostics = Diagnostics()
        let value = JSON5.parse(
            try ProjectFiles.text(dashboard), name: dashboard, diagnostics: diagnostics)
        try diagnostics.check()
        return try #require(value?["panels"]?.elements)
    }

    private static func queries() throws -> [String] {
        try panels().flatMap { $0["targets"]?.elements ?? [] }.map { try #require($0["expr"]?.text) }
    }

    /// The names of metrics in a text.
    private static func metrics(_ text: String) -> Set<String> {
        var names: Set<String> = []
        for part in (" " + text).split(separator: "dist_train_").dropFirst() {
            let name = part.prefix { $0.isLowercase || $0 == "_" || $0.isNumber }
            names.insert("dist_train_" + name)
        }
        return names
    }

    /// Whatever they ask for, `/metrics` has.
    @Test func namesAreThoseOfTheProgram() throws {
        let exported = Self.metrics(try ProjectFiles.text("Sources/Pages/Live/RunMetrics.swift"))
        let asked = Self.metrics(try Self.queries().joined(separator: "\n"))
        let watched = Self.metrics(try File.readText(Self.rules, limit: 1 << 20))
        #expect(asked.count > 20 && asked.isSubset(of: exported), "\(asked.subtracting(exported).sorted())")
        #expect(
            watched.count > 8 && watched.isSubset(of: exported), "\(watched.subtracting(exported).sorted())")
    }

    /// Panels lie side by side on a grid of 24 columns, and each has a title, a unit, and what it shows.
    @Test func panelsAreInTheirPlaces() throws {
        let panels = try Self.panels()
        let numbers = panels.compactMap { $0["id"]?.integer }
        #expect(Set(numbers).count == panels.count)
        var taken: Set<[Int]> = []
        for panel in panels {
            let title = try #require(panel["title"]?.text)
            let (place, type) = (try #require(panel["gridPos"]), try #require(panel["type"]?.text))
            let sides = ["x", "y", "w", "h"].compactMap { place[$0]?.integer }
            try #require(sides.count == 4, "\(title)")
            #expect(sides[0] + sides[2] <= 24, "\(title) is wider than the page")
            for x in sides[0]..<sides[0] + sides[2] {
                for y in sides[1]..<sides[1] + sides[3] {
                    #expect(taken.insert([x, y]).inserted, "\(title) lies on another panel")
                }
            }
            guard type != "row" else { continue }
            #expect(["stat", "table", "timeseries"].contains(type), "\(title)")
            #expect(panel["description"]?.text?.isEmpty == false, "\(title)")
            #expect(panel["datasource"]?["uid"]?.text == "${datasource}", "\(title)")
            #expect(panel["targets"]?.elements?.isEmpty == false, "\(title)")
            let unit = panel["fieldConfig"]?["defaults"]?["unit"]?.text
            #expect(type == "table" || unit != nil, "\(title)")
        }
    }

    /// Rules fire where they should and are silent beside it, and all queries are ones of Prometheus.
    @Test(.enabled(if: promtool != nil, "promtool is missing"))
    func promtoolAgrees() async throws {
        try await onThread {
            try Self.run(["check", "rules", Self.rules])
            try Self.run(["test", "rules", ProjectFiles.path("Tests/Fixtures/prometheus/alerts_test.yml")])
            // A query is checked where a rule has it.
            let directory = try TemporaryDirectory()
            let rules = try Self.queries().enumerated().map { index, query in
                let plain = query.replacing("$instance", with: "a").replacing("$__rate_interval", with: "5m")
                return "  - {record: 'r\(index)', expr: '\(plain)'}\n"
            }
            let file = try directory.write(
                "queries.yml", "groups:\n- name: dashboard\n  rules:\n" + rules.joined())
            try Self.run(["check", "rules", file])
        }
    }

    private static func run(_ arguments: [String]) throws {
        let child = try ChildProcess(
            try #require(promtool), arguments, standardOutput: .capture, standardError: .capture)
        #expect(
            child.wait(seconds: 60) == .exited(0), "\(child.standardOutput())\(child.standardError())")
    }
}
