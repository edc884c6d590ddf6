import CSystem

/// Puts the calling thread into the floating-point mode of all computation: round to nearest, flush subnormal
/// numbers to zero. `Thread` calls it for every thread that it starts; the main thread calls it itself.
package func establishFloatingPointMode() {
    csystem_set_floating_point_mode()
}
