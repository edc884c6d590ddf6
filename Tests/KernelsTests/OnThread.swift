import Kernels

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

enum FloatingPointMode: CaseIterable {
    /// The one that a process starts with: subnormal numbers count.
    case standard
    /// That of compute threads.
    case lane
}

/// Runs the body on a thread of its own and waits for it: tests share a pool of threads, whose mode one must neither change nor rely on.
func onThread(in mode: FloatingPointMode, _ body: @escaping () -> Void) {
    final class Work {
        let mode: FloatingPointMode
        let body: () -> Void
        init(mode: FloatingPointMode, body: @escaping () -> Void) {
            self.mode = mode
            self.body = body
        }
        func run() {
            #if canImport(Darwin)
                withUnsafePointer(to: _FE_DFL_ENV) { _ = fesetenv($0) }
            #else
                fesetenv(UnsafePointer(bitPattern: -1))  // FE_DFL_ENV
            #endif
            if mode == .lane { establishFloatingPointMode() }
            body()
        }
    }
    let work = Unmanaged.passRetained(Work(mode: mode, body: body))
    #if canImport(Darwin)
        var thread: pthread_t?
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Work>.fromOpaque($0).takeRetainedValue().run(); return nil
            }, work.toOpaque())
        if let thread { pthread_join(thread, nil) }
    #else
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().run(); return nil
            }, work.toOpaque())
        pthread_join(thread, nil)
    #endif
}
