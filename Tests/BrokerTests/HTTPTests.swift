import Broker
import CBrotli
import CZlib
import Foundation
import Page
import Testing

@Suite("HTTP")
struct HTTPTests {
    private func get(_ broker: TestBroker, _ request: String) throws -> (status: Int, head: String, body: [UInt8]) {
        let connection = try RawConnection(port: broker.ports.port)
        connection.send(request)
        return try connection.response()
    }

    private func request(_ line: String, _ headers: String = "") -> String {
        "\(line) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
    }

    @Test("the page is served with every header it needs and no other")
    func page() async throws {
        let broker = try await TestBroker()
        let (status, head, body) = try self.get(broker, self.request("GET /"))
        #expect(status == 200)
        #expect(body == Array(Page.html.utf8))
        let names = head.split(separator: "\r\n").dropFirst().map { String($0.prefix { $0 != ":" }) }.sorted()
        #expect(
            names == [
                "cache-control", "connection", "content-length", "content-security-policy", "content-type",
                "cross-origin-embedder-policy", "cross-origin-opener-policy", "cross-origin-resource-policy", "date",
                "integrity-policy", "origin-agent-cluster", "permissions-policy", "referrer-policy",
                "x-content-type-options", "x-dns-prefetch-control", "x-frame-options", "x-robots-tag",
            ])
        let port = broker.ports.port
        #expect(head.contains("connect-src 'self' ws://localhost:\(port) ws://127.0.0.1:\(port); "))
        #expect(head.contains("script-src \(Page.scriptHash.lowercased())"))
        #expect(head.contains("style-src \(Page.styleHash.lowercased())"))
        #expect(head.contains("permissions-policy: microphone=(self), autoplay=(self)"))
        await broker.stop()
    }

    @Test("HEAD has the headers of GET and no body")
    func head() async throws {
        let broker = try await TestBroker()
        let (status, head, body) = try self.get(broker, self.request("HEAD /"))
        #expect(status == 200)
        #expect(head.contains("content-length: \(Page.html.utf8.count)"))
        #expect(body.isEmpty)
        await broker.stop()
    }

    @Test("brotli is used where it is accepted, before gzip")
    func smallest() async throws {
        let broker = try await TestBroker()
        let (_, head, body) = try self.get(
            broker, self.request("GET /", "Accept-Encoding: gzip, deflate, br, zstd\r\n"))
        #expect(head.contains("content-encoding: br"))
        #expect(unbrotlied(body) == Array(Page.html.utf8))
        #expect(body.count < 40_000)
        await broker.stop()
    }

    @Test("gzip is used where it is accepted and only there")
    func compressed() async throws {
        let broker = try await TestBroker()
        let (_, head, body) = try self.get(broker, self.request("GET /", "Accept-Encoding: br;q=0, gzip;q=0.5\r\n"))
        #expect(head.contains("content-encoding: gzip"))
        #expect(inflated(body) == Array(Page.html.utf8))
        #expect(body.count < 40_000)
        let plain = try self.get(broker, self.request("GET /", "Accept-Encoding: br; q=0.0, gzip;q=0\r\n"))
        #expect(!plain.head.contains("content-encoding"))
        await broker.stop()
    }

    @Test("everything else is nothing, and nothing has a body")
    func otherRoutes() async throws {
        let broker = try await TestBroker { $0.securityContact = "mailto:security@broker.example" }
        for path in ["/index.html", "/..", "//", "/favicon.ico", "/healthz/", "/WS"] {
            let (status, head, body) = try self.get(broker, self.request("GET \(path)"))
            #expect(status == 404 && body.isEmpty && head.contains("content-length: 0"), "\(path)")
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let (status, head, body) = try self.get(broker, self.request("\(method) /"))
            #expect(status == 405 && body.isEmpty && head.contains("allow: get, head"), "\(method)")
        }
        #expect(try self.get(broker, self.request("GET /?utm=1")).status == 200)
        #expect(try self.get(broker, self.request("GET /healthz")).body == Array("{\"status\":\"ok\"}\n".utf8))
        let security = try self.get(broker, self.request("GET /.well-known/security.txt"))
        #expect(String(decoding: security.body, as: UTF8.self).hasPrefix("Contact: mailto:security@broker.example\n"))
        await broker.stop()
    }

    @Test("requests that could be read in two ways are refused")
    func malformed() async throws {
        let broker = try await TestBroker()
        let requests = [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\nx",
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n folded\r\n\r\n",
            "\u{16}\u{3}\u{1} not HTTP at all\r\n\r\n",
        ]
        for request in requests {
            #expect(try self.get(broker, request).status == 400, "\(request)")
        }
        let long = self.request("GET /", "X-Long: \(String(repeating: "a", count: 3000))\r\n")
        #expect(try self.get(broker, long).status == 431)
        let many = self.request("GET /", String(repeating: "X-A: b\r\n", count: 70))
        #expect(try self.get(broker, many).status == 431)
        let wide = self.request(
            "GET /", (0..<10).map { "X-\($0): \(String(repeating: "a", count: 1000))\r\n" }.joined())
        #expect(try self.get(broker, wide).status == 431)
        #expect(try self.get(broker, self.request("GET /\(String(repeating: "a", count: 2100))")).status / 100 == 4)
        await broker.stop()
    }

    @Test("one source gets no more connections than its share")
    func connectionsPerSource() async throws {
        let broker = try await TestBroker { $0.connectionsPerIPv4 = 2 }
        let first = try RawConnection(port: broker.ports.port)
        let second = try RawConnection(port: broker.ports.port)
        let third = try RawConnection(port: broker.ports.port)
        #expect(try third.readToEnd().isEmpty, "closed without a word")
        first.send(self.request("GET /"))
        #expect(try first.response().status == 200)
        second.send(self.request("GET /healthz"))
        #expect(try second.response().status == 200)
        #expect(try self.get(broker, self.request("GET /")).status == 200, "the places are free again")
        await broker.stop()
    }
}

private func unbrotlied(_ bytes: [UInt8]) -> [UInt8]? {
    var count = 1 << 20
    var output = [UInt8](repeating: 0, count: count)
    let result = BrotliDecoderDecompress(bytes.count, bytes, &count, &output)
    return result == BROTLI_DECODER_RESULT_SUCCESS ? Array(output.prefix(count)) : nil
}

private func inflated(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: 1 << 20)
    let result = input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            stream.next_out = target.baseAddress
            stream.avail_out = UInt32(target.count)
            return inflate(&stream, Z_FINISH)
        }
    }
    return result == Z_STREAM_END ? Array(output.prefix(Int(stream.total_out))) : nil
}
