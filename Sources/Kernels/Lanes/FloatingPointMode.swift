import CSystem

/// Puts the calling thread into the mode in which everything that reaches the state is computed: round to nearest,
/// subnormal numbers are zero. Every thread that computes calls it first (a `LanePool`'s threads do).
package func establishFloatingPointMode() {
    csystem_set_floating_point_mode()
}
