import Platform

extension Connection {
    /// Writes everything that is queued, at once, except the second half of the last frame's payload. Tests
    /// use it to kill or freeze a process in the middle of a frame. If the process lives on, the rest follows
    /// as usual.
    ///
    /// It blocks the loop's thread while it waits for room, up to `limit` seconds. If the connection ends
    /// meanwhile, it returns.
    package func pushHalfOfLastFrame(within limit: Double = 10) {
        reactor.assertOwned()
        guard let frame = outbound.last else { return }
        let rest = min(frame.remaining, (frame.count - FrameHeader.byteCount) / 2)
        let deadline = Reactor.now + limit
        do {
            while isOpen, pendingBytes > rest || stream.wantsWrite, Reactor.now < deadline {
                try stream.flush()
                if pendingBytes > rest, try write(atMost: pendingBytes - rest).sent > 0 { continue }
                if pendingBytes > rest || stream.wantsWrite { waitForRoom() }
            }
        } catch {
            fail(TransportError(error, of: peer))
        }
    }

    private func waitForRoom() {
        var entry = pollfd(fd: stream.descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, 100)
    }
}
