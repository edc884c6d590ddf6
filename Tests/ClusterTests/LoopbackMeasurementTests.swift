import Cluster
import TestSupport
import Testing

@Suite struct LoopbackMeasurementTests {
    @Test func measuresSomething() throws {
        let measured = try LoopbackMeasurement.run()
        for value in [measured.handover, measured.bytesPerSecond, measured.secondsPerByte] {
            #expect(value > 0 && value.isFinite)
        }
    }
}
