import Configuration

/// Writes the page that explains the job language: prose for what a description of fields cannot say, and
/// lists of the fields.
package enum ReferencePage {
    /// A part of the page.
    struct Chapter {
        let title: String
        let text: String
        /// Fields of a job, by their keys.
        let fields: [String]
    }

    private static let width = 110

    package static var markdown: String {
        var list = ReferenceList(width: width)
        var parts = ["# The config\n\n" + wrapped(introduction)]
        for chapter in chapters {
            for key in chapter.fields {
                // Both kinds of jobs have most fields; the batch of a training is the one to explain.
                if let field = Job.form.fields(key).first { list.add(field) }
            }
            let fields = list.flush()
            let text = ["## \(chapter.title)", wrapped(chapter.text)]
            parts.append(
                (text + (fields.isEmpty ? [] : [fields.joined(separator: "\n")])).joined(separator: "\n\n"))
        }
        return parts.joined(separator: "\n\n") + "\n"
    }

    /// The fields that no chapter has; empty if the page is complete.
    package static var missingFields: [String] {
        let told = Set(chapters.flatMap(\.fields))
        let all = Job.form.alternatives.flatMap { form -> [String] in
            if case .object(let object) = form { object.fields.map(\.key) } else { [] }
        }
        return all.filter { !told.contains($0) }
    }

    /// Breaks paragraphs; what stands between fences stays as it is.
    private static func wrapped(_ text: String) -> String {
        text.components(separatedBy: "\n\n").map { paragraph in
            if paragraph.hasPrefix("```") || paragraph.hasPrefix("|") { return paragraph }
            let items = paragraph.split(separator: "\n").map(String.init)
            return items.flatMap { item in
                TextWrap.lines(item, width: width, hanging: item.hasPrefix("- ") ? "  " : "")
            }.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }
}

extension String {
    /// The pieces between blank lines; a fence with blank lines inside is one piece.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var pieces: [String] = []
        var isFenced = false
        for piece in split(separator: separator).map(String.init) {
            if isFenced { pieces[pieces.count - 1] += separator + piece } else { pieces.append(piece) }
            if piece.split(separator: "\n").count(where: { $0.hasPrefix("```") }) % 2 == 1 {
                isFenced.toggle()
            }
        }
        return pieces
    }
}
