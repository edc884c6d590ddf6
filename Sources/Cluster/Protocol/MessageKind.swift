import Transport

/// The kinds of frames on the connections between a worker and its coordinator. Kinds below 16 are those of the mesh (`Envelope.Kind`).
///
/// `W→C` worker to coordinator. Fields of the header that a kind uses stand in parentheses.
enum MessageKind: UInt8 {
    /// C→W: the job, its data's hashes, the platform that is asked for: `Welcome`.
    case welcome = 16
    /// W→C: job compiled, data at hand, fingerprint: `Prepared`.
    case prepared = 17
    /// C→W: a sentence; the worker ends with status 1.
    case refused = 18
    /// W→C: send me a chunk (a: data set, b: chunk).
    case fetch = 19
    /// C→W: a chunk's bytes (a, b as in fetch).
    case chunk = 20
    /// C→W: you are a member of a new generation: `Formation`.
    case form = 21
    /// C→W: a run of floats of the state that the generation begins with (a: section, b: offset in floats), where the worker has not kept it.
    case state = 22
    /// C→W: that was all of the state.
    case stateComplete = 23
    /// W→C: my connections to all members stand and my state is loaded.
    case connected = 24
    /// W→C: I cannot reach a member (a: rank); a sentence.
    case cannotReach = 25
    /// C→W: dial this member (a: rank), it could not reach you.
    case dial = 26
    /// C→W: begin.
    case start = 27
    /// W→C: a member (a: rank) has closed its connection or sent nonsense; a sentence.
    case suspicion = 28
    /// C→W, rank 0: put these flags into the next control word (a: flags).
    case request = 29
    /// W→C, rank 0: a step's report, and behind it the diagnostics of a logged step, doubles (step; a, b: low and high half of the microseconds that rank 0's
    /// clock showed when it decided, of which only differences mean something).
    case stepReport = 30
    /// W→C: a run of floats of my part of a snapshot (step, a: rank, b: offset in floats); empty from who owns nothing.
    case snapshotPart = 31
    /// W→C: some of my chunks of an evaluation, a report of doubles each (step, a: set, b: first chunk).
    case evaluation = 32
    /// W→C: the control word has ended the generation for me; all that I had to send of it came before.
    case generationEnded = 33
    /// C→W: the generation has ended; a sentence.
    case endGeneration = 34
    /// C→W: the job is over; a sentence.
    case finish = 35
    /// W→C: I cannot go on (a: 1 if no worker could, because of the job); a sentence.
    case failed = 36
    /// W→C: I was asked to stop and leave at the next boundary.
    case leaving = 37
    /// C→W: what was decided after an evaluation (step: steps done, a: 1 if the job ends here), one double: the factor of the learning rate.
    case decision = 38
    /// C→W: join again, because the job is over and another one follows, or because the others went on without you; a sentence.
    case again = 39
    /// W→C, on its own connection: alive (step, a: phase); `Heartbeat`.
    case heartbeat = 40
    /// C→W, on the same connection: the clock of a heartbeat, and what the coordinator's clock shows: doubles of seconds.
    case heartbeatAnswer = 41
    /// W→C: when this member did what: `TimingMessage`.
    case timing = 42
    /// C→W: of this generation's snapshot (step) every part is here.
    case snapshotComplete = 43
    /// W→C, the owner of some pieces, in a step that is audited: what it was sent: `ContributionDigests`.
    case contributions = 44
    /// W→C: another member's work done once more: `AuditResult`.
    case audit = 45
}

extension FrameHeader {
    init(
        _ kind: MessageKind, _ generation: FrameGeneration = FrameGeneration(), step: Int = 0, a: Int = 0,
        b: Int = 0
    ) {
        self.init(
            kind: kind.rawValue, generation: generation, step: UInt64(step), a: UInt32(truncatingIfNeeded: a),
            b: UInt32(truncatingIfNeeded: b))
    }
}

extension String {
    /// A sentence from a peer: bounded, and without control characters.
    init(sentence bytes: UnsafeRawBufferPointer) {
        let text = String(decoding: bytes.prefix(2000), as: UTF8.self)
        self = String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
    }
}
