import Collectives
import System
import Telemetry

/// Times as people and programs read them.
package enum TimingReport {
    /// A line per worker: milliseconds per step, and each part's share of it. Empty if no step was measured.
    package static func table(_ workers: [(worker: TimedWorker, times: StepTimes)]) -> String {
        let rows = workers.filter { $0.times.steps > 0 }
        guard !rows.isEmpty else { return "" }
        let head = ["worker", "steps", "ms/step"] + StepTimes.parts.map(\.name) + ["update beside"]
        let cells = rows.map { row in
            let (worker, times) = row
            return [
                String("\(WorkerName(worker.id, name: worker.name))".dropFirst("worker ".count)),
                "\(times.steps)",
                TextFormat.fixed(perStep(times.total, times), 2),
            ]
                + StepTimes.parts.map { part in
                    let value = times[keyPath: part.path]
                    let share = times.total > 0 ? 100 * value / times.total : 0
                    return "\(TextFormat.fixed(perStep(value, times), 2)) \(TextFormat.fixed(share, 0))%"
                } + [TextFormat.fixed(perStep(times.update, times), 2)]
        }
        return columns([head] + cells)
    }

    /// A line per layer: milliseconds of a worker's forward and backward computation of it.
    package static func layerTable(_ layers: [Int: LayerTimes], name: (Int) -> String) -> String {
        let rows = layers.sorted { $0.key < $1.key }.map { layer, times in
            [name(layer)]
                + [times.forward, times.backward].map {
                    TextFormat.fixed(1000 * $0 / Double(max(1, times.passes)), 3)
                }
        }
        return rows.isEmpty ? "" : columns([["layer", "forward", "backward"]] + rows)
    }

    /// The times of an epoch as an event has them, to the microsecond.
    package static func summary(_ epoch: TimingRecord.Epoch) -> EpochTimes {
        EpochTimes(epoch: epoch.epoch, workers: summary(epoch.workers))
    }

    /// Times of workers as events have them, to the microsecond.
    static func summary(_ workers: [(worker: TimedWorker, times: StepTimes)]) -> [EpochTimes.Worker] {
        workers.map { worker, times in
            func seconds(_ fields: [StepTimes.Field]) -> [NamedValue] {
                fields.map { NamedValue($0.name, (times[keyPath: $0.path] * 1e6).rounded() / 1e6) }
            }
            return EpochTimes.Worker(
                WorkerName(worker.id, name: worker.name), steps: times.steps,
                parts: seconds(StepTimes.parts), beside: seconds(StepTimes.beside))
        }
    }

    private static func perStep(_ seconds: Double, _ times: StepTimes) -> Double {
        1000 * seconds / Double(max(1, times.steps))
    }

    /// Two blanks between columns; numbers to the right.
    package static func columns(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).enumerated().map { index, cell in
                let gap = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
                return index == 0 ? cell.0 + gap : gap + cell.0
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

extension Coordinator {
    /// A member's timeline has come.
    func timed(_ rank: Int, _ message: TimingMessage) throws(MalformedMessage) {
        guard message.isWithin(steps: setup.plan.totalSteps) else {
            throw MalformedMessage("rank \(rank) sent times of a step that the job does not have")
        }
        let spans = message.alignedSpans
        sharing.add(rank: rank, spans)
        trace?.add(
            spans, worker: membership.members[rank],
            name: workers[membership.members[rank]]?.request.name ?? "", rank: rank)
        for epoch in timing.add(rank: rank, through: message.through, spans) { write(epoch) }
    }

    private func write(_ epoch: TimingRecord.Epoch) {
        do { try record.record(.timing(.epoch(TimingReport.summary(epoch)))) } catch {
            log.record(.timing(.missing(epoch: epoch.epoch, reason: "\(error)")))
        }
    }

    /// At the run's end, whatever it is: the table, the rest of the epochs' times, and the trace.
    func finishTiming() {
        for epoch in timing.finish() { write(epoch) }
        let table = TimingReport.table(timing.workers)
        if !table.isEmpty { log.record(.timing(.steps(table: table))) }
        guard let trace else { return }
        let layers = setup.plan.network.layers
        func name(_ layer: Int) -> String { layers.indices.contains(layer) ? layers[layer].name : "\(layer)" }
        let layerTable = TimingReport.layerTable(timing.layers, name: name)
        if !layerTable.isEmpty { log.record(.timing(.layers(table: layerTable))) }
        do {
            try File.writeAtomically(trace.json(layer: name), to: trace.path)
            log.record(.timing(.traceWritten(path: trace.path, extent: trace.extent)))
        } catch {
            log.record(.timing(.traceFailed(reason: "\(error)")))
        }
    }
}
