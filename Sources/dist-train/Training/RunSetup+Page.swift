import Cluster
import Pages
import Reports
import Runs
import System
import Telemetry
import Training

extension RunFacts {
    /// The facts of a run that begins or goes on.
    init(_ setup: RunSetup, command: String) {
        self.init(name: setup.job.job.name, directory: setup.directory.path)
        self.command = command
        monitor = setup.plan.decisions.best?.name
        model = Model(setup.plan)
        config = setup.job.resolved.prettyJSON(nonFinite: .json5)
        let geometry = setup.plan.geometry
        let microbatches = TextFormat.count(geometry.microbatches, "microbatch", plural: "microbatches")
        environment =
            [
                (name: "program", value: Version.program),
                (name: "coordinator's processor", value: Fingerprint.architecture),
                (name: "coordinator's cores", value: "\(Processor.cores)"),
                (
                    name: "batch",
                    value: "\(TextFormat.count(geometry.batchSize, "sample")) in \(microbatches)"
                ), (name: "seed", value: "\(setup.job.job.seed)"),
            ] + setup.data.summary.map { (name: "data", value: $0) }
    }
}

extension RunOverview {
    /// The course of a run until now: nothing yet, or that of the coordinators before this one.
    init(_ setup: RunSetup) {
        let (plan, start) = (setup.plan, setup.start)
        let monitor = plan.decisions.best?.name
        self.init(
            Plan(
                epochs: setup.job.job.epochs, steps: plan.totalSteps,
                samplesPerStep: plan.geometry.batchSize, monitor: monitor),
            begin: (epoch: plan.epoch(afterSteps: max(1, start.step)), step: start.step))
        replay(log: setup.directory.logPath, metrics: setup.directory.metricsPath)
        let watch = start.decisions.best
        if let value = watch.best, monitor == start.decisions.bestMonitor {
            best = Best(value: value, epoch: plan.epoch(afterSteps: watch.step), step: watch.step)
        }
    }
}
