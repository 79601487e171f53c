import SecureTransport
import Testing
import Wire

@Suite("DTLS against the openssl command", .serialized)
struct OpenSSLInteropTests {
    @Test("connects in both roles and exports the same keys", arguments: [DTLSRole.client, .server])
    func bothRoles(role: DTLSRole) throws {
        let outcome = try OpenSSLPeer().handshake(as: role)
        let result = try #require(outcome.result, "\(outcome.events) \(outcome.transcript)")
        #expect(result.profile == .aes256GCM)
        let material = result.keyingMaterial
        let ours = (material.clientKey + material.serverKey + material.clientSalt + material.serverSalt).hex
        #expect(outcome.exported == ours, "\(outcome.transcript)")
    }

    @Test("takes the shorter key from a peer that has no other", arguments: [DTLSRole.client, .server])
    func shorterKey(role: DTLSRole) throws {
        let outcome = try OpenSSLPeer().handshake(as: role, .init(profiles: "SRTP_AEAD_AES_128_GCM"))
        #expect(outcome.result?.profile == .aes128GCM, "\(outcome.events) \(outcome.transcript)")
    }

    @Test("refuses a peer without AEAD profile", arguments: [DTLSRole.client, .server])
    func counterModeOnly(role: DTLSRole) throws {
        let outcome = try OpenSSLPeer().handshake(as: role, .init(profiles: "SRTP_AES128_CM_SHA1_80"))
        #expect(outcome.events.first == .failed(.noSRTPProfile), "\(outcome.transcript)")
    }

    @Test("refuses a peer without any SRTP profile", arguments: [DTLSRole.client, .server])
    func noProfile(role: DTLSRole) throws {
        let outcome = try OpenSSLPeer().handshake(as: role, .init(profiles: nil))
        #expect(outcome.events.first == .failed(.noSRTPProfile), "\(outcome.transcript)")
    }

    @Test("refuses a peer without extended master secret", arguments: [DTLSRole.client, .server])
    func noExtendedMasterSecret(role: DTLSRole) throws {
        let outcome = try OpenSSLPeer().handshake(as: role, .init(extendedMasterSecret: false))
        #expect(outcome.events.first == .failed(.noExtendedMasterSecret), "\(outcome.transcript)")
    }

    @Test("refuses a client that shows no certificate")
    func noCertificate() throws {
        let outcome = try OpenSSLPeer().handshake(as: .server, .init(showsCertificate: false))
        #expect(outcome.events.first == .failed(.noPeerCertificate), "\(outcome.transcript)")
    }

    @Test("refuses a client that knows only RSA suites")
    func noCommonCipher() throws {
        let outcome = try OpenSSLPeer().handshake(as: .server, .init(ciphers: "ECDHE-RSA-AES128-GCM-SHA256"))
        guard case .failed(.noCommonParameters) = outcome.events.first else {
            Issue.record("\(outcome.events) \(outcome.transcript)")
            return
        }
    }
}
