import System

extension RunEvent {
    /// The beginning of a run, from its command to the first worker.
    package enum Run: Equatable, Sendable {
        /// A process that was started by the same line as others (`run --everywhere`) knows its part. What is
        /// not known is null: the number of ranks, rank 0's host, the rendezvous, the number of lanes.
        /// `origins` says where each fact comes from.
        case launched(
            rank: Int, ranks: Int?, host: String?, firstPort: Int, lastPort: Int, rendezvous: String?,
            lanes: Int?,
            origins: [String])
        /// Rank 0 makes the token, or somebody puts it there, and this process waits for the file.
        case awaitingToken(file: String, seconds: Double)
        /// The data files are about to be read and decoded.
        case readingData
        /// The data have a peculiarity that the user may not know of. A warning has a cure, the line of the
        /// config that changes it.
        case dataNote(kind: String, text: String, cure: String?)
        /// The data are decoded: the samples of each set, and in short what they hold.
        case dataRead(train: Int, validation: Int, test: Int, summary: String)
        /// The initial weights are about to be read from a file.
        case loadingWeights(file: String)
        /// Parts of the names in the file, such as `module.`, were left out: a wrapper of PyTorch wrote them.
        case weightNamesUnwrapped(file: String, parts: [String])
        /// The job is understood and the run directory is there; no worker has joined yet.
        case started(name: String, parameters: Int, steps: Int, epochs: Int, directory: String)
        /// The run in the directory has reached its end before, and its result is printed again
        /// (`--resume=auto`).
        case alreadyFinished(directory: String)
        /// The run continues from a checkpoint.
        case resumed(step: Int, checkpoint: String)
        /// The coordinator accepts workers. `other_addresses` are further addresses of this machine.
        case listening(host: String, port: Int, joinCommand: String, others: [String] = [])
        /// The job is allowed and hardly what is meant; the sentence says why, and what to change.
        case doubtful(reason: String)
        /// The token is kept in the run directory, because no home directory can be written to.
        case tokenKept(file: String)
        /// The process was started with `--plaintext`.
        case encryptionOff
        /// The page of the run is served. `link_file` holds the link with the key that lets a person in.
        case pageListening(address: String, linkFile: String)
        /// The page is served to other machines, without encryption.
        case pageUnencrypted(address: String)
        /// The page cannot be served; the run goes on without it.
        case pageFailed(address: String, reason: String)
    }
}

extension RunEvent.Run {
    var facts: EventFacts {
        switch self {
        case .launched(
            let rank, let ranks, let host, let first, let last, let rendezvous, let lanes, let origins):
            EventFacts(
                "launched", .info, origins.joined(separator: "; "),
                fields: [
                    "rank": .integer(rank), "ranks": .optional(ranks), "host": .optional(host),
                    "first_port": .integer(first), "last_port": .integer(last),
                    "rendezvous": .optional(rendezvous), "lanes": .optional(lanes),
                    "origins": .list(origins.map { .text($0) }),
                ])
        case .awaitingToken(let file, let seconds):
            EventFacts(
                "awaiting_token", .info,
                "there is no token in \(file) yet; waiting for it for \(TextFormat.duration(seconds))",
                fields: ["file": .text(file), "seconds": .number(seconds)])
        case .readingData: EventFacts("reading_data", .info, "reading the data")
        case .dataNote(let kind, let text, let cure):
            EventFacts(
                "data_note", cure == nil ? .info : .warning, cure.map { "\(text); \($0)" } ?? text,
                fields: ["kind": .text(kind), "text": .text(text), "cure": .optional(cure)])
        case .dataRead(let train, let validation, let test, let summary):
            EventFacts(
                "data_read", .info, "data: \(summary)",
                fields: [
                    "train": .integer(train), "validation": .integer(validation), "test": .integer(test),
                    "summary": .text(summary),
                ])
        case .loadingWeights(let file):
            EventFacts(
                "loading_weights", .info, "loading the weights in \(file)", fields: ["file": .text(file)])
        case .weightNamesUnwrapped(let file, let parts):
            EventFacts(
                "weight_names_unwrapped", .info,
                "the names in \(file) count without \(parts.map { "`\($0)`" }.joined(separator: " and ")),"
                    + " which a wrapper of the network wrote",
                fields: ["file": .text(file), "parts": .list(parts.map { .text($0) })])
        case .started(let name, let parameters, let steps, let epochs, let directory):
            EventFacts(
                "run_started", .info,
                "\(name): \(parameters == 0 ? "" : TextFormat.count(parameters, "parameter") + ", ")"
                    + "\(TextFormat.count(steps, "step")); run directory \(directory)",
                fields: [
                    "name": .text(name), "parameters": .integer(parameters), "steps": .integer(steps),
                    "epochs": .integer(epochs), "run_directory": .text(directory),
                ])
        case .alreadyFinished(let directory):
            EventFacts(
                "run_already_finished", .info,
                "the run in \(directory) has reached its end; this is its result",
                fields: ["run_directory": .text(directory)])
        case .resumed(let step, let checkpoint):
            EventFacts(
                "run_resumed", .info, "resuming from step \(TextFormat.grouped(step)) (\(checkpoint))",
                fields: ["step": .integer(step), "checkpoint": .text(checkpoint)])
        case .listening(let host, let port, let command, let others):
            EventFacts(
                "listening", .info,
                "listening on \(host.contains(":") ? "[\(host)]" : host):\(port); a worker joins with:"
                    + "  \(command)"
                    + (others.isEmpty ? "" : "  (or \(others.joined(separator: ", ")))"),
                fields: [
                    "host": .text(host), "port": .integer(port), "join_command": .text(command),
                    "other_addresses": .list(others.map { .text($0) }),
                ])
        case .doubtful(let reason):
            EventFacts("job_doubtful", .warning, reason, fields: ["reason": .text(reason)])
        case .tokenKept(let file):
            EventFacts(
                "token_kept", .info,
                "no home directory can be written to, so the token is in `\(file)`; workers take it with"
                    + " --token-file or DIST_TRAIN_TOKEN",
                fields: ["file": .text(file)])
        case .encryptionOff:
            EventFacts(
                "encryption_off", .warning,
                "--plaintext: nothing that goes over the network is encrypted; whoever is on it can read the"
                    + " data and change the model without being noticed")
        case .pageListening(let address, let file):
            EventFacts(
                "page_listening", .info,
                "the page of this run is at \(address); the link with its key is in"
                    + " \(file)", fields: ["address": .text(address), "link_file": .text(file)])
        case .pageUnencrypted(let address):
            EventFacts(
                "page_unencrypted", .warning,
                "the page at \(address) is plain HTTP: whoever is on the network can read it, and its key;"
                    + " on a network that is not yours, leave out --page and use a tunnel (`ssh -L`)",
                fields: ["address": .text(address)])
        case .pageFailed(let address, let reason):
            EventFacts(
                "page_failed", .warning,
                "the page cannot be served at \(address): \(reason); the run goes on without it. Name another"
                    + " address with --page, or leave it out with --no-page",
                fields: ["address": .text(address), "reason": .text(reason)])
        }
    }
}
