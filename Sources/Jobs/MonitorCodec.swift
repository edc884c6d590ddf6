import Configuration

/// `monitor` and, where its name does not tell, `mode`.
struct MonitorFields: Sendable {
    var name = "validation.loss"
    var mode: MetricMonitor.Mode?

    var monitor: MetricMonitor? { MetricMonitor.parse(name, mode: mode) }

    static let codec = ObjectCodec(MonitorFields(), check: check) {
        Field(
            "monitor", \.name, .nonEmptyString.described(nameForm),
            "The metric to look at: `train.` or `validation.` and its name.",
            example: "\"validation.accuracy\"")
        Field(
            "mode", \.mode, .oneOf(MetricMonitor.Mode.self), "Whether small or large values are good.",
            example: "\"max\"", default: "known for the metrics of this program")
    }

    private static let nameForm = Form.special(
        Form.nonEmptyString.sentence,
        schema: ["type": "string", "pattern": "^(train|validation)\\..+$"], samples: ["train.accuracy"])

    @Sendable private static func check(_ fields: MonitorFields, _ decoder: ObjectDecoder) {
        guard fields.monitor == nil else { return }
        decoder.error(
            "`monitor` must be `train.` or `validation.` and a metric's name", atValueOf: "monitor",
            label: MetricMonitor.parse(fields.name, mode: .min) == nil
                ? MetricMonitor.suggestion(for: fields.name)
                : "say with `mode` whether \"min\" or \"max\" is good")
    }
}

extension MetricMonitor {
    /// The name of a metric whose mode is known, or an object with `monitor` and `mode`.
    static let codec: Codec<MetricMonitor> = {
        let names = Codec<MetricMonitor>(
            .special(
                "a value to monitor, such as \"validation.loss\" or \"train.accuracy\"",
                schema: ["type": "string", "pattern": "^(train|validation)\\..+$"],
                samples: ["train.accuracy"]),
            hint: { if case .string(let text) = $0.kind { suggestion(for: text) } else { nil } },
            accept: { if case .string(let text) = $0.kind { parse(text) } else { nil } },
            write: { monitor in
                guard monitor.mode == usualMode(of: monitor.metric) else { return nil }
                return .string(monitor.name)
            })
        return names.or(Codec.object(MonitorFields.codec).map(to: { $0.monitor }, from: { $0.fields }))
    }()

    /// The advice for a wrong name: Keras' `val_loss` is `validation.loss` here.
    fileprivate static func suggestion(for name: String) -> String {
        for (prefix, source) in [("val_", "validation."), ("eval_", "validation."), ("train_", "train.")]
        where name.hasPrefix(prefix) {
            let metric = name.dropFirst(prefix.count)
            return "did you mean \"\(source)\(metric == "acc" ? "accuracy" : metric)\"?"
        }
        guard usualMode(of: name) != nil else { return "for example \"validation.loss\"" }
        return "did you mean \"validation.\(name)\"?"
    }

    var fields: MonitorFields {
        get { MonitorFields(name: name, mode: mode) }
        set { if let monitor = newValue.monitor { self = monitor } }
    }
}

extension EarlyStopping {
    private static let usual = EarlyStopping(monitor: MetricMonitor(.validation, "loss", .min), patience: 5)

    /// A number is the patience; `true` stands for the defaults.
    static let codec = Codec<Int>.int(1...).shorthand { EarlyStopping(monitor: usual.monitor, patience: $0) }
        .or(Codec<Bool>.yes.shorthand { _ in usual }).or(object)

    private static let object = Codec<EarlyStopping>.object(usual) {
        Field.inline(\.monitor.fields, MonitorFields.codec)
        Field(
            "patience", \.patience, .int(1...), "Evaluations without an improvement that end the training.",
            example: "10")
        Field(
            "minimum_delta", \.minimumDelta, .number(.atLeast(0)),
            "An improvement is a change of the best value by more than this.", example: "0.001")
    }
}

extension CheckpointPolicy.Interval {
    static let codec = Codec<Int>.int(1...)
        .map(
            to: { CheckpointPolicy.Interval.steps($0) },
            from: { if case .steps(let steps) = $0 { steps } else { nil } }
        )
        .or("epoch", is: .epoch)
}

extension CheckpointPolicy {
    static let codec = Codec<CheckpointPolicy>.object(CheckpointPolicy()) {
        Field(
            "every", \.every, Interval.codec, "Steps from one checkpoint to the next, or \"epoch\".",
            example: "500")
        Field("keep", \.keep, .int(1...), "The newest so many checkpoints are kept.", example: "1")
        Field(
            "best", \.best, MetricMonitor.codec,
            """
            Metric by which the best checkpoint is chosen, which is kept too. Left out: with validation \
            data, the metric of `early_stopping`, or else the first of `metrics`; null keeps none.
            """,
            example: "\"validation.accuracy\"")
    }
}

extension WeightsSpec {
    /// A path, or an object with what to leave out.
    static let codec = Codec<String>.path.shorthand { WeightsSpec(file: $0) }.or(
        .object(WeightsSpec(file: "")) {
            Field(
                required: "file", \.file, .path, "The file, the checkpoint or the run directory.",
                example: "\"data/resnet18.safetensors\"")
            Field(
                "skip", \.skip, .names, "Tensors, layers and blocks that begin fresh all the same.",
                example: "[\"fc\"]")
        })
}
