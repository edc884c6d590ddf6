import System
import Testing

@Suite struct HashTests {
    /// FIPS 180-4 examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func publishedDigests(text: String, digest: String) {
        #expect(SHA256.hexDigest(of: Array(text.utf8)) == digest)
        let pieces = SHA256()
        for byte in text.utf8 { pieces.update([byte]) }
        #expect(pieces.hexDigest() == digest)
        #expect(pieces.hexDigest() == digest)
    }

    /// RFC 4231, test cases 1, 2 and 6.
    @Test func publishedCodes() {
        let one = HMACSHA256.code(of: Array("Hi There".utf8), key: [UInt8](repeating: 0x0B, count: 20))
        #expect(TextFormat.hex(one) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let two = HMACSHA256.code(of: Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        #expect(TextFormat.hex(two) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let six = HMACSHA256.code(
            of: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8), key: [UInt8](repeating: 0xAA, count: 131))
        #expect(TextFormat.hex(six) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func codesAreCompared() {
        #expect(HMACSHA256.areEqual([1, 2], [1, 2]))
        #expect(!HMACSHA256.areEqual([1, 2], [1, 3]))
        #expect(!HMACSHA256.areEqual([1, 2], [1]))
    }

    @Test func randomBytesDiffer() {
        #expect(secureRandomBytes(32).count == 32)
        #expect(secureRandomBytes(32) != secureRandomBytes(32))
    }
}
