import Transport

/// The messages on a connection that `dist-train doctor` opens to measure a link, in both directions.
package enum ProbeMessage: Equatable {
    /// Bytes that the other side sends back unchanged.
    case echo([UInt8])
    case ask(ProbeQuestion)
    case answer(ProbeAnswer)

    package enum Kind: UInt8, CaseIterable {
        case echo = 48
        case ask = 49
        case answer = 50
    }

    /// The most bytes of an echo.
    package static let longestEcho = 1 << 20
}

/// Asks a coordinator or worker what it is, and whether it reaches the one who asks.
package struct ProbeQuestion: Equatable, Sendable {
    /// Where the one who asks listens; empty: nobody is to be dialled.
    package var endpoints: [Endpoint]

    package init(endpoints: [Endpoint]) { self.endpoints = endpoints }
}

/// A coordinator or worker tells this about itself and its links.
package struct ProbeAnswer: Equatable, Sendable {
    /// A worker that takes part in the run.
    package struct Worker: Equatable, Sendable {
        package var name: String
        package var endpoints: [Endpoint]

        package init(name: String, endpoints: [Endpoint]) {
            self.name = name
            self.endpoints = endpoints
        }
    }

    /// The run's numeric platform; empty while it is unknown.
    package var platform: String
    package var workers: [Worker]
    /// Why the one who asked cannot be reached; empty: it can, or was not to be dialled.
    package var failure: String

    package init(platform: String, workers: [Worker], failure: String = "") {
        self.platform = platform
        self.workers = workers
        self.failure = failure
    }
}

// MARK: - Binary form

extension ProbeQuestion: MessageValue {
    package func write(to writer: inout MessageWriter) { writer.write(endpoints) }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        endpoints = try reader.read()
    }
}

extension ProbeAnswer.Worker: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(name)
        writer.write(endpoints)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        name = try reader.read()
        endpoints = try reader.read()
    }
}

extension ProbeAnswer: MessageValue {
    package func write(to writer: inout MessageWriter) {
        writer.write(platform)
        writer.write(workers)
        writer.write(failure)
    }

    package init(from reader: inout MessageReader) throws(MalformedMessage) {
        platform = try reader.read()
        workers = try reader.read()
        failure = try reader.read()
    }
}

extension ProbeMessage: FramedMessage {
    package var frame: MessageFrame {
        switch self {
        case .echo(let bytes): MessageFrame(Kind.echo, bytes)
        case .ask(let question): MessageFrame(Kind.ask, question)
        case .answer(let answer): MessageFrame(Kind.answer, answer)
        }
    }

    package init(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(MalformedMessage) {
        switch Kind(rawValue: header.kind) {
        case .echo:
            try header.requireNoFields(Kind.echo)
            self = .echo(Array(payload))
        case .ask: self = .ask(try header.value(payload, Kind.ask))
        case .answer: self = .answer(try header.value(payload, Kind.answer))
        case nil: throw MalformedMessage("a message of kind \(header.kind) is no probe")
        }
    }
}
