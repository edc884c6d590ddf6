/// How a process ends after a signal that asks it to.
package struct EndingOptions: Equatable, Sendable {
    /// The exit status that the command line asks for; nil: it leaves that to this program.
    package var chosenStatus: Int32?
    /// Seconds from the first signal to the end of the process. Half of them are for the step at hand.
    package var grace = 20.0

    package init() {}

    /// The exit status of a process that has ended in good order.
    package var status: Int32 { chosenStatus ?? 0 }
}
