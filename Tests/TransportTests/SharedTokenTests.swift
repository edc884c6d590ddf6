import Testing
import Transport

@Suite struct SharedTokenTests {
    /// The expected code is that of Python's `hmac` module, for the message of RFC 4231's second case and the
    /// key 00 01 … 1f.
    @Test func itsCodesAreHMACSHA256() throws {
        let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        let token = try #require(SharedToken(hex: key))
        let code = token.authenticationCode(Array("what do ya want for nothing?".utf8))
        let expected = "099805f4ac310786968565c098db515cc50862b420ae31e20238312344bed36a"
        #expect(code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
    }
}
