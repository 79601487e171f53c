import STUN
import Testing
import Wire

@testable import TURN

@Suite("Closed relay: allocations (RFC 8656 §§5-8)")
struct AllocationTests {
    @Test("challenges, then allocates a virtual address for ten minutes")
    func allocates() throws {
        let rig = RelayRig()
        let client = rig.client(.patient, host: 1)
        let answer = try #require(client.allocate(rig))
        #expect(answer.messageClass == .success)
        #expect(client.relayed.ip == RelayRig.publicAddress)
        #expect(client.relayed.port >= 49_152)
        #expect(answer.xorAddress(.xorMappedAddress) == client.flow.address)
        #expect(answer.uint32(.lifetime) == 600)
        #expect(rig.server.counts.allocations == 1)
    }

    @Test("gives an IPv6 address on request, and says 440 where it has none")
    func families() throws {
        let rig = RelayRig()
        let client = rig.client(.patient, host: 1)
        let answer = client.allocate(rig) { $0.add(.requestedAddressFamily, [2, 0, 0, 0]) }
        #expect(answer?.messageClass == .success)
        #expect(client.relayed.ip == IPAddress("2001:db8::1"))
        let without = RelayRig { $0.publicIPv6 = nil }
        let other = without.client(.patient, host: 1)
        #expect(
            other.allocate(without) { $0.add(.requestedAddressFamily, [2, 0, 0, 0]) }?.errorCode
                == .addressFamilyNotSupported)
    }

    @Test("answers the retransmission of an Allocate alike, another Allocate with 437")
    func retransmission() throws {
        let rig = RelayRig()
        let client = rig.client(.patient, host: 1)
        _ = client.allocate(rig)
        _ = client.refresh(rig, lifetime: 0)
        let transaction = TransactionID(high: 1, low: 2)
        let request = client.request(.allocate, transaction: transaction) {
            $0.add(.requestedTransport, uint32: 17 << 24)
        }
        let first = try #require(rig.deliver(request, from: client.flow))
        let second = try #require(rig.deliver(request, from: client.flow))
        #expect(first.octets == second.octets)
        #expect(try STUNMessage(decoding: first.octets).messageClass == .success)
        #expect(client.allocate(rig)?.errorCode == .allocationMismatch)
    }

    @Test(
        "refuses what it does not do",
        arguments: [
            (STUNAttributeType.requestedTransport, [UInt8]([6, 0, 0, 0]), STUNErrorCode.unsupportedTransport),
            (.reservationToken, [UInt8](repeating: 1, count: 8), .insufficientCapacity),
            (.evenPort, [0x80], .insufficientCapacity),
            (.dontFragment, [], .unknownAttribute),
            (STUNAttributeType(rawValue: 0x7777), [1, 2, 3, 4], .unknownAttribute),
        ])
    func refuses(type: STUNAttributeType, value: [UInt8], code: STUNErrorCode) throws {
        let rig = RelayRig()
        let client = rig.client(.patient, host: 1)
        let answer = client.perform(.allocate, rig) {
            if type != .requestedTransport { $0.add(.requestedTransport, uint32: 17 << 24) }
            $0.add(type, value)
        }
        #expect(answer?.errorCode == code)
        #expect(rig.server.counts.allocations == 0)
    }

    @Test("refuses an expired name, a wrong password, another realm, another client's nonce")
    func refusesStrangers() throws {
        let rig = RelayRig()
        let expired = rig.client(.patient, host: 1, lifetime: 0)
        #expect(expired.allocate(rig)?.errorCode == .unauthenticated)
        let guess = rig.client(.patient, host: 2)
        guess.password = "guess"
        #expect(guess.allocate(rig)?.errorCode == .unauthenticated)
        let renamed = rig.client(.patient, host: 3)
        renamed.username = renamed.username.replacing(":p:", with: ":d:")
        #expect(renamed.allocate(rig)?.errorCode == .unauthenticated)
        let first = rig.client(.patient, host: 4)
        _ = first.allocate(rig)
        let second = rig.client(.doctor, host: 5)
        second.nonce = first.nonce
        let stolen = second.request(.allocate, transaction: TransactionID(high: 1, low: 1)) {
            $0.add(.requestedTransport, uint32: 17 << 24)
        }
        let answer = try STUNMessage(decoding: try #require(rig.deliver(stolen, from: second.flow)).octets)
        #expect(answer.errorCode == .staleNonce)
        #expect(rig.server.counts.allocations == 1)
    }

    @Test("an allocation outlives its credentials and its nonce, up to the longest consultation")
    func outlivesCredentials() throws {
        let rig = RelayRig { $0.maximumLifetime = .seconds(7200) }
        let patient = rig.client(.patient, host: 1, lifetime: 60)
        _ = patient.allocate(rig)
        var elapsed = 0
        while elapsed < 7200 - 300 {
            rig.advance(.seconds(300))
            elapsed += 300
            #expect(patient.refresh(rig)?.messageClass == .success, "after \(elapsed) s")
        }
        rig.advance(.seconds(299))
        #expect(rig.server.counts.allocations == 1)
        let last = patient.refresh(rig)
        #expect(last?.uint32(.lifetime) == 1)
        rig.advance(.seconds(2))
        #expect(rig.server.counts.allocations == 0)
        #expect(patient.refresh(rig)?.errorCode == .unauthenticated, "and cannot be made again with the old name")
    }

    @Test("an allocation that is not refreshed ends after ten minutes, one refreshed to zero at once")
    func ends() throws {
        let rig = RelayRig()
        let (patient, doctor) = rig.pair()
        let patientAgain = patient
        #expect(patientAgain.refresh(rig, lifetime: 0)?.uint32(.lifetime) == 0)
        #expect(rig.server.counts.allocations == 1)
        rig.now += .seconds(600)
        let data = RelayClient.channelData(0x4000, [1])
        #expect(rig.deliver(data, from: doctor.flow) == nil)
        rig.server.handleTimeout(now: rig.now)
        #expect(rig.server.counts.allocations == 0)
    }

    @Test("closing a room ends its allocations and no other's")
    func closesRoom() throws {
        let rig = RelayRig()
        _ = rig.pair(room: 1)
        _ = rig.pair(room: 2)
        rig.server.close(RelayGroup(of: RoomID([UInt8](repeating: 1, count: 16))!, secret: rig.secret), now: rig.now)
        #expect(rig.server.counts.allocations == 2)
        let late = rig.client(.patient, room: 1, host: 7)
        #expect(late.allocate(rig)?.errorCode == .forbidden, "credentials outlive a room that is closed, to no use")
    }

    @Test("keeps to the quotas; a side's own silent allocation makes place")
    func quotas() throws {
        let rig = RelayRig { policy in
            policy.allocationsPerSide = 3
            policy.allocationsPerSource = 100
        }
        let clients = (0..<3).map { rig.client(.patient, host: 1, port: 100 + UInt16($0)) }
        for index in clients.indices { #expect(clients[index].allocate(rig)?.messageClass == .success) }
        let fourth = rig.client(.patient, host: 1, port: 200)
        #expect(fourth.allocate(rig)?.errorCode == .allocationQuotaReached)
        let doctor = rig.client(.doctor, host: 1, port: 201)
        #expect(doctor.allocate(rig)?.messageClass == .success)
        rig.advance(.seconds(11))
        _ = clients[0].refresh(rig)
        #expect(fourth.allocate(rig)?.messageClass == .success)
        #expect(rig.server.isAllocated(clients[0].flow, now: rig.now))
        #expect(rig.server.isAllocated(doctor.flow, now: rig.now))
        #expect(
            !rig.server.isAllocated(clients[1].flow, now: rig.now)
                || !rig.server.isAllocated(clients[2].flow, now: rig.now))
    }

    @Test("counts by source, /64 for IPv6, with a hospital's allowance")
    func sources() throws {
        let rig = RelayRig { policy in
            policy.allocationsPerSource = 2
            policy.replies = 100_000
            policy.allowance = { $0 == IPAddress("192.0.2.7") ? 3 : 1 }
        }
        func count(_ address: String) -> Int {
            (0..<10).count { index in
                let client = rig.client(.patient, room: UInt8(index), host: 1)
                let ip = index % 2 == 0 ? address : address.replacing("::1", with: "::2")
                client.flow = RelayFlow(
                    datagramFrom: TransportAddress(IPAddress(ip)!, port: 1000 + UInt16(index)), listener: 0)
                return client.allocate(rig)?.messageClass == .success
            }
        }
        #expect(count("192.0.2.6") == 2)
        #expect(count("192.0.2.7") == 6)
        #expect(count("2001:db8:1:2::1") == 2)
        rig.advance(.seconds(601))
        #expect(count("192.0.2.6") == 2, "what has ended no longer counts")
    }
}

