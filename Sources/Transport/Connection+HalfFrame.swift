#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension Connection {
    /// Hands the system everything that is queued but the second half of the last frame's payload, at once: for tests in which this process dies or freezes in the midst of
    /// a frame. If it lives on, the rest follows as usual.
    ///
    /// It waits for room on the loop's thread, up to `limit` seconds; a connection that ends meanwhile is left at that.
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
