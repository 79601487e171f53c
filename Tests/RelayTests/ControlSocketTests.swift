import Foundation
import Glibc
import Testing
import Wire

@testable import Relay

@Suite("The socket by which a broker holds its relay")
struct ControlSocketTests {
    @Test("its file is its owner's alone from the first moment, and nobody connects before it listens")
    func mode() throws {
        var random = RandomSource.system
        let path = NSTemporaryDirectory() + "control-\(random.bytes(count: 6).hex)"
        let descriptor = try #require(ControlSocket.bind(path))
        defer {
            close(descriptor)
            unlink(path)
        }
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFSOCK)
        #expect(status.st_mode & 0o777 == 0o600)
        // What is left of an earlier one is in nobody's way.
        let next = try #require(ControlSocket.bind(path))
        close(next)
        #expect(ControlSocket.bind("/nowhere/control") == nil)
    }
}
