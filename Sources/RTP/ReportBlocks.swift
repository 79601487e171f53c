internal import Wire

/// The blocks of one report: one of our own, or those of a datagram, read where they stand. Nothing is allocated.
package struct ReportBlocks: Sequence, Equatable, Sendable {
    private enum Storage: Sendable {
        case one(ReportBlock)
        /// Whole blocks.
        case encoded(ArraySlice<UInt8>)
    }

    private let storage: Storage?

    /// One, or none.
    package init(_ block: ReportBlock?) {
        self.storage = block.map { .one($0) }
    }

    init(count: Int, from reader: inout ByteReader) throws(ByteReader.Failure) {
        self.storage = .encoded(try reader.readSlice(count * Self.blockSize))
    }

    package struct Iterator: IteratorProtocol {
        fileprivate var single: ReportBlock?
        fileprivate var reader = ByteReader([])

        package mutating func next() -> ReportBlock? {
            if let block = self.single {
                self.single = nil
                return block
            }
            return self.reader.isAtEnd ? nil : try? ReportBlock(from: &self.reader)
        }
    }

    package func makeIterator() -> Iterator {
        switch self.storage {
        case nil: Iterator()
        case .one(let block): Iterator(single: block)
        case .encoded(let octets): Iterator(reader: ByteReader(octets))
        }
    }

    /// At most 31 come in one report (RFC 3550 §6.4.1).
    package var count: Int { self.reduce(0) { count, _ in count + 1 } }

    package static func == (left: ReportBlocks, right: ReportBlocks) -> Bool { left.elementsEqual(right) }

    /// Octets.
    private static let blockSize = 24
}

extension ReportBlock {
    fileprivate init(from reader: inout ByteReader) throws(ByteReader.Failure) {
        let source = try reader.readUInt32()
        let losses = try reader.readUInt32()
        self.init(
            source: source, fractionLost: UInt8(losses >> 24),
            // 24 bits, sign-extended.
            cumulativeLost: Int32(truncatingIfNeeded: losses << 8) >> 8,
            extendedHighestSequenceNumber: try reader.readUInt32(), jitter: try reader.readUInt32(),
            lastSenderReport: try reader.readUInt32(), delaySinceLastSenderReport: try reader.readUInt32())
    }
}
