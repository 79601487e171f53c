import ArgumentParser

@main
struct Placeholder: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "colloque", subcommands: [BrokerCommand.self])
}
