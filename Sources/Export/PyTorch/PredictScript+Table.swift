import Datasets

// The part of `predict.py` that reads tables.
extension PredictScript {
    static func table(_ encoding: TableEncoding) -> String {
        let columns = encoding.columns.map { column in
            let name = Python.text(column.name)
            switch column.kind {
            case .number(let fill, let offset):
                return "    (\(name), None, \(fill.map(\.description) ?? "None"), \(offset)),"
            case .categories(let names, let fill):
                let list = Python.list(names.map(Python.text)).split(separator: "\n").joined(
                    separator: "\n    ")
                return "    (\(name), \(list), \(fill.map(String.init) ?? "None"), 0.0),"
            }
        }
        let format = encoding.format
        let delimiter = Python.text(format.delimiter == .tab ? "\t" : format.delimiter.rawValue)
        return """
            # The columns of the model: name, categories (None: numbers), what replaces a missing cell (None:
            # nothing does), and what is subtracted.
            TABLE = [
            \(columns.joined(separator: "\n"))
            ]
            HAS_HEADER = \(format.hasHeader ? "True" : "False")
            DELIMITER = \(delimiter)
            DECIMAL_MARK = \(Python.text(format.decimal.rawValue))
            MISSING = set(\(Python.list(format.missing.map(Python.text))))
            DROPS_ROWS = \(encoding.missingCells == .drop ? "True" : "False")  # with a missing cell

            \(reading)
            """
    }

    private static let reading = #"""

        def rows(text):
            """Yields the line and the cells of each row, without spaces around unquoted cells."""
            mark = DELIMITER
            if text.lower().startswith("sep=") and text[5:6] in ("\r", "\n"):
                mark, text = text[4], "\n" + text[6 if text[5] == "\n" else 7 :]
            blanks = " " if mark == "\t" else " \t"
            end = "[ \t]+" if mark == " " else re.escape(mark)
            inner = " \t" if mark == " " else re.escape(mark)
            cell = re.compile(
                rf'[{blanks}]*"((?:[^"]|"")*)"[{blanks}]*({end}|\r\n|\n|\r|\Z)'
                rf'|(?![{blanks}]*")[{blanks}]*([^{inner}\r\n]*)({end}|\r\n|\n|\r|\Z)')
            line, start, cells, at = 1, 1, [], 0
            while at < len(text):
                found = cell.match(text, at)
                if not found:
                    sys.exit(f"line {line}: a quote is not closed, or text follows it")
                quoted, first, plain, second = found.groups()
                stop = first if plain is None else second
                cells.append(quoted.replace('""', '"') if plain is None else plain.strip(blanks))
                line += found.group().replace("\r\n", "\n").replace("\r", "\n").count("\n")
                at = found.end()
                if stop in ("\n", "\r\n", "\r", ""):
                    if len(cells) > 1 or cells[0] or quoted is not None:
                        yield start, cells
                    start, cells = line, []
            if cells:
                yield start, cells + [""]


        MARK = re.escape(DECIMAL_MARK)
        NUMBER = re.compile(rf"[+-]?([0-9]+({MARK}[0-9]*)?|{MARK}[0-9]+)([eE][+-]?[0-9]+)?")


        def encode(cells, place):
            """Returns the features of a row; None if it is left out."""
            features = []
            for name, categories, fill, offset in TABLE:
                cell = cells[name]
                bare = cell.strip(" \t")  # quotes keep spaces
                missing = cell in MISSING or bare in MISSING
                if categories is not None:
                    index = fill if missing else categories.index(cell) if cell in categories else -1
                    if index == -1:
                        sys.exit(f"{place}, column {name!r}: the training data have no category {cell!r}")
                    value = None if index is None else [float(i == index) for i in range(len(categories))]
                elif missing:
                    value = None if fill is None else [fill]
                else:
                    number = float(bare.replace(DECIMAL_MARK, ".")) if NUMBER.fullmatch(bare) else np.inf
                    if abs(number - offset) > np.finfo(np.float32).max:
                        sys.exit(f"{place}, column {name!r}: {cell!r} is no number for the model")
                    value = [np.float32(number - offset)]
                if value is None and DROPS_ROWS:
                    return None
                if value is None:
                    sys.exit(f"{place}, column {name!r}: it is missing, which the model has no rule for")
                features += value
            return features


        def batches(path, size=1024):
            """Reads samples, and yields their names, if they have any, and their encoded values."""
            raw = open(path, "rb").read()
            if raw[:2] == b"\x1f\x8b":
                raw = gzip.decompress(raw)
            text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
            table = rows(text)
            names = None
            if HAS_HEADER:
                names = [name or str(i + 1) for i, name in enumerate(next(table)[1])]
            block = []
            for line, cells in table:
                if names and len(cells) == len(names) + 1 and cells[-1] != "":
                    names = ["row.names"] + names
                known = names or [str(i + 1) for i in range(len(cells))]
                features = encode(dict(zip(known, cells)), f"line {line}")
                if features is not None:
                    block.append(features)
                if len(block) == size:
                    yield None, torch.tensor(np.array(block, np.float32))
                    block = []
            if block:
                yield None, torch.tensor(np.array(block, np.float32))
        """#
}
