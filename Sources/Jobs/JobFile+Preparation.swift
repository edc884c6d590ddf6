import Configuration
import Datasets
import System

extension JobFile {
    /// The commands that the comment at the beginning of the config gives before the one that trains: they
    /// download or make its data. A command is an indented line of the comment.
    package var preparation: [String] {
        guard let text = source?.range?.file.text else { return [] }
        var commands: [String] = []
        for line in String(decoding: text, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: true)
        {
            guard line.hasPrefix("//") else { break }
            let words = line.dropFirst(2)
            guard words.hasPrefix("   ") else { continue }
            let command = String(words.dropFirst(3))
            let isOwn = command.hasPrefix("dist-train ") && !command.hasPrefix("dist-train data get ")
            if isOwn { break }
            commands.append(command)
        }
        return commands
    }
}

extension DataSpec {
    /// The files and directories of all sources.
    package var paths: [String] {
        ([train] + [validation, test].compactMap { $0 }).flatMap(\.paths)
    }
}

extension DataSpec.Source {
    fileprivate var paths: [String] {
        switch self {
        case .builtin, .madeUp: []
        case .idx(let images, let labels, _): [images, labels]
        case .mnist(_, let directory): [directory]
        case .csv(let path, _, _): [path]
        case .cifar10(let paths): paths
        case .cifar100(let path, _): [path]
        case .npy(let files): [files.features] + [files.targets].compactMap { $0 }
        case .imageFolder(let folder): [folder.path]
        case .text(let data):
            [data.path] + { if case .file(let path) = data.tokens { [path] } else { [] } }()
        case .limited(let source, _): source.paths
        }
    }
}
