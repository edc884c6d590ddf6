/// How much a terminal shows of what happens. `log.jsonl` has all of it in any case.
package enum Verbosity: Int, Comparable, Sendable {
    /// Errors, and how the run ended (`--quiet`).
    case quiet
    /// Workers that come and go, what their loss cost, progress, results, and what the user should know.
    case normal
    /// Everything that happens now and then (`--verbose`).
    case verbose

    package static func < (a: Verbosity, b: Verbosity) -> Bool { a.rawValue < b.rawValue }
}

extension RunEvent {
    /// The least verbosity with which a terminal shows the event; nil: it never does. The one place that
    /// decides.
    package var shownFrom: Verbosity? {
        switch self {
        case .run(let event): event.shownFrom
        case .ending(let event): event.shownFrom
        case .ensemble: .normal
        case .training(let event): event.shownFrom
        case .checkpoint(let event): event.shownFrom
        case .worker(.ready): .verbose
        case .worker(.observed): nil
        case .worker: .normal
        case .generation(.recovered): .normal
        case .generation: .verbose
        case .audit(.convicted): .quiet
        case .audit: .normal
        case .timing(let event): event.shownFrom
        case .process(.replaced): .verbose
        case .process: .normal
        case .network(.suspected): .verbose
        case .network: .normal
        case .records(.lost): .quiet
        case .records: .normal
        case .session(let event): event.shownFrom
        }
    }
}

extension RunEvent.Run {
    fileprivate var shownFrom: Verbosity {
        switch self {
        case .readingData, .loadingWeights, .weightNamesUnwrapped: .verbose
        case .dataNote, .dataRead, .started, .alreadyFinished, .resumed, .listening, .doubtful, .tokenKept,
            .encryptionOff,
            .pageListening, .pageUnencrypted, .pageFailed, .launched, .awaitingToken:
            .normal
        }
    }
}

extension RunEvent.Ending {
    fileprivate var shownFrom: Verbosity? {
        switch self {
        case .failed, .stopped: .quiet
        case .stopRequested, .boundaryGivenUp, .reportWritten, .reportFailed: .normal
        // The result says it all.
        case .finished: nil
        }
    }
}

extension RunEvent.Training {
    fileprivate var shownFrom: Verbosity? {
        switch self {
        // The progress line shows them.
        case .stepFinished, .stepLogged, .epochFinished: nil
        case .evaluationFinished, .slowestChanged: .verbose
        case .stoppedEarly, .textSampled, .sampleFailed: .normal
        }
    }
}

extension RunEvent.Checkpoint {
    fileprivate var shownFrom: Verbosity? {
        switch self {
        // One in a second would drown everything else.
        case .snapshotCompleted: nil
        case .written(_, _, let isRequested): isRequested ? .normal : .verbose
        case .requested, .passedOver, .skipped, .missing: .normal
        case .failed: .quiet
        }
    }
}

extension RunEvent.Timing {
    fileprivate var shownFrom: Verbosity {
        switch self {
        case .epoch, .steps: .verbose
        case .layers, .traceWritten, .missing: .normal
        case .traceFailed: .quiet
        }
    }
}

extension RunEvent.Session {
    fileprivate var shownFrom: Verbosity {
        switch self {
        case .failed: .quiet
        case .coreChanged, .training, .regrouping: .verbose
        case .fetchingData, .ready, .spare, .coreKept, .rejoining, .coordinatorLost, .waiting, .staying,
            .leftWithinStep, .finished:
            .normal
        }
    }
}
