import Platform
import Synchronization
import System
import Threads

/// A fault that the bytes of a connection through a `FaultProxy` meet.
struct NetworkFault {
    /// From the side that dialled (`up`), or to it.
    enum Direction { case up, down, both }

    enum Action {
        /// One bit of the byte is another one.
        case flip
        /// From the byte on nothing of this direction arrives, not even its end; both sides stay connected.
        case swallow
        /// The same for all connections that are there, in both directions: the wire is cut.
        case cut
        /// The connection is reset on both sides.
        case reset
        /// The byte and all behind it come so many seconds later.
        case hold(Double)
        /// So many bytes go one at a time.
        case trickle(Int)
        /// All that comes from here on is late by a random time.
        case delay(ClosedRange<Double>)
    }

    /// The connection's index, from 0, in the order in which they were dialled. Nil: the one that first has
    /// so many bytes.
    var connection: Int?
    var direction: Direction
    /// So many bytes of this direction have passed before.
    var byte: Int
    var action: Action
    /// Not once, but on every connection.
    var isOften = false
}

/// A TCP proxy on the loopback that passes on what it gets, but for its faults, which are met when so many
/// bytes have passed, never by time.
final class FaultProxy: Sendable {
    struct State {
        var isEnded = false
        /// Faults that were met.
        var met = 0
        /// Bytes that have come, up and down, by connection.
        var traffic: [(up: Int, down: Int)] = []
        /// Everything that has come, if it is to be kept; each direction of each connection by itself.
        var recorded: [[UInt8]] = []
    }

    /// The port of the loopback on which it listens.
    let port: UInt16
    private let state: ProxyState
    private let thread: Thread

    /// - Parameters:
    ///   - host: the last number of 127.0.0.x, where it listens, and from where it dials
    ///   - target: the port of 127.0.0.1 that it leads to; nil: its own number
    init(host: UInt32, target: UInt16?, _ faults: [NetworkFault] = [], records: Bool = false) throws {
        let listener = try Loopback.listener(host)
        let (port, state) = (Loopback.port(of: listener), ProxyState())
        (self.port, self.state) = (port, state)
        thread = try Thread(named: "proxy") {
            ProxyLoop(listener: listener, host: host, target: target ?? port, faults, state, records: records)
                .run()
        }
    }

    deinit { end() }

    var met: Int { state.mutex.withLock { $0.met } }
    var traffic: [(up: Int, down: Int)] { state.mutex.withLock { $0.traffic } }
    var recorded: [[UInt8]] { state.mutex.withLock { $0.recorded } }

    /// Closes all connections.
    func end() {
        state.mutex.withLock { $0.isEnded = true }
        thread.join()
    }
}

private final class ProxyState: Sendable {
    let mutex = Mutex(FaultProxy.State())
}

/// One direction of a connection.
private struct Flow {
    var count = 0
    /// In order, each with the time before which it does not go on.
    var queue: [(due: Double, bytes: [UInt8])] = []
    var newestDue = 0.0
    var delay: ClosedRange<Double>?
    var held = 0.0
    var trickles = 0
    var swallows = false
    var isEnded = false
    var isEndTold = false

    mutating func append(_ bytes: [UInt8], _ now: Double) {
        guard !swallows, !bytes.isEmpty else { return }
        newestDue = max(newestDue, held, now + (delay.map { Double.random(in: $0) } ?? 0))
        queue.append((newestDue, bytes))
    }
}

private final class ProxiedConnection {
    let number: Int
    /// The sockets of the side that dialled and of its target; -1: closed.
    var ends: [Int32]
    /// Up: from `ends[0]` to `ends[1]`; down.
    var flows = [Flow(), Flow()]

    init(_ number: Int, _ ends: [Int32]) { (self.number, self.ends) = (number, ends) }

    var isOpen: Bool { ends.contains { $0 >= 0 } }

    func close(_ end: Int, resetting: Bool = false) {
        guard ends[end] >= 0 else { return }
        if resetting { Loopback.closeByReset(ends[end]) } else { _ = Loopback.close(ends[end]) }
        ends[end] = -1
        // Nobody is there to send or to get anything.
        flows[end].isEnded = true
        flows[1 - end].swallows = true
        flows[1 - end].queue = []
    }
}

