import Platform
import Transport

/// One client's connection. It reads requests one after the other and sends their answers in that order.
///
/// It is used on the server's loop alone (hence `@unchecked Sendable`).
final class HTTPConnection: @unchecked Sendable {
    private enum Phase {
        /// Waiting for a request, or in the middle of one.
        case reading
        /// A handler has the request; nothing is read meanwhile.
        case handled
        case streaming(EventStream)
        /// No request is read any more. What waits is sent, then the output ends, and what the client still
        /// sends is thrown away: closing at once could destroy the answer on its way.
        case leaving
        case closed
    }

    /// Seconds of silence after which a stream gets a comment, so that a client that is gone is noticed.
    private static let secondsOfSilence = 15.0
    /// Seconds for a client that has its last answer to close the connection.
    private static let secondsToLeave = 2.0
    /// The slowest that a body may come, in bytes per second.
    private static let slowestBody = 65_536.0
    /// No further request is read while more bytes than these wait.
    private static let mostWaiting = 1 << 18

    private unowned let loop: HTTPLoop
    private let stream: PlainStream
    private var registration: Registration?
    private var parser: HTTPParser
    private var phase = Phase.reading
    private var outgoing = OutgoingBytes()
    /// Bytes of the head of a stream that wait; they do not count as events.
    private var streamHeadLeft = 0
    private var hasReceived = false
    private var hasEndedWriting = false
    /// Whether the client has ended its output.
    private var hasPeerEnded = false
    private var isProcessing = false
    /// Whether requests that have arrived are not read yet because too much waits to be sent.
    private var isHeldBack = false
    /// Whether the request whose body arrives may come in.
    private var isAdmitted = false
    /// When the connection began to do what it does, and when bytes last left.
    private(set) var since = Reactor.now
    private(set) var lastSent = Reactor.now
    /// Bytes of the body of the request that is handled.
    private var handledBytes = 0
    private var request: HTTPRequest?

    init(_ stream: PlainStream, loop: HTTPLoop, local: SocketAddress, remote: SocketAddress) {
        self.stream = stream
        self.loop = loop
        let limits = loop.limits
        parser = HTTPParser(
            headerBytes: limits.headerBytes, bodyBytes: limits.bodyBytes, peer: remote, local: local)
    }

    /// Takes its place on the loop and reads what has already arrived, so that a newcomer who sent a request
    /// at once is never taken for a silent one.
    func begin() {
        registration = loop.reactor.register(
            stream.descriptor, reads: true, writes: false,
            handler: { [unowned self] in self.becameReady($0) }, abandon: { [weak self] in self?.close() })
        read()
    }

    var isClosed: Bool { if case .closed = phase { true } else { false } }

    /// Bytes of the body that is arriving, all of them if its length is known, or of the one that is handled.
    var bodyBytes: Int { parser.bodyLength + handledBytes }

    /// Bytes of answers that the client has not taken; event streams have a limit of their own.
    var waitingBytes: Int { if case .streaming = phase { 0 } else { outgoing.count } }

    var worth: ConnectionBudget.Worth {
        switch phase {
        case .leaving, .closed: .leaving
        case .streaming: .streaming
        case .handled: .handled
        case .reading where !outgoing.isEmpty: .sending
        case .reading where parser.isInRequest: .receiving
        case .reading: hasReceived ? .idle : .silent
        }
    }

    func close() {
        guard let registration else { return }
        loop.reactor.remove(registration)
        self.registration = nil
        stream.close()
        if case .streaming(let events) = phase { end(events) }
        phase = .closed
        outgoing = OutgoingBytes()
        loop.hasClosed(self)
    }

    private func end(_ events: EventStream) {
        loop.streamHasEnded()
        events.close()
    }

    private func updateInterest() {
        guard let registration else { return }
        let reads =
            switch phase {
            case .reading: !isHeldBack
            case .handled: false
            case .streaming, .leaving: true
            case .closed: false
            }
        loop.reactor.update(registration, reads: reads && !hasPeerEnded, writes: !outgoing.isEmpty)
    }
}

// MARK: - Reading

extension HTTPConnection {
    private func becameReady(_ readiness: Readiness) {
        if readiness.canWrite { send() }
        if readiness.canRead { read() }
    }

    private func read() {
        guard !isClosed, !hasPeerEnded else { return }
        let outcome: StreamOutcome
        do throws(StreamFailure) { outcome = try stream.read(into: loop.buffer) } catch { return close() }
        switch outcome {
        case .wouldBlock: return
        case .endOfStream: peerEnded()
        case .bytes(let count): received(UnsafeRawBufferPointer(rebasing: loop.buffer[..<count]))
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        guard case .reading = phase else { return }  // thrown away
        if !parser.isInRequest { since = Reactor.now }
        hasReceived = true
        parser.append(bytes)
        process()
    }

    /// The client sends nothing more. Whole requests before the end get their answers.
    private func peerEnded() {
        hasPeerEnded = true
        switch phase {
        case .reading:
            leaveIfDone()
            send()
        case .handled: updateInterest()
        case .streaming, .leaving, .closed: close()
        }
    }

    private func leaveIfDone() {
        if case .reading = phase, hasPeerEnded, !isHeldBack { leave() }
    }

    /// Reads requests until one is being handled or bytes are missing, and sends the answers.
    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        isHeldBack = outgoing.count >= Self.mostWaiting
        while case .reading = phase, !isHeldBack {
            do throws(HTTPRefusal) {
                guard let event = try parser.next() else { break }
                take(event)
            } catch {
                refuse(error)
            }
            isHeldBack = outgoing.count >= Self.mostWaiting
        }
        isProcessing = false
        if case .reading = phase, parser.bodyLength > 0, loop.holdsTooMuch {
            refuse(HTTPRefusal(503, "too many large requests at one time; try again later"))
        }
        leaveIfDone()
        send()
    }

