import COpenSSL

/// `count` bytes that nobody can predict (tokens, nonces): OpenSSL's generator, which the system's seeds; never the training's.
package func secureRandomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    precondition(RAND_priv_bytes(&bytes, Int32(count)) == 1, "OpenSSL gets no random numbers from the system")
    return bytes
}