/// Owned by the proxy's thread.
private final class ProxyLoop {
    private let listener: Int32
    private let host: UInt32
    private let target: UInt16
    private var faults: [NetworkFault]
    private let state: ProxyState
    private let records: Bool
    private var connections: [ProxiedConnection] = []
    private var count = 0

    init(
        listener: Int32, host: UInt32, target: UInt16, _ faults: [NetworkFault], _ state: ProxyState,
        records: Bool
    ) {
        (self.listener, self.host, self.target, self.faults, self.state) = (
            listener, host, target, faults, state
        )
        self.records = records
    }

    func run() {
        Signals.ignoreHarmless()
        while !state.mutex.withLock({ $0.isEnded }) {
            wait()
            accept()
            for connection in connections { serve(connection) }
            connections.removeAll { !$0.isOpen }
        }
        for connection in connections { for end in 0...1 { connection.close(end) } }
        _ = Loopback.close(listener)
    }

    /// For something to read, room to write, or what is due; at most a little, because it may be told to end.
    private func wait() {
        let now = Clock.monotonicSeconds()
        var next = now + 0.05
        var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        for connection in connections {
            for end in 0...1 where connection.ends[end] >= 0 {
                var events = connection.flows[end].isEnded ? 0 : Int16(POLLIN)
                if let first = connection.flows[1 - end].queue.first {
                    if first.due <= now { events |= Int16(POLLOUT) } else { next = min(next, first.due) }
                }
                if events != 0 { polled.append(pollfd(fd: connection.ends[end], events: events, revents: 0)) }
            }
        }
        _ = poll(&polled, nfds_t(polled.count), Int32(max(0, ((next - now) * 1000).rounded(.up))))
    }

    private func accept() {
        while let newcomer = Loopback.accepted(by: listener) {
            guard let other = Loopback.connected(from: host, to: target) else {
                Loopback.closeByReset(newcomer)
                continue
            }
            connections.append(ProxiedConnection(count, [newcomer, other]))
            count += 1
            state.mutex.withLock { state in
                state.traffic.append((0, 0))
                state.recorded += [[], []]
            }
        }
    }

    private func serve(_ connection: ProxiedConnection) {
        for end in 0...1 {
            read(connection, end)
            write(connection, end)
        }
        // Both have nothing more to say, and have been told so; or they would never be.
        let isOver = (0...1).allSatisfy {
            connection.flows[$0].isEnded && (connection.flows[$0].isEndTold || connection.flows[$0].swallows)
        }
        if isOver { for end in 0...1 { connection.close(end) } }
    }

    private func read(_ connection: ProxiedConnection, _ end: Int) {
        while connection.ends[end] >= 0, !connection.flows[end].isEnded {
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            let read = recv(connection.ends[end], &bytes, bytes.count, 0)
            if read < 0, errno == EAGAIN || errno == EINTR { return }
            if read < 0, !connection.flows[end].swallows {
                // A reset goes on as one.
                for end in 0...1 { connection.close(end, resetting: true) }
                return
            }
            guard read > 0 else {
                connection.flows[end].isEnded = true
                return
            }
            pass(Array(bytes[..<read]), connection, end)
        }
    }

    /// Takes what has come; faults cut it into pieces.
    private func pass(_ bytes: [UInt8], _ connection: ProxiedConnection, _ end: Int) {
        if records { state.mutex.withLock { $0.recorded[2 * connection.number + end] += bytes } }
        var rest = bytes
        while let (index, place) = nextFault(connection, end, rest.count) {
            let fault = faults[index]
            if !fault.isOften { faults.remove(at: index) }
            connection.flows[end].append(Array(rest[..<place]), Clock.monotonicSeconds())
            connection.flows[end].count += place
            rest.removeFirst(place)
            meet(fault.action, &rest, connection, end)
            // The byte at which it was met has passed: it is not met there again.
            let first = Array(rest.prefix(1))
            connection.flows[end].append(first, Clock.monotonicSeconds())
            connection.flows[end].count += first.count
            rest.removeFirst(first.count)
            state.mutex.withLock { $0.met += 1 }
        }
        connection.flows[end].append(rest, Clock.monotonicSeconds())
        connection.flows[end].count += rest.count
        let flow = connection.flows[end]
        state.mutex.withLock { state in
            if end == 0 {
                state.traffic[connection.number].up = flow.count
            } else {
                state.traffic[connection.number].down = flow.count
            }
        }
    }

