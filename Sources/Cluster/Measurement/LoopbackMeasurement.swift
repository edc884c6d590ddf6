import System
import Transport

/// The cost of communication on this machine without a network: two event loops of this process exchange the
/// program's own frames over TLS on loopback.
package struct LoopbackMeasurement: Equatable, Sendable {
    /// Seconds from one thread's request, by way of both loops, to the other thread.
    package var handover: Double
    /// Bytes per second, one way.
    package var bytesPerSecond: Double
    /// Processor seconds to send and receive a byte, whatever else the machine does.
    package var secondsPerByte: Double

    private static let exchanges = 400
    private static let frameSize = 1 << 20
    private static let frames = 96

    package static func run() throws -> Self {
        let pair = try LoopbackPair(largestFrame: frameSize)
        defer { pair.close() }
        try pair.connect()
        let handover = try handover(pair)
        _ = try transfer(pair)  // warms up
        let (seconds, processor) = try transfer(pair)
        let bytes = Double(frames * frameSize)
        return Self(
            handover: handover, bytesPerSecond: bytes / seconds, secondsPerByte: processor / bytes)
    }

    /// Exchanges small frames, and returns the median time of one way in seconds.
    private static func handover(_ pair: LoopbackPair) throws -> Double {
        var times: [Double] = []
        for turn in 1...exchanges {
            let begin = Reactor.now
            pair.send(from: 0, bytes: 256)
            try pair.wait(forFrames: turn, at: 1)
            pair.send(from: 1, bytes: 256)
            try pair.wait(forFrames: turn, at: 0)
            times.append((Reactor.now - begin) / 2)
        }
        return times.sorted()[times.count / 2]
    }

    /// Sends all large frames one way, and returns the seconds and the processor's seconds that it took.
    private static func transfer(_ pair: LoopbackPair) throws -> (seconds: Double, processor: Double) {
        let before = pair.received(at: 1)
        let (begin, processor) = (Reactor.now, Clock.processorSeconds())
        for _ in 0..<frames { pair.send(from: 0, bytes: frameSize) }
        try pair.wait(forFrames: before + frames, at: 1)
        return (Reactor.now - begin, Clock.processorSeconds() - processor)
    }
}
