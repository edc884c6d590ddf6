/// A recurrent cell in one direction, as PyTorch defines it, with `units` hidden values:
///
/// * `tanh`, `relu` (Elman): `h' = f(x W_ih + b_ih + h W_hh + b_hh)`,
/// * `lstm` (https://www.bioinf.jku.at/publications/older/2604.pdf): gates `i, f, g, o`, `g` with tanh and
///   the others with σ, `c' = f c + i g`, `h' = o tanh c'`,
/// * `gru` (https://arxiv.org/abs/1406.1078): gates `r, z, n`, `r` and `z` with σ,
///   `n = tanh(x W_in + b_in + r (h W_hn + b_hn))`, `h' = (1 − z) n + z h`.
///
/// x `[inputs]`, W_ih `[inputs, gates · units]`, W_hh `[units, gates · units]`, both biases
/// `[gates · units]`.
///
/// A position's **record** is what the backward pass needs: its *slots*, then the state before it. Each part
/// has `paddedUnits` floats, of which those behind `units` are zeros, or at least never reach a result. In
/// the forward pass the slots hold the gates' values (a GRU has a fourth slot for `h W_hn + b_hn`); the
/// backward pass writes in their place the gradients of what goes into the gates.
package struct RecurrentCell: Equatable, Sendable {
    package enum Kind: Equatable, Sendable { case tanh, relu, lstm, gru }

    package let kind: Kind
    package let inputs: Int
    package let units: Int

    package init(_ kind: Kind, inputs: Int, units: Int) {
        (self.kind, self.inputs, self.units) = (kind, inputs, units)
    }

    package var gates: Int {
        switch kind {
        case .tanh, .relu: 1
        case .lstm: 4
        case .gru: 3
        }
    }

    /// Columns of both weight matrices in memory.
    package var columns: Int { gates * units }
    package var paddedUnits: Int { FlatVector.aligned(units) }
    var slots: Int { kind == .gru ? 4 : gates }
    var hasCells: Bool { kind == .lstm }

    /// Floats of a record.
    package var recordWidth: Int { slots * paddedUnits + stateWidth }
    /// The place of h before the position in a record.
    var hiddenPlace: Int { slots * paddedUnits }
    /// The place of c before the position in the record of an LSTM.
    var cellPlace: Int { hiddenPlace + paddedUnits }
    /// Floats of a state: h, and behind it c of an LSTM.
    package var stateWidth: Int { (hasCells ? 2 : 1) * paddedUnits }
    /// Floats of all gates, each padded.
    var gatesWidth: Int { gates * paddedUnits }
    /// Vectors of a gate.
    var vectors: Int { paddedUnits / 16 }

    /// The product of a cell with its input, or with the state before the position.
    package enum Side: Sendable { case input, hidden }

    /// The slot that has a gate's gradient for one of the products: only in a GRU's third gate they differ.
    func slot(_ gate: Int, _ side: Side) -> Int { kind == .gru && gate == 2 && side == .hidden ? 3 : gate }

    /// Rows of a weight matrix.
    package func rows(_ side: Side) -> Int { side == .input ? inputs : units }
}