    /// The first fault within the next `count` bytes, and how many come before it.
    private func nextFault(_ connection: ProxiedConnection, _ end: Int, _ count: Int) -> (
        index: Int, place: Int
    )? {
        let passed = connection.flows[end].count
        let near = faults.indices.filter { index in
            let fault = faults[index]
            return fault.connection ?? connection.number == connection.number
                && (passed..<passed + count).contains(fault.byte)
                && (fault.direction == .both || (fault.direction == .up) == (end == 0))
        }
        return near.min { faults[$0].byte < faults[$1].byte }.map { ($0, faults[$0].byte - passed) }
    }

    private func meet(
        _ action: NetworkFault.Action, _ rest: inout [UInt8], _ connection: ProxiedConnection, _ end: Int
    ) {
        switch action {
        case .flip: rest[0] ^= 0x04
        case .swallow: swallow(connection, end)
        case .cut:
            for connection in connections { for end in 0...1 { swallow(connection, end) } }
        case .reset:
            // Earlier bytes go out first, so that the other side is in the midst of a frame.
            write(connection, 1 - end)
            for end in 0...1 { connection.close(end, resetting: true) }
        case .hold(let seconds): connection.flows[end].held = Clock.monotonicSeconds() + seconds
        case .trickle(let count): connection.flows[end].trickles = count
        case .delay(let range): connection.flows[end].delay = range
        }
    }

    private func swallow(_ connection: ProxiedConnection, _ end: Int) {
        write(connection, 1 - end)
        connection.flows[end].swallows = true
        connection.flows[end].queue = []
    }

    /// Sends the bytes that are due for `ends[end]`, as far as there is room.
    private func write(_ connection: ProxiedConnection, _ end: Int) {
        let from = 1 - end
        while connection.ends[end] >= 0, let first = connection.flows[from].queue.first,
            first.due <= Clock.monotonicSeconds()
        {
            let trickles = connection.flows[from].trickles
            let sent = send(connection.ends[end], first.bytes, trickles > 0 ? 1 : first.bytes.count, 0)
            guard sent > 0 else {
                if sent < 0, errno != EAGAIN, errno != EINTR { connection.close(end) }
                return
            }
            connection.flows[from].trickles = max(0, trickles - sent)
            if sent == first.bytes.count {
                connection.flows[from].queue.removeFirst()
            } else {
                connection.flows[from].queue[0].bytes.removeFirst(sent)
            }
        }
        guard connection.ends[end] >= 0, connection.flows[from].isEnded, connection.flows[from].queue.isEmpty,
            !connection.flows[from].swallows,
            !connection.flows[from].isEndTold
        else { return }
        connection.flows[from].isEndTold = true
        _ = shutdown(connection.ends[end], Int32(SHUT_WR))
    }
}

/// Sockets of 127.0.0.x, all non-blocking, none of them inherited.
private enum Loopback {
    static func listener(_ host: UInt32) throws -> Int32 {
        let made = make()
        guard made >= 0, at(host, 0, { bind(made, $0, $1) }) == 0, listen(made, 64) == 0 else {
            throw SystemError(cannot: "listen")
        }
        return made
    }

    static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    static func accepted(by listener: Int32) -> Int32? {
        let newcomer = accept(listener, nil, nil)
        return newcomer >= 0 ? prepared(newcomer) : nil
    }

    /// Nobody who listens there refuses at once: it is this machine.
    static func connected(from host: UInt32, to port: UInt16) -> Int32? {
        let made = make()
        guard made >= 0 else { return nil }
        guard at(host, 0, { bind(made, $0, $1) }) == 0,
            at(1, port, { connect(made, $0, $1) }) == 0 || errno == EINPROGRESS
        else {
            _ = close(made)
            return nil
        }
        return made
    }

    static func closeByReset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        _ = close(descriptor)
    }

    static func close(_ descriptor: Int32) -> Int32 {
        Platform.close(descriptor)
    }

    private static func make() -> Int32 {
        let made = socket(AF_INET, privateStreamSocketType, 0)
        return made >= 0 ? prepared(made) : made
    }

    private static func prepared(_ descriptor: Int32) -> Int32 {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private static func at(
        _ host: UInt32, _ port: UInt16, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = (0x7F00_0000 + host).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