@Suite("Closed relay: peers and data (RFC 8656 §§9-12)")
struct RelayedDataTests {
    private let voice = [UInt8](0..<172)

    @Test("ChannelData in, ChannelData out, both ways, in place")
    func channels() throws {
        let rig = RelayRig()
        let (patient, doctor) = rig.pair()
        #expect(patient.bind(0x4001, doctor.relayed, rig) == nil)
        #expect(doctor.bind(0x4ABC, patient.relayed, rig) == nil)
        let there = try #require(rig.deliver(RelayClient.channelData(0x4001, self.voice), from: patient.flow))
        #expect(there.to == doctor.flow)
        #expect(there.octets == RelayClient.channelData(0x4ABC, self.voice))
        let back = try #require(rig.deliver(RelayClient.channelData(0x4ABC, self.voice), from: doctor.flow))
        #expect(back.to == patient.flow)
        #expect(back.octets == RelayClient.channelData(0x4001, self.voice))
        #expect(rig.server.counts.packetsRelayed == 2)
    }

    @Test("Send in, Data out, for every length", arguments: [0, 1, 2, 3, 4, 171, 172, 1200])
    func indications(length: Int) throws {
        let rig = RelayRig()
        let (patient, doctor) = rig.pair()
        let data = [UInt8](repeating: 9, count: length)
        let sent = patient.indication(data, to: doctor.relayed, rig)
        let there = try #require(rig.deliver(sent, from: patient.flow))
        #expect(there.to == doctor.flow)
        let message = try STUNMessage(decoding: there.octets)
        #expect(message.method == .data && message.messageClass == .indication)
        #expect(message.xorAddress(.xorPeerAddress) == patient.relayed)
        #expect(message[.data].map(Array.init) == data)
    }

