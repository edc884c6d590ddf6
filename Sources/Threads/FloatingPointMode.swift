import CSystem

/// Puts the calling thread into the floating-point mode of all computation: round to nearest, flush subnormal
/// numbers to zero. `Thread` calls it for every thread that it starts, `main.swift` for the main thread.
package func establishFloatingPointMode() {
    csystem_set_floating_point_mode()
}
