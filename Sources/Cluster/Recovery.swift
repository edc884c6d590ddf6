/// The way back from a generation that ended before its time.
struct Recovery: Equatable {
    /// When it ended, by the coordinator's clock.
    let began: Double
    /// Steps that were done then.
    let lost: Int
    /// A step of the next generation is done.
    var goesOn = false
}
