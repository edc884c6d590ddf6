/// A call that is due at a time. `Reactor.after` makes it.
package final class ReactorTimer {
    let deadline: Double
    private var work: (() -> Void)?
    private weak var reactor: Reactor?

    init(_ deadline: Double, _ reactor: Reactor, _ work: @escaping () -> Void) {
        self.deadline = deadline
        self.reactor = reactor
        self.work = work
    }

    func fire() {
        let work = self.work
        self.work = nil
        work?()
    }

    /// Cancels the timer; its work is not called after this. May be called repeatedly, and after the timer
    /// has fired.
    package func cancel() {
        guard work != nil else { return }
        work = nil
        reactor?.remove(self)
    }
}
