import Telemetry
import Testing

/// Which events a terminal shows.
@Suite struct VerbosityTests {
    private func names(_ least: Verbosity?) -> Set<String> {
        Set(EventExample.all.map(\.event).filter { $0.shownFrom == least }.map(\.facts.name))
    }

    /// Errors are always shown, and warnings unless the user wants quiet; details only to those who ask.
    @Test func levelsDecideFirst() {
        for example in EventExample.all {
            let (facts, least) = (example.event.facts, example.event.shownFrom)
            switch facts.level {
            case .error: #expect(least == .quiet, "\(facts.name)")
            case .warning: #expect(least == .normal, "\(facts.name)")
            case .info: #expect(least != nil, "\(facts.name)")
            case .debug: #expect(least == nil || least == .verbose, "\(facts.name)")
            }
        }
    }

    @Test func quietShowsErrorsAndTheEnd() {
        #expect(
            names(.quiet) == [
                "run_stopped", "run_failed", "checkpoint_failed", "records_lost", "audit_convicted",
                "trace_failed",
                "session_failed",
            ])
    }

    /// Events that a user must see without asking, and others that are noise unless one looks for a fault.
    @Test func usualEvents() {
        let normal = names(.normal)
        #expect(
            normal.isSuperset(of: [
                "worker_joined", "worker_lost", "worker_left", "recovered", "listening", "run_started",
                "run_resumed", "stopped_early", "data_note", "session_ready", "coordinator_lost",
            ]))
        #expect(
            names(.verbose).isSuperset(of: [
                "generation_started", "generation_ending", "work_shared", "recovery_started", "step_times",
                "worker_ready", "session_training", "session_regrouping", "checkpoint_written",
            ]))
        #expect(
            names(nil) == [
                "step_finished", "step_logged", "epoch_finished", "snapshot_completed", "run_finished",
                "workers_observed",
            ])
    }

    /// Without being asked, nobody reads ranks, generations or process ids. A launch by rank is about ranks.
    @Test func oneNameForAWorker() {
        for example in EventExample.all where (example.event.shownFrom ?? .verbose) < .verbose {
            if case .run(.launched) = example.event { continue }
            for word in ["rank ", "generation", "4711", "815"] {
                #expect(!example.sentence.contains(word), "\(example.sentence)")
            }
        }
    }
}
