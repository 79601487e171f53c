internal import COpenSSL

/// A fresh P-256 key and its self-signed certificate, made for one peer connection and then thrown away.
///
/// A certificate shared between calls would permit an unknown-key-share attack between two patients
/// of one doctor (RFC 8844) and would link a doctor's calls to each other. Not `Sendable`: it stays with its
/// connection.
package final class DTLSIdentity {
    private let key: OpaquePointer  // EVP_PKEY *
    private let certificate: OpaquePointer  // X509 *

    /// The certificate, DER.
    package let certificateDER: [UInt8]
    /// SHA-256 of the DER, 32 octets.
    package let fingerprint: [UInt8]

    /// Makes key and certificate: serial and common name random, valid from yesterday for three days.
    /// - Throws: ``DTLSError/library(reason:)`` only.
    package init() throws(DTLSError) {
        ERR_clear_error()
        guard let key = COpenSSL_EVP_EC_gen("P-256") else { throw libraryError() }
        guard let certificate = X509_new() else {
            EVP_PKEY_free(key)
            throw libraryError()
        }
        guard selfSign(certificate, with: key), let der = derEncoding(of: certificate),
            let fingerprint = sha256Fingerprint(of: certificate)
        else {
            X509_free(certificate)
            EVP_PKEY_free(key)
            throw libraryError()
        }
        self.key = key
        self.certificate = certificate
        self.certificateDER = der
        self.fingerprint = fingerprint
    }

    deinit {
        X509_free(self.certificate)
        EVP_PKEY_free(self.key)
    }

    /// The value of `a=fingerprint`: `sha-256 AA:BB:…` (RFC 8122 §5).
    package var fingerprintText: String {
        "sha-256 " + self.fingerprint.map { hexPair($0) }.joined(separator: ":")
    }

    /// Gives `context` (an `SSL_CTX *`) its own references to key and certificate.
    func install(in context: OpaquePointer) -> Bool {
        SSL_CTX_use_certificate(context, self.certificate) == 1 && SSL_CTX_use_PrivateKey(context, self.key) == 1
    }
}

/// SHA-256 of an `X509 *`, or `nil` if the library fails.
func sha256Fingerprint(of certificate: OpaquePointer) -> [UInt8]? {
    var count: UInt32 = 0
    var digest = [UInt8](repeating: 0, count: 32)
    guard X509_digest(certificate, EVP_sha256(), &digest, &count) == 1, count == 32 else { return nil }
    return digest
}

/// Takes the oldest entry of this thread's error queue.
func libraryError() -> DTLSError {
    .library(reason: reasonText(of: ERR_get_error()))
}

func reasonText(of code: UInt) -> String {
    guard let text = ERR_reason_error_string(code) else { return "code \(code)" }
    return String(cString: text)
}

private func selfSign(_ certificate: OpaquePointer, with key: OpaquePointer) -> Bool {
    var random = [UInt8](repeating: 0, count: 16)
    guard RAND_bytes(&random, 16) == 1, let name = X509_get_subject_name(certificate) else { return false }
    // A positive serial of constant length (RFC 5280 §4.1.2.2).
    let serial = random[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & (.max >> 2) | (1 << 61)
    let commonName = random[8...].map { hexPair($0) }.joined()
    return X509_set_version(certificate, 2) == 1
        && ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1
        && X509_gmtime_adj(X509_getm_notBefore(certificate), -secondsPerDay) != nil
        && X509_gmtime_adj(X509_getm_notAfter(certificate), 2 * secondsPerDay) != nil
        && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, commonName, -1, -1, 0) == 1
        && X509_set_issuer_name(certificate, name) == 1
        && X509_set_pubkey(certificate, key) == 1
        && X509_sign(certificate, key, EVP_sha256()) > 0
}

private func derEncoding(of certificate: OpaquePointer) -> [UInt8]? {
    let count = i2d_X509(certificate, nil)
    guard count > 0 else { return nil }
    return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, initialized in
        var cursor = buffer.baseAddress
        initialized = Int(max(0, i2d_X509(certificate, &cursor)))
    }
}

private func hexPair(_ octet: UInt8) -> String {
    let digits = String(octet, radix: 16, uppercase: true)
    return digits.count == 1 ? "0" + digits : digits
}

private let secondsPerDay = 86_400
