import Telemetry

/// The measures of a run that `/metrics` tells Prometheus.
enum RunMetrics {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// - Parameter now: seconds since 1970-01-01 UTC.
    static func text(_ document: RunDocument, program: String, at now: Double) -> String {
        var text = PrometheusText()
        addRun(document, program, to: &text)
        addProgress(document.overview, to: &text)
        addValues(document, to: &text)
        addWorkers(document.overview, to: &text)
        addMachines(document.overview, to: &text)
        addCheckpoint(document.overview, now, to: &text)
        text.add(
            "dist_train_dropped_events_total", .counter, "Events or messages that a sink has left out.",
            document.dropped.map { ([("sink", $0.sink)], Double($0.count)) })
        return text.text
    }

    private static func addRun(_ document: RunDocument, _ program: String, to text: inout PrometheusText) {
        text.add(
            "dist_train_info", .gauge, "The run: its job, its directory and the program's version.",
            [
                (
                    [
                        ("job", document.facts.name), ("run_directory", document.facts.directory),
                        ("program", program),
                    ], 1
                )
            ])
        text.add(
            "dist_train_state", .gauge, "1 for the state that the run is in, 0 for the others.",
            RunOverview.State.allCases.map {
                ([("state", $0.rawValue)], $0 == document.overview.state ? 1 : 0)
            })
    }

    private static func addProgress(_ overview: RunOverview, to text: inout PrometheusText) {
        let progress = overview.meter.progress
        let isTraining = overview.state == .training
        text.add("dist_train_step", .gauge, "Steps that are done.", Double(progress.step))
        text.add("dist_train_steps", .gauge, "Steps of the job.", Double(progress.steps))
        text.add("dist_train_epoch", .gauge, "The epoch at hand, from 1.", Double(progress.epoch))
        text.add("dist_train_epochs", .gauge, "Epochs of the job.", Double(progress.epochs))
        text.add(
            "dist_train_samples_per_second", .gauge, "Samples that are computed in a second; 0: none.",
            isTraining ? progress.samplesPerSecond : 0)
        text.add(
            "dist_train_remaining_seconds", .gauge, "The estimated time to the end of the job.",
            isTraining ? progress.secondsLeft : nil)
        text.add(
            "dist_train_training_seconds_total", .counter, "Seconds of training, over all interruptions.",
            overview.trainingSeconds)
        text.add(
            "dist_train_learning_rate", .gauge, "The learning rate of the newest step.",
            overview.meter.newest?.learningRate)
    }

    /// The training has loss and metrics of the epoch so far, the validation set those of the last epoch.
    private static func addValues(_ document: RunDocument, to text: inout PrometheusText) {
        let overview = document.overview
        var values = (overview.meter.newest?.epochValues ?? []).map { ("train", $0.name, $0.value) }
        for curve in overview.curves.curves where curve.label.set == "validation" {
            if let last = curve.y.last { values.append(("validation", curve.label.group, last)) }
        }
        text.add(
            "dist_train_loss", .gauge,
            "The loss: of the training in the epoch so far, of the validation set after the last epoch.",
            values.filter { $0.1 == "loss" }.map { ([("set", $0.0)], $0.2) })
        text.add(
            "dist_train_metric", .gauge, "A metric, of the same samples as the loss.",
            values.filter { $0.1 != "loss" }.map { ([("set", $0.0), ("name", $0.1)], $0.2) })
        guard let best = overview.best, let monitor = document.facts.monitor else { return }
        let labels = [(name: "monitor", value: monitor)]
        text.add("dist_train_best_value", .gauge, "The best value so far.", [(labels, best.value)])
        text.add(
            "dist_train_best_step", .gauge, "The step after which the best value was measured.",
            [(labels, Double(best.step))])
    }

    private static func addWorkers(_ overview: RunOverview, to text: inout PrometheusText) {
        let connected = overview.board.workers.filter { !$0.isGone }
        let states: [WorkerStatus.State] = [.member, .spare, .joining]
        text.add(
            "dist_train_workers", .gauge, "Workers that are connected, by state; members compute.",
            states.map { state in
                ([("state", state.rawValue)], Double(connected.count { $0.state == state }))
            })
        func add(
            _ name: String, _ help: String, _ kind: PrometheusText.Kind = .gauge,
            _ value: (WorkerStatus) -> Double?
        ) {
            text.add(
                name, kind, help,
                connected.compactMap { worker in value(worker).map { (labels(worker.worker), $0) } })
        }
        add("dist_train_worker_share_ratio", "A worker's part of each step's work.") { $0.share }
        add("dist_train_worker_speed_ratio", "A worker's speed as a part of the median one.") { $0.speed }
        add("dist_train_worker_waiting_ratio", "The part of its time that a worker waits for slower ones.") {
            overview.board.waiting(of: $0.worker)
        }
        add("dist_train_worker_heartbeat_age_seconds", "Seconds since a worker's last heartbeat.") {
            $0.heartbeat
        }
        add(
            "dist_train_worker_received_bytes_total",
            "Bytes that a worker has received; begins anew when the workers regroup.", .counter
        ) { $0.received.map(Double.init) }
        text.add(
            "dist_train_phase_seconds_total", .counter, "Seconds that a worker has spent on a part of steps.",
            overview.board.times.flatMap { worker in
                (worker.parts + worker.beside).map { part in
                    (labels(worker.worker) + [("phase", part.name)], part.value)
                }
            })
        text.add("dist_train_deaths_total", .counter, "Workers that were lost.", Double(overview.deaths))
        text.add(
            "dist_train_recoveries_total", .counter, "Times that the training went back to a snapshot.",
            Double(overview.recoveries))
    }

    private static func labels(_ worker: WorkerName) -> [(name: String, value: String)] {
        [("worker", "\(worker.number)"), ("name", worker.name)]
    }

    /// Memory and traffic.
    private static func addMachines(_ overview: RunOverview, to text: inout PrometheusText) {
        guard let observation = overview.observation else { return }
        let workers = overview.board.workers.filter { !$0.isGone }.compactMap { worker in
            worker.memory.map { ([(name: "process", value: "worker \(worker.worker.number)")], Double($0)) }
        }
        text.add(
            "dist_train_memory_bytes", .gauge, "Memory that a process occupies.",
            [([("process", "coordinator")], Double(observation.memory))] + workers)
        text.add(
            "dist_train_memory_limit_bytes", .gauge, "Memory that the coordinator may occupy.",
            observation.memoryLimit > 0 ? Double(observation.memoryLimit) : nil)
        text.add(
            "dist_train_sent_bytes_total", .counter, "Bytes that the coordinator has sent to workers.",
            Double(observation.sent))
        text.add(
            "dist_train_received_bytes_total", .counter,
            "Bytes that the coordinator has received from workers.",
            Double(observation.received))
    }

    private static func addCheckpoint(
        _ overview: RunOverview, _ now: Double, to text: inout PrometheusText
    ) {
        guard let checkpoint = overview.checkpoint else { return }
        text.add(
            "dist_train_checkpoint_step", .gauge, "The step of the newest checkpoint.",
            Double(checkpoint.step))
        text.add(
            "dist_train_checkpoint_age_seconds", .gauge, "Seconds since the newest checkpoint was written.",
            max(0, now - checkpoint.time))
    }
}
