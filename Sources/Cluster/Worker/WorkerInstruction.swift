import Transport

/// An instruction of the communication thread to a worker's main thread.
enum WorkerInstruction: Sendable {
    case welcomed(Welcome)
    /// All chunks of the data set that was asked for are here.
    case fetched
    /// All members are connected and the state is loaded: make the trainer, then report `connected`.
    case formed(MemberGeneration)
    case start(FrameGeneration)
    /// There is nothing to do for this worker, for a reason.
    case spare(String)
    /// The coordinator has ended the generation.
    case generationEnded(String)
    case endSession(SessionEnd)
}