    @Test("Send in, Data out, between IPv6 addresses")
    func indicationsOverIPv6() throws {
        let rig = RelayRig()
        let patient = rig.client(.patient, host: 1)
        let doctor = rig.client(.doctor, host: 2)
        for allocate in [true, false] {
            if allocate {
                _ = patient.allocate(rig) { $0.add(.requestedAddressFamily, [2, 0, 0, 0]) }
            } else {
                _ = doctor.allocate(rig) { $0.add(.requestedAddressFamily, [2, 0, 0, 0]) }
            }
        }
        #expect(patient.permit(doctor.relayed, rig) == nil)
        #expect(doctor.permit(patient.relayed, rig) == nil)
        let there = try #require(
            rig.deliver(patient.indication(self.voice, to: doctor.relayed, rig), from: patient.flow))
        let message = try STUNMessage(decoding: there.octets)
        #expect(message.xorAddress(.xorPeerAddress) == patient.relayed)
        #expect(message[.data].map(Array.init) == self.voice)
        #expect(
            patient.permit(TransportAddress(RelayRig.publicAddress, port: 50_000), rig) == .peerAddressFamilyMismatch)
    }

    @Test("mixed: one side on a channel, the other on indications")
    func mixed() throws {
        let rig = RelayRig()
        let (patient, doctor) = rig.pair()
        #expect(patient.bind(0x4001, doctor.relayed, rig) == nil)
        let there = try #require(rig.deliver(RelayClient.channelData(0x4001, self.voice), from: patient.flow))
        #expect(try STUNMessage(decoding: there.octets)[.data].map(Array.init) == self.voice)
        let back = try #require(
            rig.deliver(doctor.indication(self.voice, to: patient.relayed, rig), from: doctor.flow))
        #expect(back.octets == RelayClient.channelData(0x4001, self.voice))
    }

    @Test("nothing reaches a side that permitted nobody, nor after its permission has run out")
    func permissions() throws {
        let rig = RelayRig()
        let patient = rig.client(.patient, host: 1)
        let doctor = rig.client(.doctor, host: 2)
        _ = patient.allocate(rig)
        _ = doctor.allocate(rig)
        #expect(patient.bind(0x4001, doctor.relayed, rig) == nil)
        let data = RelayClient.channelData(0x4001, self.voice)
        #expect(rig.deliver(data, from: patient.flow) == nil)
        #expect(doctor.permit(patient.relayed, rig) == nil)
        #expect(rig.deliver(data, from: patient.flow) != nil)
        rig.advance(.seconds(299))
        #expect(rig.deliver(data, from: patient.flow) != nil)
        rig.advance(.seconds(1))
        #expect(rig.deliver(data, from: patient.flow) == nil)
    }

    @Test("a permission without a port is for the relay's own address, and each datagram still needs a live port")
    func permissionWithoutPort() throws {
        let rig = RelayRig()
        let patient = rig.client(.patient, host: 1)
        let doctor = rig.client(.doctor, host: 2)
        _ = patient.allocate(rig)
        _ = doctor.allocate(rig)
        #expect(patient.permit(TransportAddress(RelayRig.publicAddress, port: 0), rig) == nil)
        #expect(doctor.permit(TransportAddress(RelayRig.publicAddress, port: 0), rig) == nil)
        #expect(patient.permit(TransportAddress(.v4(0x7F00_0001), port: 0), rig) == .forbidden)
        #expect(rig.deliver(patient.indication(self.voice, to: doctor.relayed, rig), from: patient.flow) != nil)
        for port in [0, 22, 443, 3478, doctor.relayed.port ^ 1] {
            let elsewhere = TransportAddress(RelayRig.publicAddress, port: port)
            #expect(rig.deliver(patient.indication(self.voice, to: elsewhere, rig), from: patient.flow) == nil)
            #expect(patient.bind(0x4001, elsewhere, rig) == .forbidden)
        }
    }

    @Test("a channel keeps its peer, a peer its channel, and both end with the peer's allocation")
    func bindings() throws {
        let rig = RelayRig()
        let (patient, doctor) = rig.pair()
        let second = rig.client(.doctor, host: 9)
        _ = second.allocate(rig)
        #expect(patient.bind(0x4001, doctor.relayed, rig) == nil)
        #expect(patient.bind(0x4001, doctor.relayed, rig) == nil, "a refresh")
        #expect(patient.bind(0x4001, second.relayed, rig) == .badRequest)
        #expect(patient.bind(0x4002, doctor.relayed, rig) == .badRequest)
        #expect(patient.bind(0x3FFF, second.relayed, rig) == .badRequest)
        #expect(patient.bind(0x5000, second.relayed, rig) == .badRequest)
        #expect(doctor.refresh(rig, lifetime: 0) != nil)
        #expect(rig.deliver(RelayClient.channelData(0x4001, self.voice), from: patient.flow) == nil)
        // The slot goes to somebody else, the binding does not.
        let third = rig.client(.doctor, host: 10)
        _ = third.allocate(rig)
        _ = third.permit(patient.relayed, rig)
        #expect(rig.deliver(RelayClient.channelData(0x4001, self.voice), from: patient.flow) == nil)
    }

    @Test("every address that is not a live one of the other side is refused: CreatePermission, ChannelBind, Send")
    func refusedPeers() throws {
        let rig = RelayRig { policy in
            policy.replies = 1_000_000
            policy.repliesPerSource = 100_000
            policy.allocationsPerSource = 1000
        }
        let (patient, doctor) = rig.pair(room: 1)
        let (stranger, strangersDoctor) = rig.pair(room: 2)
        let own = rig.client(.patient, room: 1, host: 40)
        _ = own.allocate(rig)
        let ended = rig.client(.doctor, room: 1, host: 41)
        _ = ended.allocate(rig)
        _ = ended.refresh(rig, lifetime: 0)

        let texts = [
            "0.0.0.0", "127.0.0.1", "127.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "169.254.169.254",
            "172.16.0.1", "172.31.255.254", "192.0.0.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "224.0.0.1",
            "239.255.255.250", "240.0.0.1", "255.255.255.255", "8.8.8.8", "198.51.100.1", "::", "::1", "fe80::1",
            "fc00::1", "fd12::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:203.0.113.1",
            "::127.0.0.1", "2002:7f00:1::", "2002:cb00:7101::", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1",
            "2001:db8::2",
        ]
        var peers = try texts.flatMap { text in
            let ip = try #require(IPAddress(text))
            return [22, 80, 443, 3478, 50_000, doctor.relayed.port].map { TransportAddress(ip, port: $0) }
        }
        peers += [22, 80, 443, 3478, 49_152, 65_535].map { TransportAddress(RelayRig.publicAddress, port: $0) }
        peers.removeAll { $0 == doctor.relayed }
        peers += [stranger.relayed, strangersDoctor.relayed, patient.relayed, own.relayed, ended.relayed]
        peers += [doctor.flow.address, stranger.flow.address, patient.flow.address]
        // Rooms draw ports by themselves: a stranger's may happen to be the doctor's own.
        peers.removeAll { $0 == doctor.relayed }
        for peer in peers {
            let expected: STUNErrorCode = peer.ip.isIPv6 ? .peerAddressFamilyMismatch : .forbidden
            #expect(patient.permit(peer, rig) == expected, "CreatePermission \(peer)")
            #expect(patient.bind(0x4010, peer, rig) == expected, "ChannelBind \(peer)")
            #expect(
                rig.deliver(patient.indication(self.voice, to: peer, rig), from: patient.flow) == nil, "Send \(peer)")
        }
        #expect(rig.server.counts.packetsRelayed == 0)
        // All or none: one bad address spoils a list.
        let answer = doctor.perform(.createPermission, rig) {
            $0.add(.xorPeerAddress, xor: patient.relayed)
            $0.add(.xorPeerAddress, xor: TransportAddress(.v4(0x7F00_0001), port: 1))
        }
        #expect(answer?.errorCode == .forbidden)
    }

    @Test("the same for an allocation with an IPv6 address")
    func refusedPeersOverIPv6() throws {
        let rig = RelayRig { policy in
            policy.replies = 1_000_000
            policy.repliesPerSource = 100_000
        }
        let patient = rig.client(.patient, host: 1)
        _ = patient.allocate(rig) { $0.add(.requestedAddressFamily, [2, 0, 0, 0]) }
        for text in [
            "::", "::1", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
            "::ffff:203.0.113.1", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001::1", "2001:db8::1",
        ] {
            for port in [22, 443, 3478, 50_000] as [UInt16] {
                let peer = TransportAddress(try #require(IPAddress(text)), port: port)
                #expect(patient.permit(peer, rig) == .forbidden, "\(peer)")
                #expect(patient.bind(0x4001, peer, rig) == .forbidden, "\(peer)")
                #expect(rig.deliver(patient.indication(self.voice, to: peer, rig), from: patient.flow) == nil)
            }
        }
    }

    @Test("two patients of one room, and a probe and a patient, are no peers; two probes are")
    func sides() throws {
        let rig = RelayRig()
        let patient = rig.client(.patient, host: 1)
        let other = rig.client(.patient, host: 2)
        let probe = rig.client(.probe, host: 3)
        let secondProbe = rig.client(.probe, host: 4)
        _ = patient.allocate(rig)
        _ = other.allocate(rig)
        _ = probe.allocate(rig)
        _ = secondProbe.allocate(rig)
        #expect(patient.permit(other.relayed, rig) == .forbidden)
        #expect(patient.permit(probe.relayed, rig) == .forbidden)
        #expect(probe.permit(patient.relayed, rig) == .forbidden)
        #expect(probe.permit(secondProbe.relayed, rig) == nil)
    }

    @Test("a stranger on somebody's allocation gets 441, and changes nothing")
    func otherUser() throws {
        let rig = RelayRig()
        let (patient, doctor) = rig.pair()
        let intruder = rig.client(.doctor, room: 2, host: 9)
        intruder.flow = patient.flow
        #expect(intruder.permit(doctor.relayed, rig) == .wrongCredentials)
        #expect(intruder.refresh(rig, lifetime: 0)?.errorCode == .wrongCredentials)
        #expect(intruder.allocate(rig)?.errorCode == .allocationMismatch)
        #expect(rig.server.isAllocated(patient.flow, now: rig.now))
    }

    @Test("empty packets are no way around the rate")
    func throttlesEmptyPackets() throws {
        let rig = RelayRig()
        let (patient, doctor) = rig.pair()
        _ = patient.bind(0x4001, doctor.relayed, rig)
        let passed = (0..<5000).count { _ in
            rig.deliver(RelayClient.channelData(0x4001, []), from: patient.flow) != nil
        }
        #expect(passed == 64 * 1024 / 40)
    }

    @Test("an allocation passes 256 kbit/s and a burst of 64 KiB, not more")
    func throttles() throws {
        let rig = RelayRig()
        let (patient, doctor) = rig.pair()
        _ = patient.bind(0x4001, doctor.relayed, rig)
        let packet = RelayClient.channelData(0x4001, [UInt8](repeating: 0, count: 1024))
        let burst = (0..<200).count { _ in rig.deliver(packet, from: patient.flow) != nil }
        #expect(burst == 64 * 1024 / (1024 + 40), "each packet costs its headers too")
        rig.advance(.seconds(1))
        let second = (0..<200).count { _ in rig.deliver(packet, from: patient.flow) != nil }
        #expect((30...31).contains(second), "\(second) packets in one second")
        #expect(rig.server.counts.throttled > 300)
    }
}
