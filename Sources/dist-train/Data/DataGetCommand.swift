import Configuration
import System
import Telemetry

enum DataGetCommand {
    static let command = Command(
        name: "data get", arguments: "NAME",
        summary: """
            Download a data set: mnist, fashion-mnist or cifar10.
            The program `curl` downloads its files over HTTPS, and continues where it was interrupted. Each \
            file is compared with the checksum that torchvision (CIFAR-10: its authors' page) publishes. \
            Files that are there already are not downloaded again.
            """,
        options: [
            Option(
                name: "--to", value: "DIRECTORY",
                help: "where the files go (default data/mnist,"
                    + " data/fashion-mnist, or data for cifar10)"),
            Option(
                name: "--from", value: "URL",
                help: "a mirror: the address of the directory with the files (https; http from this"
                    + " machine alone)"),
        ],
        example: "dist-train data get mnist --to data/mnist", run: run)

    private static func run(_ arguments: Arguments) throws -> Int32 {
        let name = try arguments.only("the name of a data set: mnist, fashion-mnist or cifar10")
        let names = PublishedDataset.all.map(\.name)
        guard let dataset = PublishedDataset.all.first(where: { $0.name == name }) else {
            let nearest = Suggestion.nearest(to: name, among: names).map { "did you mean `\($0)`?" }
            throw UsageError(
                "there is no data set `\(name)`:"
                    + " \(nearest ?? "there are \(names.joined(separator: ", "))")")
        }
        let directory = arguments.string("--to") ?? dataset.usualDirectory
        let download = try DatasetDownload(
            dataset, to: directory, from: arguments.string("--from"),
            say: { Console.standardError.writeLine($0) })
        let place = try download.run()
        print("\(name) is in \(place); in a config: `{\(dataset.source): \"\(place)\"}`")
        return 0
    }
}
