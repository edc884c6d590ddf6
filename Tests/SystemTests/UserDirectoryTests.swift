import Platform
import System
import TestSupport
import Testing

/// Where files of the user go, whatever HOME and the XDG variables say.
@Suite(.serialized) struct UserDirectoryTests {
    @Test(
        arguments: [
            // HOME, XDG_CONFIG_HOME, the directory
            ("/home/me", nil, "/home/me/.config/dist-train"),
            ("/home/me/", nil, "/home/me/.config/dist-train"),
            ("/home/me", "/etc/xdg", "/etc/xdg/dist-train"),
            ("/home/me", "", "/home/me/.config/dist-train"),
            ("/home/me", "config", "/home/me/.config/dist-train"),
            (nil, "/etc/xdg", "/etc/xdg/dist-train"),
            (nil, nil, nil), ("", nil, nil), ("/", nil, nil), ("//", nil, nil), ("me", nil, nil),
            ("./me", nil, nil), ("~", nil, nil), ("", "relative", nil),
        ] as [(String?, String?, String?)])
    func placesOfTheConfig(home: String?, xdg: String?, place: String?) {
        #expect(UserDirectory.config { ["HOME": home, "XDG_CONFIG_HOME": xdg][$0] ?? nil } == place)
        let cache = UserDirectory.cache { ["HOME": home, "XDG_CACHE_HOME": xdg][$0] ?? nil }
        #expect((cache == nil) == (place == nil))
    }

    @Test func theTemporaryDirectoryIsPrivate() throws {
        let name = "dist-train-test-\(getpid())"
        let path = try UserDirectory.privateTemporary(name)
        defer { rmdir(path) }
        #expect(try File.permissions(path) == 0o700)
        #expect(try UserDirectory.privateTemporary(name) == path, "it is found again")
        try File.setPermissions(0o755, of: path)
        #expect(throws: SystemError.self) { try UserDirectory.privateTemporary(name) }
        rmdir(path)
        let directory = try TemporaryDirectory()
        #expect(symlink(directory.path, path) == 0)
        defer { unlink(path) }
        #expect(throws: SystemError.self) { try UserDirectory.privateTemporary(name) }
    }
}
