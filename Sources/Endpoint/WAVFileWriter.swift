internal import Audio
package import Foundation

/// Writes 48 kHz mono sound to a file whose header is true at least once a second: a crash loses no more than that.
package final class WAVFileWriter {
    private let file: FileHandle
    private var sampleCount = 0
    private var unannounced = 0
    private var octets: [UInt8] = []

    /// Creates or replaces the file, readable by its owner alone: it holds what a patient said.
    package init(url: URL) throws {
        guard
            FileManager.default.createFile(
                atPath: url.path, contents: Data(WAVHeader.octets(sampleCount: 0)),
                attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteUnknown) }
        self.file = try FileHandle(forUpdating: url)
        try self.file.seekToEnd()
    }

    package func write(_ block: [Int16]) throws {
        self.octets.removeAll(keepingCapacity: true)
        WAVHeader.append(block.span, to: &self.octets)
        try self.file.write(contentsOf: Data(self.octets))
        self.sampleCount += block.count
        self.unannounced += block.count
        if self.unannounced >= AudioFormat.sampleRate { try self.announce() }
    }

    package func finish() throws {
        try self.announce()
        try self.file.close()
    }

    private func announce() throws {
        self.unannounced = 0
        try self.file.seek(toOffset: 0)
        try self.file.write(contentsOf: Data(WAVHeader.octets(sampleCount: self.sampleCount)))
        try self.file.seekToEnd()
    }
}
