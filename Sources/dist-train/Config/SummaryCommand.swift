import Jobs
import Reports
import Training

enum SummaryCommand {
    static let command = Command(
        name: "summary", arguments: "CONFIG",
        summary: "Show each layer's shape, parameters, memory and operations.",
        options: [.set, .json], example: "dist-train summary config/digits-mlp.json5 --set batch.size=256",
        run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.only("a config file")
        let file = try JobFile.load(path: path, overrides: arguments.overrides)
        let data = try file.decodedData()
        let plan = try file.trainingPlan(with: data)
        if arguments.has("--json") {
            print(ConfigReport.summary(plan, data).prettyJSON())
        } else {
            data.allNotes.print()
            print(data.summary.joined(separator: "; ") + "\n")
            print(Summary.text(plan))
        }
        return 0
    }
}
