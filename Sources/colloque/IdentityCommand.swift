import ArgumentParser
import Foundation
import Keystore
import Wire

/// `colloque identity`: the doctor's long-term key.
struct IdentityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity",
        abstract: "Make the doctor's long-term key, and show its public half.",
        subcommands: [IdentityNew.self, IdentityShow.self])
}

struct IdentityNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make the doctor's key under a passphrase.",
        discussion: """
            Asks for a passphrase of at least 12 octets, twice, or takes it from --passphrase-file. The key is \
            sealed in the home directory; there is no other copy, and without the passphrase nobody opens it. An \
            identity that is there is never overwritten (exit status 73).

            Prints the public key, 43 characters: the one thing the broker's administrator needs.
            """)

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let keystore = try self.options.keystore()
        if (try? keystore.publicKey()) != nil { throw CommandFailure(.identityExists) }
        let identity = try keystore.createIdentity(passphrase: try self.options.newPassphrase())
        let key = IdentityKeyText(identity.publicKey)
        if self.options.json {
            try printJSON(["key": key])
        } else {
            print(key.bytes.base64URL)
            FileHandle.standardError.write(
                Data("Next, where the broker runs: colloque broker enroll \(key.bytes.base64URL)\n".utf8))
        }
    }
}

struct IdentityShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the doctor's public key.",
        discussion: "43 characters, as `colloque broker enroll` takes them. Needs no passphrase.")

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let key = IdentityKeyText(try self.options.keystore().publicKey())
        if self.options.json {
            try printJSON(["key": key])
        } else {
            print(key.bytes.base64URL)
        }
    }
}
