import Configuration
import Datasets
import Runs

/// The facts of a model that a server tells programs and the page.
enum ModelDescription {
    static func json(of content: ModelSlot.Content) -> ConfigValue {
        switch content {
        case .answering(let answering): json(of: answering.model)
        case .language(let model):
            .object([
                ("name", .string(model.name)), ("step", .int(model.step)), ("takes", .string("text")),
                ("context", .int(model.context)), ("vocabulary", .int(model.vocabulary)),
                ("answers", .string("text")), ("most_tokens", .int(CompletionRequest.Limits.tokens)),
            ])
        }
    }

    private static func json(of model: ServedModel) -> ConfigValue {
        let form = model.form
        return .object([
            ("name", .string(model.name)), ("step", .int(model.step)),
            ("takes", .string(takes(form))),
            ("shape", .array(form.shape.map { .int($0) })),
            ("columns", .array(form.table?.columns.map(column) ?? [])),
            ("answers", .string(answers(model.rows.form))),
            ("classes", .array(classes(model.rows.form).map { .string($0) })),
            ("most_samples", .int(form.mostSamples)),
        ])
    }

    private static func column(_ column: TableEncoding.Column) -> ConfigValue {
        switch column.kind {
        case .number(let fill, _):
            .object([
                ("name", .string(column.name)), ("kind", .string("number")),
                ("may_be_missing", .bool(fill != nil)),
            ])
        case .categories(let names, let fill):
            .object([
                ("name", .string(column.name)), ("kind", .string("category")),
                ("may_be_missing", .bool(fill != nil)), ("categories", .array(names.map { .string($0) })),
            ])
        }
    }

    private static func takes(_ form: SampleForm) -> String {
        form.table != nil ? "table" : form.tokenizer != nil ? "text" : form.isImage ? "image" : "array"
    }

    private static func answers(_ form: PredictionRows.Form) -> String {
        switch form {
        case .classes: "class"
        case .values: "values"
        case .reconstruction: "reconstruction"
        case .cluster: "cluster"
        }
    }

    private static func classes(_ form: PredictionRows.Form) -> [String] {
        if case .classes(let names, _) = form { names } else { [] }
    }
}
