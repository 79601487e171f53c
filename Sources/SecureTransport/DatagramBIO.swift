internal import COpenSSL

/// What libssl reads datagrams from and writes them to, one call each: a memory BIO would lose their borders.
///
/// libssl holds an unretained pointer to this object; ``DTLSEngine`` keeps it alive longer than the `SSL *`.
final class DatagramBIO {
    /// The one datagram libssl has not read yet.
    var incoming: [UInt8]?
    /// What libssl wrote since the owner last looked, oldest first.
    var outgoing: [[UInt8]] = []

    /// A new `BIO *` upon this object; whoever installs it in an `SSL *` gives its ownership away.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    /// Made once, then only read; libssl never writes to it.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagrams") else { return nil }
        BIO_meth_set_write(method, writeDatagram)
        BIO_meth_set_read(method, readDatagram)
        BIO_meth_set_ctrl(method, control)
        return method
    }()
}

private func owner(of bio: OpaquePointer?) -> DatagramBIO? {
    guard let bio, let data = BIO_get_data(bio) else { return nil }
    return Unmanaged<DatagramBIO>.fromOpaque(data).takeUnretainedValue()
}

private let writeDatagram: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
    bio, bytes, count in
    guard let datagrams = owner(of: bio), let bytes, count > 0 else { return -1 }
    datagrams.outgoing.append([UInt8](UnsafeRawBufferPointer(start: bytes, count: Int(count))))
    return count
}

private let readDatagram: @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?, Int32) -> Int32 = {
    bio, buffer, capacity in
    guard let datagrams = owner(of: bio), let buffer, capacity > 0 else { return -1 }
    BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
    guard let datagram = datagrams.incoming else {
        BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        return -1
    }
    datagrams.incoming = nil
    // Like recv(2) on a socket: what does not fit is cut off.
    let count = min(datagram.count, Int(capacity))
    UnsafeMutableRawBufferPointer(start: buffer, count: count).copyBytes(from: datagram[..<count])
    return Int32(count)
}

private let control: @convention(c) (OpaquePointer?, Int32, Int, UnsafeMutableRawPointer?) -> Int = {
    _, command, _, _ in
    // Anything else (timers, peers, MTU discovery) is the concern of real sockets.
    command == BIO_CTRL_FLUSH ? 1 : 0
}
