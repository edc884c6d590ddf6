import Datasets
import Platform
import System

/// Downloads the files of a data set into a directory, and compares their checksums.
package struct DatasetDownload {
    private let dataset: PublishedDataset
    private let directory: String
    private let address: String
    private let say: (String) -> Void

    /// - Parameters:
    ///   - mirror: the address of another directory with the same files.
    ///   - say: takes a line about each file.
    /// - Throws: `UsageError` if a mirror's address is not secure.
    package init(
        _ dataset: PublishedDataset, to directory: String, from mirror: String?,
        say: @escaping (String) -> Void
    ) throws {
        self.dataset = dataset
        self.directory = directory
        self.say = say
        var address = mirror ?? dataset.address
        while address.hasSuffix("/") { address.removeLast() }
        self.address = address
        guard address.hasPrefix("https://") || isOnThisMachine else {
            throw UsageError("--from needs an address that begins with https://, found `\(address)`")
        }
    }

    /// Only a server on this machine may be asked without encryption.
    private var isOnThisMachine: Bool {
        ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { host in
            address == host || address.hasPrefix(host + "/") || isPort(address, behind: host + ":")
        }
    }

    /// Behind the host's name only a port may stand: `http://localhost:80@elsewhere` is a server elsewhere.
    private func isPort(_ address: String, behind host: String) -> Bool {
        guard address.hasPrefix(host) else { return false }
        let port = address.dropFirst(host.count).prefix { $0 != "/" }
        return !port.isEmpty && port.allSatisfy { ("0"..."9").contains($0) }
    }

    /// Downloads what is missing; returns the path for a config.
    /// - Throws: `DatasetError` or `SystemError`.
    package func run() throws -> String {
        try Directory.create(directory)
        for file in dataset.files { try get(file) }
        guard let unpacked = dataset.unpacked, let archive = dataset.files.first else { return directory }
        return try unpack(archive.name, to: unpacked)
    }

    private func get(_ file: PublishedDataset.RemoteFile) throws {
        let path = Path.join(directory, file.name)
        if File.exists(path) {
            if try checksum(path) == file.checksum {
                return say("\(path): there already, and sound")
            }
            throw DatasetError(
                "`\(path)` is not the published file: its MD5 is \(try checksum(path)),"
                    + " \(dataset.checksumSource) says \(file.checksum); move it away and try again")
        }
        let part = path + ".part"
        let isContinued = File.exists(part)
        try fetch("\(address)/\(file.name)", to: part)
        var found = try checksum(part)
        if isContinued, found != file.checksum {  // what was there was of another file
            try File.remove(part)
            try fetch("\(address)/\(file.name)", to: part)
            found = try checksum(part)
        }
        guard found == file.checksum else {
            try File.remove(part)
            throw DatasetError(
                "what `\(address)/\(file.name)` sent is not the published file: its MD5 is \(found),"
                    + " \(dataset.checksumSource) says \(file.checksum); try again, or give a mirror"
                    + " with --from")
        }
        try File.move(part, to: path)
        say("\(path): downloaded, and sound by the checksum of \(dataset.checksumSource)")
    }

    private func checksum(_ path: String) throws -> String {
        let file = try MappedFile(path)
        guard let digest = withExtendedLifetime(file, { MD5.digest(of: file.bytes) }) else {
            throw DatasetError(
                "OpenSSL has no MD5 here, so that `\(path)` cannot be checked; use"
                    + " another machine")
        }
        return TextFormat.hex(digest)
    }

    /// Downloads one file, continuing with what is there of it. If the server refuses to continue, because
    /// the part is whole or the server cannot, it begins anew.
    private func fetch(_ url: String, to part: String) throws {
        say("downloading \(url)")
        let isContinued = File.exists(part)
        var outcome = try curl(url, to: part)
        if outcome != nil, isContinued {
            try File.remove(part)
            outcome = try curl(url, to: part)
        }
        guard let fault = outcome else { return }
        throw DatasetError(
            "cannot download \(url): \(fault); check the network and the address, or give a mirror with"
                + " --from")
    }

    /// Runs curl; returns what it says if it fails.
    private func curl(_ url: String, to part: String) throws -> String? {
        let protocols = isOnThisMachine ? "=http,https" : "=https"
        let child: ChildProcess
        do {
            child = try ChildProcess(
                "curl",
                [
                    "--proto", protocols, "--proto-redir", protocols, "--fail", "--location", "--continue-at",
                    "-",
                    "--retry", "2", "--connect-timeout", "30", "--silent", "--show-error", "--output", part,
                    url,
                ], standardOutput: .discard, standardError: .capture)
        } catch let error as SystemError where error.code == ENOENT {
            throw DatasetError("the program `curl` is needed for downloads and was not found; install it")
        }
        guard child.wait(seconds: .infinity)?.isSuccess != true else { return nil }
        let lines = child.standardError().split(separator: "\n")
        return lines.last.map { String($0.trimmingPrefix("curl: ")) } ?? "curl failed"
    }

    /// Unpacks the archive, whose checksum is known, unless that has been done.
    private func unpack(_ archive: String, to folder: String) throws -> String {
        let place = Path.join(directory, folder)
        if Directory.isDirectory(place) { return place }
        let child = try ChildProcess(
            "tar", ["-xzf", Path.join(directory, archive), "-C", directory], standardOutput: .discard,
            standardError: .capture)
        guard child.wait(seconds: .infinity)?.isSuccess == true, Directory.isDirectory(place) else {
            let words = child.standardError().split(separator: "\n").first.map { ": \($0)" } ?? ""
            throw DatasetError(
                "`\(Path.join(directory, archive))` cannot be unpacked\(words); check the space on the disk,"
                    + " or unpack it with `tar -xzf`")
        }
        return place
    }
}
