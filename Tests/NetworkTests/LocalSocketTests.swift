import Foundation
import Glibc
import Testing
import Wire

@testable import Network

@Suite("Sockets of this machine alone")
struct LocalSocketTests {
    @Test("its file is its owner's alone from the first moment, and nobody connects before it listens")
    func mode() throws {
        var random = RandomSource.system
        let path = NSTemporaryDirectory() + "local-\(random.bytes(count: 6).hex)"
        let descriptor = LocalSocket.bind(path)
        defer {
            close(descriptor)
            unlink(path)
        }
        #expect(descriptor >= 0)
        #expect(LocalSocket.connect(path, patience: 1) == -1)
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFSOCK)
        #expect(status.st_mode & 0o777 == 0o600)
        // What is left of an earlier one is in nobody's way.
        let next = LocalSocket.bind(path)
        #expect(next >= 0)
        #expect(listen(next, 1) == 0)
        let visitor = LocalSocket.connect(path, patience: 1)
        #expect(visitor >= 0)
        close(visitor)
        close(next)
        #expect(LocalSocket.bind("/nowhere/socket") == -1)
    }
}