    private func take(_ event: HTTPParser.Event) {
        switch event {
        case .head(let request, let expectsContinue):
            if let refusal = loop.admit(request) {
                queue(refusal, to: request, keepsConnection: false)
                return leave()
            }
            isAdmitted = true
            if expectsContinue { outgoing.append(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        case .request(let request):
            let wasAdmitted = isAdmitted
            isAdmitted = false
            since = Reactor.now
            phase = .handled
            self.request = request
            handledBytes = request.body.count
            if !wasAdmitted, let refusal = loop.admit(request) { return answer(refusal) }
            loop.handler(HTTPExchange(request, on: self, of: loop))
        }
    }

    private func refuse(_ refusal: HTTPRefusal) {
        let response = HTTPResponse(refusal)
        outgoing.append(response.head(.whole, keepsConnection: false))
        outgoing.append(response.body)
        leave()
    }
}

// MARK: - Answering

extension HTTPConnection {
    /// Sends the answer to the request that is handled.
    func answer(_ response: HTTPResponse) {
        guard case .handled = phase, let request else { return }
        let keeps = request.keepsConnection && !loop.isEnding
        queue(response, to: request, keepsConnection: keeps)
        finishHandling()
        if !keeps { leave() }
        process()
        loop.limitWaiting()
    }

    private func finishHandling() {
        (request, handledBytes) = (nil, 0)
        phase = .reading
        since = Reactor.now
    }

    private func queue(_ response: HTTPResponse, to request: HTTPRequest, keepsConnection: Bool) {
        let isHead = request.method == .head
        outgoing.append(response.head(isHead ? .lengthOnly : .whole, keepsConnection: keepsConnection))
        if !isHead { outgoing.append(response.body) }
    }

    private func leave() {
        phase = .leaving
        parser.forget()
        since = Reactor.now
    }

    /// Makes the answer an event stream.
    func begin(_ events: EventStream) {
        guard case .handled = phase else { return end(events) }
        let response = HTTPResponse(status: 200, headers: [("Content-Type", "text/event-stream")])
        let head = response.head(.untilClosed, keepsConnection: false)
        finishHandling()
        phase = .streaming(events)
        events.connection = self
        outgoing.append(head)
        streamHeadLeft = outgoing.count
        fetch(from: events)
    }

    /// Queues the events that have been sent since the last time.
    func fetch(from events: EventStream) {
        guard case .streaming = phase else { return }
        let fetched = events.fetch()
        switch fetched {
        case .dropped: return close()
        case .events(let pieces): pieces.forEach { outgoing.append($0) }
        case .last(let pieces):
            pieces.forEach { outgoing.append($0) }
            leave()
            end(events)
        }
        send()
    }

    /// Sends what waits, as far as the client takes it.
    private func send() {
        guard !isClosed else { return }
        if !outgoing.isEmpty {
            do throws(StreamFailure) { count(try outgoing.send(to: stream)) } catch { return close() }
        }
        if outgoing.isEmpty, case .leaving = phase { return endWriting() }
        updateInterest()
        // In another turn: a client that reads fast must not keep the loop, nor deepen the stack.
        if isHeldBack, outgoing.count < Self.mostWaiting {
            loop.reactor.post { [weak self] in self?.process() }
        }
    }

    private func count(_ sent: Int) {
        guard sent > 0 else { return }
        lastSent = Reactor.now
        let ofHead = min(sent, streamHeadLeft)
        streamHeadLeft -= ofHead
        if case .streaming(let events) = phase { events.hasLeft(sent - ofHead) }
    }

    private func endWriting() {
        if hasPeerEnded { return close() }
        if !hasEndedWriting {
            hasEndedWriting = true
            stream.endWriting()
        }
        updateInterest()
    }
}

// MARK: - Time

extension HTTPConnection {
    /// Ends what takes too long; called once a second.
    func check(_ now: Double) {
        let limits = loop.limits
        if !outgoing.isEmpty, now - max(since, lastSent) > limits.idleSeconds { return close() }
        switch worth {
        case .leaving: if outgoing.isEmpty, now - since > Self.secondsToLeave { close() }
        case .silent: if now - since > limits.secondsForRequest { close() }
        case .idle: if now - since > limits.idleSeconds { close() }
        case .receiving:
            let allowed = limits.secondsForRequest + Double(parser.bodyLength) / Self.slowestBody
            if now - since > allowed {
                refuse(HTTPRefusal(408, "the request did not arrive in time; send it again, faster"))
                send()
            }
        case .streaming: if outgoing.isEmpty, now - lastSent > Self.secondsOfSilence { sendComment() }
        case .sending, .handled: break
        }
    }

    /// Sends a comment, which browsers ignore.
    private func sendComment() {
        let comment = Array(":\n\n".utf8)
        outgoing.append(comment)
        streamHeadLeft = comment.count
        send()
    }

    /// The server ends: what is idle closes at once, the rest once it has been sent.
    func endSoon() {
        switch phase {
        case .reading where outgoing.isEmpty: close()
        case .reading: leave()
        case .streaming(let events): events.end()
        case .handled, .leaving, .closed: break
        }
    }
}
