import CSIMD

// The passes that write values. Each value is computed by itself, so that neither the cut into tiles nor the
// joining of passes changes a bit.
extension BatchNormKernels {
    /// `y = f((x − mean) · scale + shift + shortcut)`; y may be x or the shortcut.
    package static func normalize(
        _ x: UnsafePointer<Float>, shortcut: UnsafePointer<Float>?, _ rectifier: Rectifier?,
        into y: UnsafeMutablePointer<Float>, rows: Int,
        _ vectors: ChannelVectors, _ constants: Constants
    ) {
        switch (shortcut, rectifier) {
        case (nil, nil): vectors.forEach(rows: rows, Normalize(x: x, y: y, constants, then: Nothing()))
        case (nil, let f?): vectors.forEach(rows: rows, Normalize(x: x, y: y, constants, then: Rectify(f: f)))
        case (let s?, nil): vectors.forEach(rows: rows, Normalize(x: x, y: y, constants, then: Add(s: s)))
        case (let s?, let f?):
            vectors.forEach(rows: rows, Normalize(x: x, y: y, constants, then: AddAndRectify(s: s, f: f)))
        }
    }

    private struct Normalize<Following: FollowingStep>: VectorStep {
        private let x, mean, scale, shift: UnsafePointer<Float>
        private let y: UnsafeMutablePointer<Float>
        private let following: Following

        init(
            x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, _ constants: Constants,
            then following: Following
        ) {
            self.x = x
            self.y = y
            self.following = following
            mean = UnsafePointer(constants.mean)
            scale = UnsafePointer(constants.scale)
            shift = UnsafePointer(constants.shift)
        }

        @inline(__always)
        func callAsFunction(_ at: Int, _ element: Int, _ n: Int) {
            let deviation = Vector(at: x + at, count: n) - Vector(at: mean + element, count: n)
            let value =
                deviation * Vector(at: scale + element, count: n) + Vector(at: shift + element, count: n)
            following(value, at, n).store(at: y + at, count: n)
        }
    }

    /// The memory for the shortcut's gradient, dy′.
    package struct ShortcutGradient {
        let values: UnsafeMutablePointer<Float>
        let accumulates: Bool

        package init(_ values: UnsafeMutablePointer<Float>, accumulates: Bool) {
            (self.values, self.accumulates) = (values, accumulates)
        }

        @inline(__always)
        func write(_ dy: Vector, _ at: Int, _ n: Int) {
            (accumulates ? Vector(at: values + at, count: n) + dy : dy).store(at: values + at, count: n)
        }
    }

    /// Writes the input's gradient, `dx = scale · (dy′ − meanDy − x̂ · meanDyX)`, or with constant statistics
    /// (`isFrozen`) `dx = scale · dy′`, and the shortcut's gradient. Either may take the memory of dy.
    package static func backward(
        x: UnsafePointer<Float>, dy: UnsafePointer<Float>, _ mask: Mask, isFrozen: Bool, rows: Int,
        _ vectors: ChannelVectors,
        _ constants: Constants, into dx: UnsafeMutablePointer<Float>?, shortcut: ShortcutGradient?
    ) {
        func run(_ gradient: some MaskedGradient) {
            if let dx, !isFrozen {
                vectors.forEach(rows: rows, Backward(x: x, gradient, constants, into: dx, shortcut))
            } else {
                vectors.forEach(
                    rows: rows,
                    FrozenBackward(gradient: gradient, scale: constants.scale, dx: dx, shortcut: shortcut))
            }
        }
        switch mask {
        case .none: run(Unmasked(dy: dy))
        case .input(let rectifier): run(MaskedByInput(x: x, dy: dy, constants, rectifier))
        case .output(let y, let rectifier): run(MaskedByOutput(y: y, dy: dy, rectifier: rectifier))
        }
    }

    private struct Backward<Gradient: MaskedGradient>: VectorStep {
        private let x, mean, invStd, scale, meanDy, meanDyX: UnsafePointer<Float>
        private let dx: UnsafeMutablePointer<Float>
        private let gradient: Gradient
        private let shortcut: ShortcutGradient?

        init(
            x: UnsafePointer<Float>, _ gradient: Gradient, _ constants: Constants,
            into dx: UnsafeMutablePointer<Float>,
            _ shortcut: ShortcutGradient?
        ) {
            self.x = x
            self.dx = dx
            self.gradient = gradient
            self.shortcut = shortcut
            mean = UnsafePointer(constants.mean)
            invStd = UnsafePointer(constants.invStd)
            scale = UnsafePointer(constants.scale)
            (meanDy, meanDyX) = (UnsafePointer(constants.meanDy), UnsafePointer(constants.meanDyX))
        }

        @inline(__always)
        func callAsFunction(_ at: Int, _ element: Int, _ n: Int) {
            let dy = gradient(at, element, n)
            let xHat =
                (Vector(at: x + at, count: n) - Vector(at: mean + element, count: n))
                * Vector(at: invStd + element, count: n)
            let rest =
                dy - Vector(at: meanDy + element, count: n) - xHat * Vector(at: meanDyX + element, count: n)
            let value = Vector(at: scale + element, count: n) * rest
            shortcut?.write(dy, at, n)
            value.store(at: dx + at, count: n)
        }
    }

    private struct FrozenBackward<Gradient: MaskedGradient>: VectorStep {
        let gradient: Gradient
        let scale: UnsafeMutablePointer<Float>
        let dx: UnsafeMutablePointer<Float>?
        let shortcut: ShortcutGradient?

        @inline(__always)
        func callAsFunction(_ at: Int, _ element: Int, _ n: Int) {
            let dy = gradient(at, element, n)
            shortcut?.write(dy, at, n)
            if let dx { (Vector(at: scale + element, count: n) * dy).store(at: dx + at, count: n) }
        }
    }
}

// MARK: - What follows the normalisation

private protocol FollowingStep {
    func callAsFunction(_ value: Vector, _ at: Int, _ n: Int) -> Vector
}

private struct Nothing: FollowingStep {
    @inline(__always)
    func callAsFunction(_ value: Vector, _ at: Int, _ n: Int) -> Vector { value }
}

private struct Rectify: FollowingStep {
    let f: Rectifier

    @inline(__always)
    func callAsFunction(_ value: Vector, _ at: Int, _ n: Int) -> Vector { f.value(value) }
}

private struct Add: FollowingStep {
    let s: UnsafePointer<Float>

    @inline(__always)
    func callAsFunction(_ value: Vector, _ at: Int, _ n: Int) -> Vector {
        value + Vector(at: s + at, count: n)
    }
}

private struct AddAndRectify: FollowingStep {
    let s: UnsafePointer<Float>
    let f: Rectifier

    @inline(__always)
    func callAsFunction(_ value: Vector, _ at: Int, _ n: Int) -> Vector {
        f.value(value + Vector(at: s + at, count: n))
    }
}
